"""What boosts make of the metadata of records: values from 0 to 1."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import numpy as np
import numpy.typing as npt

from binocle.collection.snapshot import Snapshot
from binocle.types import Int64Array
from search.rules.formula import FieldValues, freshness, saturation
from search.rules.ranking_rules import Boost

Float64Array = npt.NDArray[np.float64]


def boost_values(
    snapshot: Snapshot, boosts: Sequence[Boost], ids: Int64Array, today: date
) -> Float64Array:
    """Return the value of each boost for each record, ``(n, b)`` float64 from 0 to 1.

    Of a list the largest number counts, and the latest date; what a record has not is worth 0.

    Args:
        snapshot: What is searched.
        boosts: What to compute.
        ids: ``(n,)`` internal record ids.
        today: In UTC, for freshness.
    """
    known = FieldValues(partial(_numbers, snapshot, ids), partial(_ages, snapshot, ids, today))
    values = np.zeros((len(ids), len(boosts)))
    for number, boost in enumerate(boosts):
        values[:, number] = _values(snapshot, boost, ids, known)
    return values


def _values(snapshot: Snapshot, boost: Boost, ids: Int64Array, known: FieldValues) -> Float64Array:
    if boost.where is not None:
        mask = snapshot.mask(boost.where)
        there = ids < len(mask)
        return np.asarray(there & mask[np.where(there, ids, 0)], np.float64)
    if boost.formula is not None:
        return boost.formula.values(known, len(ids))
    if boost.half_life_days is not None:
        return freshness(known.ages(boost.field), boost.half_life_days)
    assert boost.pivot is not None
    numbers = known.numbers(boost.field)
    high = saturation(numbers, boost.pivot)
    if boost.prefer == "high":
        return high
    return np.where(np.isnan(numbers), 0.0, 1.0 - high)


def _numbers(snapshot: Snapshot, ids: Int64Array, field: str) -> Float64Array:
    """Return the numbers of records, the largest of several; NaN where there is none."""
    places, values, _ = snapshot.column(field).numbers(ids)
    found = np.full(len(ids), -np.inf)
    np.maximum.at(found, places, values)
    return np.where(np.isneginf(found), np.nan, found)


def _ages(snapshot: Snapshot, ids: Int64Array, today: date, field: str) -> Float64Array:
    """Return how many days ago the latest dates of records are; NaN where there is none."""
    column = snapshot.column(field)
    places, codes = column.codes(ids)
    numbers = column.dictionary.date_numbers(codes).astype(np.int64)
    places, numbers = places[numbers >= 0], numbers[numbers >= 0]
    years = (numbers // 10_000 - 1970).astype("datetime64[Y]")
    months = years.astype("datetime64[M]") + np.maximum(numbers // 100 % 100 - 1, 0)
    days = months.astype("datetime64[D]") + np.maximum(numbers % 100 - 1, 0)
    ages = (np.datetime64(today) - days).astype(np.float64)
    found = np.full(len(ids), np.inf)
    np.minimum.at(found, places, ages)
    return np.where(np.isposinf(found), np.nan, found)
