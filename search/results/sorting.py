"""Ordering and grouping the relevant set by metadata."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.collection.snapshot import Snapshot
from binocle.metadata.columns import Column, distinct_numbers
from binocle.types import Int64Array
from search.query.query import RELEVANCE, Sort

_Keys = list[npt.NDArray[Any]]
_Valued = tuple[Int64Array, npt.NDArray[Any], npt.NDArray[Any]]
_MOST = 2**62  # what packed keys stay below


def sort_order(
    snapshot: Snapshot,
    ids: Int64Array,
    sorts: Sequence[Sort],
    relevance: npt.NDArray[np.floating] | None = None,
) -> Int64Array:
    """Return the places of ``ids`` in sorted order, so that ``ids[places]`` is sorted.

    Numbers come before strings, strings sort by code point; a list sorts by its least value,
    by its greatest where descending. Records without the field come last either way, and ties
    stay in order of internal id.

    Args:
        snapshot: What is searched.
        ids: ``(n,)`` internal record ids.
        sorts: The first decides, the next among its ties. ``relevance``, ``id`` and ``uri`` are
            no metadata fields.
        relevance: ``(n,)`` for the field ``relevance``, higher is better. That field always
            sorts best first, whatever its sort's ``descending`` says.

    Returns:
        ``(n,)`` int64.
    """
    keys: _Keys = []
    for sort in sorts:
        if sort.field != RELEVANCE:
            keys.extend(_keys(snapshot.column(sort.field), ids, descending=sort.descending))
        elif relevance is not None:
            keys.append(-relevance)
    if bool((ids[1:] > ids[:-1]).all()):
        return stable_order(keys, len(ids))
    by_id = np.argsort(ids)
    return np.asarray(by_id[stable_order([key[by_id] for key in keys], len(ids))], np.int64)


def stable_order(keys: Sequence[npt.NDArray[Any]], count: int) -> Int64Array:
    """Return the places of rows in ascending order; ties stay as they are.

    The keys and the place are packed into one integer, because integers are sorted several times
    faster than places are.

    Args:
        keys: Each ``(count,)``; the first decides, the next among its ties.
        count: How many rows there are.
    """
    packed = np.zeros(count, np.int64)
    size = 1
    for key in keys:
        ranks, distinct = _ranks(key)
        if size * distinct > _MOST // max(count, 1):
            packed, size = _ranks_by_sorting(packed)
        packed = packed * distinct + ranks
        size *= distinct
    if size > _MOST // max(count, 1):
        packed, _ = _ranks_by_sorting(packed)
    packed = packed * count + np.arange(count)
    packed.sort()
    return np.asarray(packed % max(count, 1), np.int64)


def _ranks(key: npt.NDArray[Any]) -> tuple[Int64Array, int]:
    """Return numbers from 0 in the order of a key's values, and one more than the largest."""
    if len(key) and np.issubdtype(key.dtype, np.integer):
        least, most = int(key.min()), int(key.max())
        if most - least < 2**32:
            return key.astype(np.int64) - least, most - least + 1
    return _ranks_by_sorting(key)


def _ranks_by_sorting(key: npt.NDArray[Any]) -> tuple[Int64Array, int]:
    order = np.argsort(key)
    ordered = key[order]
    runs = np.zeros(len(key), np.int64)
    np.cumsum(ordered[1:] != ordered[:-1], out=runs[1:])
    ranks = np.empty(len(key), np.int64)
    ranks[order] = runs
    return ranks, int(runs[-1]) + 1 if len(runs) else 1


def group_keys(snapshot: Snapshot, ids: Int64Array, field: str) -> Int64Array:
    """Return a number for each record, equal where the field's value is.

    A record without the field, or with a list of several values, is a group of its own.

    Args:
        snapshot: What is searched.
        ids: ``(n,)`` internal record ids, each once.
        field: A metadata field, or ``uri``.

    Returns:
        ``(n,)`` int64; negative for a group of its own.
    """
    column = snapshot.column(field)
    keys = -1 - np.arange(len(ids))
    places, codes = column.codes(ids)
    number_places, numbers, residues = column.numbers(ids)
    if not len(numbers) and _is_ascending(places):  # each has one string at most
        keys[places] = codes
        return keys
    values = np.bincount(np.concatenate([places, number_places]), minlength=len(ids))
    alone = values == 1
    keys[places[alone[places]]] = codes[alone[places]]
    single = alone[number_places]
    if single.any():
        _, _, group = distinct_numbers(numbers[single], residues[single])
        keys[number_places[single]] = len(column.dictionary) + group
    return keys


def _keys(column: Column, ids: Int64Array, *, descending: bool) -> _Keys:
    """Return what to sort by ascending, the most important first."""
    sign = -1 if descending else 1
    places, codes = column.codes(ids)
    number_places, values, residues = column.numbers(ids)
    if not len(values):
        ranks = np.full(len(ids), len(column.dictionary))  # behind all others
        _put(ranks, places, column.dictionary.ranks()[codes] * sign)
        return [ranks]
    if not len(codes) and not residues.any():
        numbers = np.full(len(ids), np.inf)
        _put(numbers, number_places, values * sign)
        return [numbers]
    strings = (places, column.dictionary.ranks()[codes] * float(sign), np.zeros(len(codes)))
    numbered = (number_places, values * sign, residues * float(sign))
    if descending:
        return _mixed_keys(strings, numbered, len(ids))
    return _mixed_keys(numbered, strings, len(ids))


def _put(keys: npt.NDArray[Any], places: Int64Array, values: npt.NDArray[Any]) -> None:
    """Write values to their places, of several the least."""
    if _is_ascending(places):
        keys[places] = values
    else:
        np.minimum.at(keys, places, values)


def _mixed_keys(first: _Valued, second: _Valued, count: int) -> _Keys:
    """Return the keys of a field with both strings and numbers, or with very large numbers.

    Args:
        first: Places, values and residues of what comes first: of a record with both it counts.
        second: The same of what comes behind.
        count: How many records there are.
    """
    rank = np.full(count, np.inf)  # within its sort: number or string
    residue = np.zeros(count)
    sort = np.full(count, 2)
    for kind, (where, value, extra) in ((1, second), (0, first)):
        order: Any = slice(None)
        if not _is_ascending(where):  # lists: the least is written last
            order = np.lexsort((-extra, -value))
        rank[where[order]], residue[where[order]] = value[order], extra[order]
        sort[where] = kind
    return [sort, rank, residue]


def _is_ascending(places: Int64Array) -> bool:
    return bool((places[1:] > places[:-1]).all())
