"""Histograms of numbers and of dates, with edges a person would choose."""

import math
from calendar import monthrange
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from binocle.metadata.columns import Column
from binocle.types import Int64Array
from search.query.query import Facet, Interval
from search.results.answer import Bucket, FacetCounts

_STEPS = ("1", "2", "2.5", "5", "10")
_DAYS_SHOWN, _MONTHS_SHOWN = 62, 60
_MAX_EMPTY = 1000
_TOO_FULL = 0.75  # of the values in one bar: the others tell nothing
_FAR_OFF = (0.01, 0.05, 0.1)  # of the values, at most, that share a bar at an end
_FEWEST_BARS, _FEWEST_VALUES, _SAMPLED = 4, 10, 10_000
_DIVISORS: dict[Interval, int] = {"year": 10_000, "month": 100, "day": 1}


def count_numbers(column: Column, facet: Facet, ids: Int64Array) -> FacetCounts:
    """Count records by number, in at most ``facet.bins`` bars of equal, round width.

    Where few values lie far from all others, the bars at the ends reach as far as these do.
    A record with several numbers counts once in each bar it is in; ``missing`` are those
    without a number.
    """
    places, values, _ = column.numbers(ids)
    if not len(values):
        return FacetCounts(facet.field, "numbers", (), 0, len(ids))
    edges = round_edges(values, facet.bins)
    if not facet.is_open:
        edges = _readable(edges, values, facet.bins)
    elif edges[-1] > edges[0]:
        last, before = (Decimal(repr(float(one))) for one in (edges[-1], edges[-2]))
        edges = np.append(edges, _finite(last + last - before))
    bars = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    places, bars = _once(places, bars, len(edges))
    counts = np.bincount(bars, minlength=len(edges) - 1)
    buckets = tuple(
        Bucket(_plain(start), int(count), _plain(end))
        for (start, end), count in zip(pairwise(edges), counts, strict=True)
    )
    missing = len(ids) - _distinct(places)
    return FacetCounts(facet.field, "numbers", buckets, 0, missing)


def round_edges(values: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.float64]:
    """Return the edges of at most so many bars that hold all values.

    Bars are 1, 2, 2.5 or 5 times a power of ten wide and begin at multiples of their width;
    bars of whole numbers are a whole number wide.

    Args:
        values: ``(n,)`` finite, at least one.
        bins: How many bars at most.

    Returns:
        Ascending, two at least; equal ones where there is but a single value.
    """
    least, most = float(values.min()), float(values.max())
    width = most / bins - least / bins
    if least == most or width < 1e-300:
        return np.array([least, most])
    is_whole = bool((values == np.floor(values)).all())
    power = math.floor(math.log10(width))
    power = max(power, 0) if is_whole else power
    for step in (Decimal(one).scaleb(power + more) for more in range(3) for one in _STEPS):
        if is_whole and step != step.to_integral_value():
            continue
        first = math.floor(Decimal(least) / step)
        last = max(first + 1, math.ceil(Decimal(most) / step))
        if last - first <= bins:
            edges = [_finite(place * step) for place in range(first, last + 1)]
            edges[0], edges[-1] = min(edges[0], least), max(edges[-1], most)
            return np.unique(np.array(edges))
    return np.array([least, most])  # a single bar cannot begin at a multiple on both sides of 0


def _readable(
    edges: npt.NDArray[np.float64], values: npt.NDArray[np.float64], bins: int
) -> npt.NDArray[np.float64]:
    """Return other edges where one bar has nearly all: one price of a hundred times the others.

    Fewer of the values than ``_FAR_OFF`` have a bar at an end of their own, of whatever width.
    """
    sample = np.sort(values[:: max(1, len(values) // _SAMPLED)])
    if bins < _FEWEST_BARS or len(values) < _FEWEST_VALUES or _fullest(sample, edges) <= _TOO_FULL:
        return edges
    for share in _FAR_OFF:
        cut = math.ceil(share * len(sample))
        for low, high in ((0, cut), (cut, 0), (cut, cut)):
            inner = round_edges(sample[low : len(sample) - high], bins - bool(low) - bool(high))
            kept = inner[(inner > edges[0]) & (inner < edges[-1])]
            first = inner[:1] if inner[0] <= values.min() else edges[:1]
            last = inner[-1:] if inner[-1] >= values.max() else edges[-1:]
            found = np.unique(np.concatenate((first, kept, last)))
            if 2 < len(found) <= bins + 1 and _fullest(sample, found) <= _TOO_FULL:
                return found
    return edges


def _fullest(values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> float:
    """Return the share of values that the fullest bar has."""
    bars = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    return float(np.bincount(bars).max() / len(values))


def count_dates(column: Column, facet: Facet, ids: Int64Array) -> FacetCounts:
    """Count records by year, month or day.

    A record with several dates counts once in each bar. ``others`` are records whose dates are
    all coarser than the bars, ``missing`` those without a date.
    """
    places, codes = column.codes(ids)
    numbers = column.dictionary.date_numbers(codes).astype(np.int64)
    places, numbers = places[numbers >= 0], numbers[numbers >= 0]
    dated = _distinct(places)
    if not dated:
        return FacetCounts(facet.field, "dates", (), 0, len(ids))
    interval = facet.interval or _interval_for(numbers)
    bars = numbers // _DIVISORS[interval]
    fine = np.ones(len(bars), np.bool_) if interval == "year" else bars % 100 > 0
    places, bars = _once(places[fine], bars[fine], 10**8)
    found, counts = np.unique(bars, return_counts=True)
    by_bar = dict(zip(found.tolist(), counts.tolist(), strict=True))
    others = dated - _distinct(places)
    buckets = date_bars(by_bar, interval)
    return FacetCounts(facet.field, "dates", buckets, others, len(ids) - dated)


def date_bars(counts: Mapping[int, int], interval: Interval) -> tuple[Bucket, ...]:
    """Return bars in their order, with empty ones between them where these are not too many.

    Args:
        counts: By the digits of their begin: 2024, 202401 or 20240131.
        interval: Which of these.
    """
    return tuple(
        Bucket(
            _written(bar, interval), counts.get(bar, 0), _written(_next(bar, interval), interval)
        )
        for bar in _with_empty(sorted(counts), interval)
    )


def _interval_for(numbers: Int64Array) -> Interval:
    """Return the finest interval that the dates have and that makes few enough bars."""
    months = numbers[numbers // 100 % 100 > 0] // 100
    if not len(months):
        return "year"
    days = numbers[numbers % 100 > 0]
    spanned = _months_between(int(months.min()), int(months.max()))
    if len(days) and spanned <= 2:
        first, last = int(days.min()), int(days.max())
        if _months_between(first // 100, last // 100) * 30 + last % 100 - first % 100 < _DAYS_SHOWN:
            return "day" if spanned == _months_between(first // 100, last // 100) else "month"
    return "month" if spanned < _MONTHS_SHOWN else "year"


def _months_between(first: int, last: int) -> int:
    return (last // 100 - first // 100) * 12 + last % 100 - first % 100


def _with_empty(found: list[int], interval: Interval) -> list[int]:
    """Return the bars with those between them, unless these are too many."""
    bars: list[int] = []
    for bar in found:
        while bars and (following := _next(bars[-1], interval)) != bar:
            bars.append(following)
            if len(bars) > _MAX_EMPTY:
                return found
        bars.append(bar)
    return bars


def _next(bar: int, interval: Interval) -> int:
    if interval == "year":
        return bar + 1
    if interval == "month":
        return bar + 1 if bar % 100 < 12 else bar + 89
    year, month, day = bar // 10_000, bar // 100 % 100, bar % 100
    if day < monthrange(year, month)[1]:
        return bar + 1
    return _next(bar // 100, "month") * 100 + 1


def _written(bar: int, interval: Interval) -> str:
    if interval == "year":
        return f"{bar:04}"
    if interval == "month":
        return f"{bar // 100:04}-{bar % 100:02}"
    return f"{bar // 10_000:04}-{bar // 100 % 100:02}-{bar % 100:02}"


def _once(places: Int64Array, bars: Int64Array, limit: int) -> tuple[Int64Array, Int64Array]:
    """Return each pair of place and bar once."""
    if _is_ascending(places):
        return places, bars
    pairs = np.unique(places * limit + bars)
    return pairs // limit, pairs % limit


def _distinct(places: Int64Array) -> int:
    return len(places) if _is_ascending(places) else len(np.unique(places))


def _is_ascending(places: Int64Array) -> bool:
    """Tell whether each place comes once: only lists have further values, behind the others."""
    return bool((places[1:] > places[:-1]).all())


def _finite(edge: Decimal) -> float:
    limit = Decimal(np.finfo(np.float64).max.item())
    return float(min(max(edge, -limit), limit))


def _plain(number: float) -> float:
    return int(number) if number == int(number) and abs(number) < 2**53 else float(number)
