"""A search of lists among allowed vectors: further lists where a filter keeps out what is near.

A search looks into the lists nearest to a query. Where a filter lets vectors pass by chance, the
best that pass are there, too. Where it passes only what is far from the query, these lists hold few
that pass, or none, and better ones lie in others. So of the very nearest lists it is counted what
is as good as the last place found, and how much of that passes. Where that is too little, the
search goes on: until all that is expected in the other lists to be as good, of whatever passes
there, is a thousandth of what is asked for.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import faiss
import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products
from binocle.vectors.list_reach import ListReach
from binocle.vectors.rescoring import ROUNDING, HasIds, Scored, bitmap, nearest

_COUNTED_SHARE = 1 / 32  # of the lists that are looked into
_LEAST_COUNTED = 4
_TOLD_BY = 10  # fewer passing than usual, which does not happen by chance
_TIMES = 2
_MISSED = 0.001  # of what is asked for


class HasLists(HasIds, Protocol):
    """Has vectors in the lists of an inverted file."""

    @property
    def index(self) -> Any:
        """FAISS's."""

    @property
    def reach(self) -> ListReach:
        """What tells how scores in its lists are distributed."""

    def passing(self, allowed: BoolArray) -> Int64Array:
        """Return how many vectors of each list a mask allows, ``(l,)`` int64."""


@dataclass(frozen=True, slots=True)
class _Nearness:
    """The lists of an inverted file as a query sees them.

    Attributes:
        index: FAISS's.
        query: ``(d,)`` float32.
        scores: ``(l,)`` float32, of the query and each centroid.
        order: ``(l,)`` int64, the lists, nearest first.
    """

    index: Any
    query: Float32Array
    scores: Float32Array
    order: Int64Array

    @classmethod
    def of(cls, segment: HasLists, query: Float32Array) -> "_Nearness":
        scores = products(query[np.newaxis], segment.reach.centroids_ld)[0]
        return cls(segment.index, query, scores, np.argsort(-scores))

    def best(self, lists: Int64Array, selector: Any, wanted: int) -> Scored:
        """Return the best of some lists, as FAISS scores them."""
        scores, ids = np.empty(wanted, np.float32), np.empty(wanted, np.int64)
        near = self.scores[lists]
        parameters = faiss.SearchParametersIVF(nprobe=len(lists), sel=selector)
        query, places, coarse, to_scores, to_ids = map(
            faiss.swig_ptr, (self.query, lists, near, scores, ids)
        )
        self.index.search_preassigned_c(
            1, query, wanted, places, coarse, to_scores, to_ids, False, parameters
        )
        return scores, ids

    def above(self, lists: Int64Array, least: float) -> Int64Array:
        """Return the ids in some lists of what has at least a score, allowed or not."""
        near, result = self.scores[lists], faiss.RangeSearchResult(1)
        parameters = faiss.SearchParametersIVF(nprobe=len(lists))
        query, places, coarse = map(faiss.swig_ptr, (self.query, lists, near))
        self.index.range_search_preassigned_c(
            1, query, least, places, coarse, result, False, parameters
        )
        count = int(faiss.rev_swig_ptr(result.lims, 2)[1])
        return np.array(faiss.rev_swig_ptr(result.labels, count), np.int64)


def search_among(
    segment: HasLists, query: Float32Array, k: int, allowed: BoolArray, probed: int
) -> Scored:
    """Return at least the k best that are allowed, with everything as good as the last place.

    Args:
        segment: Where.
        query: ``(d,)`` float32 unit row.
        k: How many, at least 1.
        allowed: Mask by id.
        probed: How many lists are looked into where a filter passes vectors by chance.
    """
    near, selector = _Nearness.of(segment, query), bitmap(allowed)
    found = nearest(segment, query, k, partial(near.best, near.order[:probed], selector))
    if not _lacks_near(segment, near, _worst(found, k), allowed, probed):
        return found
    passing, done, missed = segment.passing(allowed), probed, _MISSED * k
    while (needed := _needed(segment, near, _worst(found, k), passing, done, missed)) > done:
        upto = min(needed, 2 * done)
        lists = near.order[done:upto]
        lists, done = lists[passing[lists] > 0], upto
        if len(lists):
            more = nearest(segment, query, k, partial(near.best, lists, selector))
            found = np.concatenate([found[0], more[0]]), np.concatenate([found[1], more[1]])
    return found


def _worst(found: Scored, k: int) -> float:
    """Return the score of the k-th best; of fewer, one that everything has."""
    scores, _ = found
    return float(np.partition(scores, len(scores) - k)[-k]) if len(scores) >= k else -np.inf


def _lacks_near(
    segment: HasLists, near: _Nearness, worst: float, allowed: BoolArray, probed: int
) -> bool:
    """Tell whether less than usual passes of what is near the query, and at least so good."""
    if probed >= len(near.order):
        return False
    if worst == -np.inf:
        return True
    counted = near.order[: max(_LEAST_COUNTED, int(probed * _COUNTED_SHARE))]
    ids = near.above(counted, worst - ROUNDING)
    passing = np.count_nonzero(allowed[ids[ids < len(allowed)]])
    usual = len(ids) * np.count_nonzero(allowed) / len(segment.ids)
    return bool(usual > _TIMES * passing + _TOLD_BY)


def _needed(
    segment: HasLists,
    near: _Nearness,
    worst: float,
    passing: Int64Array,
    done: int,
    missed: float,
) -> int:
    """Return how many lists are to be looked into, nearest first, to miss hardly any vectors."""
    expected = segment.reach.expected(near.query, worst, near.scores)
    beyond = np.cumsum(np.minimum(passing, expected)[near.order[: done - 1 : -1]])
    return done + int(np.count_nonzero(beyond > missed))
