"""Ordering and grouping the relevant set by metadata."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.catalog.columns import Column, distinct_numbers
from binocle.moment import Moment
from binocle.types import Int64Array
from search.query import RELEVANCE, Sort

_Keys = list[npt.NDArray[np.floating]]


def sort_order(
    moment: Moment,
    ids: Int64Array,
    sorts: Sequence[Sort],
    relevance: npt.NDArray[np.floating] | None = None,
) -> Int64Array:
    """Return the places of ``ids`` in sorted order, so that ``ids[places]`` is sorted.

    Numbers come before strings, strings sort by code point; a list sorts by its least value,
    by its greatest where descending. Records without the field come last either way, and ties
    stay in order of internal id.

    Args:
        moment: What is searched.
        ids: ``(n,)`` internal record ids.
        sorts: The first decides, the next among its ties. ``relevance``, ``id`` and ``uri`` are
            no metadata fields.
        relevance: ``(n,)`` for the field ``relevance``, higher is better. That field always
            sorts best first, whatever its sort's ``descending`` says.

    Returns:
        ``(n,)`` int64.
    """
    keys: _Keys = []  # the last one decides first, as in numpy.lexsort
    for sort in reversed(sorts):
        if sort.field != RELEVANCE:
            keys.extend(_keys(moment.column(sort.field), ids, descending=sort.descending))
        elif relevance is not None:
            keys.append(-relevance)
    if len(keys) == 1 and bool((ids[1:] > ids[:-1]).all()):
        return np.asarray(np.argsort(keys[0], kind="stable"), np.int64)
    return np.asarray(np.lexsort([ids, *keys]), np.int64)


def group_keys(moment: Moment, ids: Int64Array, field: str) -> Int64Array:
    """Return a number for each record, equal where the field's value is.

    A record without the field, or with a list of several values, is a group of its own.

    Args:
        moment: What is searched.
        ids: ``(n,)`` internal record ids, each once.
        field: A metadata field, or ``uri``.

    Returns:
        ``(n,)`` int64; negative for a group of its own.
    """
    column = moment.column(field)
    keys = -1 - np.arange(len(ids))
    places, codes = column.codes(ids)
    number_places, numbers, residues = column.numbers(ids)
    values = np.bincount(np.concatenate([places, number_places]), minlength=len(ids))
    alone = values == 1
    keys[places[alone[places]]] = codes[alone[places]]
    single = alone[number_places]
    if single.any():
        _, _, group = distinct_numbers(numbers[single], residues[single])
        keys[number_places[single]] = len(column.dictionary) + group
    return keys


def _keys(column: Column, ids: Int64Array, *, descending: bool) -> _Keys:
    """Return what to sort by ascending, the most important last."""
    sign = -1.0 if descending else 1.0
    rank = np.full(len(ids), np.inf)  # within its sort: number or string
    residue = np.zeros(len(ids))
    sort = np.full(len(ids), 2.0)  # numbers, strings, nothing
    places, codes = column.codes(ids)
    strings = (places, column.dictionary.ranks()[codes] * sign, np.zeros(len(codes)))
    places, values, residues = column.numbers(ids)
    numbers = (places, values * sign, residues * sign)
    # Whichever comes first is written last.
    for kind, (where, value, extra) in enumerate(
        (numbers, strings) if descending else (strings, numbers)
    ):
        order: Any = slice(None)
        if not bool((where[1:] > where[:-1]).all()):  # lists: the least is written last
            order = np.lexsort((-extra, -value))
        rank[where[order]], residue[where[order]] = value[order], extra[order]
        sort[where] = 1.0 - kind
    keys = [rank]
    if residue.any():
        keys.insert(0, residue)
    if len(strings[0]) and len(numbers[0]):
        keys.append(sort)
    return keys
