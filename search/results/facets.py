"""Counting the relevant set by metadata."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from binocle.collection.snapshot import Snapshot
from binocle.metadata.columns import Column, distinct_numbers
from binocle.metadata.filters import And, Filter, fields_in
from binocle.types import BoolArray, Int64Array
from search.query.query import Facet, FacetKind
from search.results.answer import Bucket, FacetCounts
from search.results.histograms import count_dates, count_numbers
from search.results.sorting import group_keys, sort_order

__all__ = ["count_facets", "group_keys", "sort_order"]


def count_facets(
    snapshot: Snapshot,
    facets: Sequence[Facet],
    relevant: Int64Array | BoolArray,
    where: Filter | None,
) -> tuple[FacetCounts, ...]:
    """Count the relevant set by each facet.

    A facet's own filter does not shrink its counts: of ``where``, those top-level clauses that
    speak of the facet's field alone are left out for it.

    Args:
        snapshot: What is searched.
        facets: What to count.
        relevant: The records above the relevance cut, *before* the filter: their internal ids,
            or a mask.
        where: The query's whole filter.
    """
    ids = np.flatnonzero(relevant) if relevant.dtype == np.bool_ else relevant
    ids = np.asarray(ids, np.int64)
    highest = int(ids.max()) if len(ids) else -1
    clauses = tuple(_conjuncts(where))
    snapshot.load([*fields_in(where), *(facet.field for facet in facets)])
    counted = []
    for facet in facets:
        others = tuple(clause for clause in clauses if fields_in(clause) != (facet.field,))
        mask = snapshot.mask(And(others) if others else None)
        reachable = ids if highest < len(mask) else ids[ids < len(mask)]
        counted.append(_count(snapshot.column(facet.field), facet, reachable[mask[reachable]]))
    return tuple(counted)


def _conjuncts(where: Filter | None) -> Iterator[Filter]:
    if isinstance(where, And):
        for clause in where.clauses:
            yield from _conjuncts(clause)
    elif where is not None:
        yield where


def _count(column: Column, facet: Facet, ids: Int64Array) -> FacetCounts:
    kind = facet.kind or _kind_for(column)
    if kind == "numbers":
        return count_numbers(column, facet, ids)
    if kind == "dates":
        return count_dates(column, facet, ids)
    return _count_values(column, facet, ids)


def _kind_for(column: Column) -> FacetKind:
    if column.kind == "number":
        return "numbers"
    return "dates" if column.kind == "date" else "values"


def _count_values(column: Column, facet: Facet, ids: Int64Array) -> FacetCounts:
    places, codes = column.codes(ids)
    number_places, numbers, residues = column.numbers(ids)
    values, extra, which = distinct_numbers(numbers, residues)
    first_code = len(values)
    # Numbers first, then strings: the order of values whose counts are equal.
    counts = np.concatenate([np.bincount(which, minlength=first_code), np.bincount(codes)])
    ranks = column.dictionary.ranks()[: len(counts) - first_code] + first_code
    ranks = np.concatenate([np.arange(first_code), ranks])
    top = _most(counts, ranks, facet.limit)
    shown = np.zeros(len(counts), np.bool_)
    shown[top] = True
    pairs = ((number_places, which), (places, codes + first_code if first_code else codes))
    has_any, covered = _holders(pairs, shown, counts, len(ids))
    buckets = tuple(
        Bucket(
            column.dictionary.text(int(place) - first_code)
            if place >= first_code
            else _number(column, float(values[place]), int(extra[place])),
            int(counts[place]),
        )
        for place in top
    )
    return FacetCounts(facet.field, "values", buckets, has_any - covered, len(ids) - has_any)


def _holders(
    pairs: Sequence[tuple[Int64Array, npt.NDArray[np.integer]]],
    shown: BoolArray,
    counts: Int64Array,
    count: int,
) -> tuple[int, int]:
    """Return how many records have any value, and how many have one that is shown.

    Args:
        pairs: Places of records and what they have, of numbers and of strings.
        shown: By value.
        counts: By value.
        count: How many records there are.
    """
    both = all(len(one) for one, _ in pairs)
    if not both and all(bool((one[1:] > one[:-1]).all()) for one, _ in pairs):
        return int(counts.sum()), int(counts[shown].sum())  # each record has one value at most
    present, covered = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for where, value in pairs:
        present[where] = True
        covered[where[shown[value]]] = True
    return int(np.count_nonzero(present)), int(np.count_nonzero(covered))


def _most(counts: Int64Array, ranks: Int64Array, limit: int) -> Int64Array:
    """Return where the largest counts are, equal ones in the order of their ranks."""
    found = np.flatnonzero(counts)
    if len(found) > limit:
        least = np.partition(counts[found], len(found) - limit)[len(found) - limit]
        found = found[counts[found] >= least]
    return found[np.lexsort((ranks[found], -counts[found]))][:limit]


def _number(column: Column, number: float, residue: int) -> float | bool:
    if column.kind == "boolean" and number in (0, 1):
        return bool(number)
    is_whole = number == int(number) and abs(number) < 2.0**63 + 1
    return int(number) + residue if is_whole else number
