"""Counting, ordering and grouping the relevant set by metadata."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from binocle.filters import Filter
from binocle.moment import Moment
from binocle.types import BoolArray, Int64Array
from search.answer import FacetCounts
from search.query import Facet, Sort


def count_facets(
    moment: Moment, facets: Sequence[Facet], relevant: Int64Array | BoolArray, where: Filter | None
) -> tuple[FacetCounts, ...]:
    """Count the relevant set by each facet.

    A facet's own filter does not shrink its counts: of ``where``, those top-level clauses that
    speak of the facet's field alone are left out for it.

    Args:
        moment: What is searched.
        facets: What to count.
        relevant: The records above the relevance cut, *before* the filter: their internal ids,
            or a mask.
        where: The query's whole filter.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError
