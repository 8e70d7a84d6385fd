"""Facets of several collections, added up."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from search.query.query import Facet, FacetKind, Interval
from search.results.answer import Bucket, FacetCounts
from search.results.histograms import date_bars

_MOST = 1000  # buckets of one facet
_VERY_MANY = 10**12  # narrow bars in one; a remainder of more than 10^28 cannot be told
_GREATEST = Decimal(sys.float_info.max)
_STEPS = tuple(map(Decimal, ("1", "2", "2.5", "5", "10")))
_INTERVALS: dict[int, Interval] = {4: "year", 7: "month", 10: "day"}
_LENGTHS: dict[Interval, int] = {interval: length for length, interval in _INTERVALS.items()}


def widened(facet: Facet) -> Facet:
    """Return what each collection is asked: so finely that the sums are of the asked buckets."""
    return replace(facet, limit=_MOST, bins=_MOST, is_open=True)


def merged_facet(facet: Facet, counts: Mapping[str, FacetCounts]) -> tuple[FacetCounts, str | None]:
    """Add the counts of collections up.

    Args:
        facet: What was asked of all of them together.
        counts: Theirs, of what ``widened`` returns, by their names.

    Returns:
        The sums, and what is not in them, for a person. ``others`` are those of the collections
        and all that have a value beyond the limit: records with several may be in it twice.
    """
    having = {name: one for name, one in counts.items() if one.buckets}
    kind: FacetKind = next((one.kind for one in (having or counts).values()), "values")
    same = [one for one in counts.values() if one.kind == kind]
    apart = [name for name, one in having.items() if one.kind != kind]
    if kind == "numbers":
        buckets, cut = _numbers(same, facet.bins), 0
    elif kind == "dates":
        buckets, cut = _dates(same, facet.interval), 0
    else:
        buckets, cut = _values(same, facet.limit)
    others = cut + sum(one.others for one in counts.values())
    others += sum(bucket.count for name in apart for bucket in having[name].buckets)
    missing = sum(one.missing for one in counts.values())
    doubt = None
    if apart:
        doubt = (
            f"the field {facet.field!r} is of another kind in {', '.join(apart)}; its values there "
            "are counted as others"
        )
    return FacetCounts(facet.field, kind, buckets, others, missing), doubt


def _values(counts: Sequence[FacetCounts], limit: int) -> tuple[tuple[Bucket, ...], int]:
    """Return the commonest values, and how often there are others."""
    added: Counter[tuple[bool, str | float | bool]] = Counter()
    for one in counts:
        for bucket in one.buckets:
            added[isinstance(bucket.value, bool), bucket.value] += bucket.count

    def place(item: tuple[tuple[bool, str | float | bool], int]) -> tuple[int, bool, float, str]:
        (_, value), count = item
        is_text = isinstance(value, str)
        return -count, is_text, 0.0 if is_text else float(value), str(value)

    ordered = sorted(added.items(), key=place)
    shown = tuple(Bucket(value, count) for (_, value), count in ordered[:limit])
    return shown, sum(count for _, count in ordered[limit:])


def _numbers(counts: Sequence[FacetCounts], bins: int) -> tuple[Bucket, ...]:
    """Return bars of equal, round width that are put together of the collections' narrow ones."""
    bars = [
        (Decimal(repr(one.value)), Decimal(repr(one.end)), one.count)
        for facet in counts
        for one in facet.buckets
        if one.count
    ]
    if not bars:
        return ()
    least, most = min(start for start, _, _ in bars), max(end for _, end, _ in bars)
    if least == most:
        return (Bucket(_plain(least), sum(count for _, _, count in bars), _plain(most)),)
    width = _width(bars, least, most, bins)
    first = int((least / width).to_integral_value("ROUND_FLOOR"))
    last = int((most / width).to_integral_value("ROUND_CEILING"))
    sums = Counter[int]()
    for start, end, count in bars:
        middle = int(((start + end) / 2 / width).to_integral_value("ROUND_FLOOR"))
        sums[min(middle, last - 1)] += count
    edges = [_plain(place * width) for place in range(first, last + 1)]
    return tuple(
        Bucket(start, sums[first + number], end)
        for number, (start, end) in enumerate(pairwise(edges))
    )


def _width(
    bars: Sequence[tuple[Decimal, Decimal, int]], least: Decimal, most: Decimal, bins: int
) -> Decimal:
    """Return the least round width, so many of which hold all bars, and each some of them whole."""
    narrow = {(end - start).normalize() for start, end, _ in bars if end > start}
    if all(one == one.to_integral_value() for bar in bars for one in bar[:2]):
        narrow.add(Decimal(1))
    power = ((most - least) / bins).adjusted()
    while True:
        for step in _STEPS:
            width = step.scaleb(power)
            count = (most / width).to_integral_value("ROUND_CEILING")
            count -= (least / width).to_integral_value("ROUND_FLOOR")
            if count <= max(bins, 2) and all(_holds_whole(width, one) for one in narrow):
                return width
        power += 1


def _holds_whole(width: Decimal, narrow: Decimal) -> bool:
    """Tell whether a bar is of whole narrow ones; of very many, half of one is not to be seen."""
    return width > narrow * _VERY_MANY or width % narrow == 0


def _dates(counts: Sequence[FacetCounts], asked: Interval | None) -> tuple[Bucket, ...]:
    """Return bars as wide as the widest of the collections."""
    lengths = [len(str(one.value)) for facet in counts for one in facet.buckets]
    length = _LENGTHS[asked] if asked else min(lengths, default=4)
    sums = Counter[int]()
    for facet in counts:
        for one in facet.buckets:
            sums[int(str(one.value)[:length].replace("-", ""))] += one.count
    return date_bars({bar: count for bar, count in sums.items() if count}, _INTERVALS[length])


def _plain(number: Decimal) -> float:
    """Return an edge as a float that is finite."""
    edge = float(min(max(number, -_GREATEST), _GREATEST))
    return int(edge) if edge.is_integer() and abs(edge) < 2**53 else edge
