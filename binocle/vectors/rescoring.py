"""Segments of a store, and scores that do not depend on how a vector was found.

Whatever way a vector was found, its score is summed anew in float64: FAISS, BLAS and their kernels
for one query and for many round differently, and break ties in an order of their own, so a page
could repeat or skip records of nearly equal score. So a search returns at least the k best with
everything as good as the last place, and ``top_k`` lets the ids decide.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

import faiss
import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array

AT_ONCE = 20_000
BLOCK = 65_536  # rows that are copied at once
SPARE = 8  # looked at beyond k, so that rounding cannot push one out
_FIRST = 1000
ROUNDING = 1e-5  # more than two kernels can differ by on unit rows

Scored: TypeAlias = tuple[Float32Array, Int64Array]


class HasRows(Protocol):
    """Has vectors by id."""

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, ``(n, d)`` float32, in their order."""


class HasIds(HasRows, Protocol):
    """Has vectors by id, and knows which."""

    @property
    def ids(self) -> Int64Array:
        """``(n,)`` int64 ascending."""


class Segment(Protocol):
    """Vectors in a FAISS index that nobody changes any more."""

    @property
    def index(self) -> Any:
        """FAISS's."""

    @property
    def ids(self) -> Int64Array:
        """``(n,)`` int64 ascending."""

    @property
    def lists(self) -> int:
        """How many lists of an inverted file there are; 0 where everything is scanned."""

    @property
    def probed(self) -> int:
        """How many of them a search looks into."""

    @property
    def held_bytes(self) -> int:
        """What its vectors take of this process's memory."""

    def blocks(self) -> Iterator[tuple[Int64Array, Float32Array]]:
        """Give ids and rows in an order of their own, a part of them at a time."""

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, ``(n, d)`` float32."""

    def search(
        self, queries_qd: Float32Array, k: int, allowed: BoolArray | None, *, scan: bool
    ) -> list[Scored]:
        """Return for each query at least the k best, with everything as good as the last place.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many, at least 1.
            allowed: Mask by id; None for all.
            scan: Look into all lists.
        """

    def above(
        self,
        query: Float32Array,
        least: float,
        allowed: BoolArray | None,
        *,
        share: float | None = None,
    ) -> tuple[Scored, float]:
        """Return what has at least a score, and about how much of that was not looked at.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            allowed: Mask by id; None for all.
            share: How much of what is here is allowed, 0 to 1, where nearly all that has the
                score will do; None to look at everything.
        """


def bitmap(allowed: BoolArray) -> Any:
    """Return what lets FAISS find only ids that a mask allows."""
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def searched(segment: Segment, query: Float32Array, k: int, parameters: Any) -> Scored:
    """Return the best by FAISS's own search; see ``nearest``."""

    def best(wanted: int) -> Scored:
        scores_qk, ids_qk = segment.index.search(query[np.newaxis], wanted, params=parameters)
        return scores_qk[0], ids_qk[0]

    return nearest(segment, query, k, best)


def nearest(segment: HasIds, query: Float32Array, k: int, best: Callable[[int], Scored]) -> Scored:
    """Return the best of a search, deeper while there are ties with the last place.

    Args:
        segment: Where.
        query: ``(d,)`` float32 unit row.
        k: How many, at least 1.
        best: Returns so many scores and ids, best first; ids of -1 where there are no more.
    """
    wanted = min(k + SPARE, len(segment.ids))
    while True:
        scores, ids = best(wanted)
        scores, ids = scores[ids >= 0], ids[ids >= 0]
        is_all = len(ids) < wanted or wanted == len(segment.ids)
        if is_all or scores[-1] < scores[k - 1] - ROUNDING:
            return rescored(segment, query, ids)
        wanted = min(4 * wanted, len(segment.ids))


def rescored(segment: HasRows, query: Float32Array, ids: Int64Array) -> Scored:
    """Return inner products summed in float64, the same for a pair whoever asks; and the ids."""
    exact = query.astype(np.float64)
    scores = np.empty(len(ids), np.float32)
    for start in range(0, len(ids), AT_ONCE):
        rows = segment.rows(ids[start : start + AT_ONCE])
        scores[start : start + AT_ONCE] = rows.astype(np.float64) @ exact
    return scores, ids


def first_rescored(segment: HasRows, query: Float32Array, found: Scored, least: float) -> Scored:
    """Return scores of which those that decide are summed in float64; and the ids.

    These are the best thousand, which pages show, and what is about as good as the least. Others
    are left as FAISS summed them: looking each of many rows up takes longer than finding them.
    """
    scores, ids = found
    deciding = np.abs(scores - least) <= 2 * ROUNDING
    worst = np.partition(scores, -_FIRST)[-_FIRST] if len(scores) > _FIRST else -np.inf
    places = np.flatnonzero(deciding | (scores >= worst))
    scores = scores.copy()
    scores[places] = rescored(segment, query, ids[places])[0]
    return scores, ids


def not_below(least: float, scored: Scored) -> Scored:
    """Return what has at least a score."""
    scores, ids = scored
    kept = scores >= np.float32(least)
    return scores[kept], ids[kept]
