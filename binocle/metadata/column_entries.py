"""From single values to what columns are filled with, the same for every catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.metadata.column_blocks import BLOCK, EXACT, Entries, split
from binocle.metadata.string_dictionary import NONE, Dictionary
from binocle.types import BoolArray, Int64Array


def entries_of_rows(
    dictionary: Dictionary, rows: Sequence[tuple[int, Any, str | None, int]]
) -> Entries:
    """Return entries of values: record's id, number or None, text or None, whether listed.

    Strings that the dictionary lacks are added to it.
    """
    texts = [
        (number, dictionary.code(text), bool(flag))
        for number, _, text, flag in rows
        if text is not None
    ]
    values = [(number, value) for number, value, text, _ in rows if text is None]
    ids, codes, listed = _columns_of(texts, 3)
    number_ids, numbers = _columns_of(values, 2)
    own = np.array(ids, np.int64), np.array(codes, np.int32), np.array(listed, np.bool_)
    return entries_of_arrays(own, np.array(number_ids, np.int64), numbers)


def entries_of_arrays(
    texts: tuple[Int64Array, Any, BoolArray],
    number_ids: Int64Array,
    values: Sequence[Any] | npt.NDArray[np.float64],
) -> Entries:
    """Return entries of texts (records' ids, codes, whether of a list) and of numbers."""
    ids, codes, listed = texts
    numbers = np.array(values, np.float64)
    residues = np.zeros(len(numbers), np.int16)
    for place in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
        residues[place] = split(values[place])[1]
    return Entries(
        np.concatenate([ids, number_ids]),
        np.concatenate([codes, np.full(len(numbers), NONE, np.int32)]),
        np.concatenate([np.full(len(ids), np.nan), numbers]),
        np.concatenate([np.zeros(len(ids), np.int16), residues]),
        np.concatenate([listed, np.zeros(len(numbers), np.bool_)]),
    )


def with_places(entries: Entries, ids: npt.ArrayLike, degrees: Sequence[npt.ArrayLike]) -> Entries:
    """Return entries with points: latitudes and longitudes."""
    places = np.stack([np.asarray(one, np.float64) for one in degrees], axis=1)
    return replace(entries, place_ids=np.array(ids, np.int64), places=places)


def _columns_of(rows: Sequence[Sequence[Any]], count: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def alive_mask(ids: Int64Array, highest: int) -> BoolArray:
    """Return which records there are, by internal id, in whole blocks."""
    alive = np.zeros((highest // BLOCK + 1) * BLOCK, np.bool_)
    alive[ids] = True
    return alive
