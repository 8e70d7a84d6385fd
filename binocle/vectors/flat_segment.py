"""A segment that is scanned: vectors in a flat FAISS index that nobody changes any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import faiss
import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products
from binocle.vectors.rescoring import (
    AT_ONCE,
    BLOCK,
    ROUNDING,
    SPARE,
    Scored,
    bitmap,
    not_below,
    rescored,
    searched,
)  # fmt: skip

_FEW = 32  # of fewer than one in so many rows, a copy costs less than FAISS with a mask


@dataclass(frozen=True, slots=True)
class FlatSegment:
    """Vectors that are all looked at; FAISS keeps them.

    Attributes:
        index: An ``IndexIDMap2`` over a flat one, ids ascending.
        ids: ``(n,)`` int64, its own.
        rows_nd: ``(n, d)`` float32, a view that is valid while the index lives.
        lists: As of an inverted file.
        probed: As of an inverted file.
    """

    index: Any
    ids: Int64Array
    rows_nd: Float32Array
    lists: ClassVar[int] = 0
    probed: ClassVar[int] = 0

    @classmethod
    def made(cls, ids: Int64Array, rows: Float32Array) -> "FlatSegment":
        """Make one of ``(n,)`` ascending ids and ``(n, d)`` float32 rows."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
        index.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
        return cls.over(index)

    @classmethod
    def over(cls, index: Any) -> "FlatSegment":
        """Make one of FAISS's own index."""
        flat = faiss.downcast_index(index.index)
        view = faiss.rev_swig_ptr(flat.get_xb(), index.ntotal * index.d)
        rows = np.asarray(view, np.float32).reshape(-1, index.d)
        return cls(index, np.asarray(faiss.vector_to_array(index.id_map), np.int64), rows)

    @property
    def held_bytes(self) -> int:
        """What its vectors take of this process's memory."""
        return int(self.rows_nd.nbytes)

    def blocks(self) -> Iterator[tuple[Int64Array, Float32Array]]:
        """Give ids and rows, a part of them at a time; not to be written to."""
        for start in range(0, len(self.ids), BLOCK):
            yield self.ids[start : start + BLOCK], self.rows_nd[start : start + BLOCK]

    def rows(self, ids: Int64Array) -> Float32Array:
        """Return the rows of ids that are here, ``(n, d)`` float32."""
        return np.asarray(self.rows_nd[np.searchsorted(self.ids, ids)])

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        allowed: BoolArray | None,
        *,
        scan: bool,  # noqa: ARG002 - it always does
    ) -> list[Scored]:
        """Return for each query at least the k best, with everything as good as the last place.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many, at least 1.
            allowed: Mask by id; None for all.
            scan: Look into all lists.
        """
        places = None if allowed is None else _inside(self.ids, allowed)
        if len(queries_qd) == 1 and (places is None or _FEW * len(places) > len(self.ids)):
            # With a selector, of whatever, FAISS stays in the calling thread. Where another process
            # keeps the cores busy, waiting for further ones takes longer than the search.
            selector = faiss.IDSelectorAll() if allowed is None else bitmap(allowed)
            parameters = faiss.SearchParameters(sel=selector)
            return [searched(self, queries_qd[0], k, parameters)]
        found = []
        for scores, query in zip(self._scores(queries_qd, places), queries_qd, strict=True):
            best = np.arange(len(scores))
            if len(scores) > k + SPARE:
                worst = np.partition(scores, len(scores) - k)[len(scores) - k]
                best = np.flatnonzero(scores >= worst - ROUNDING)
            found.append(rescored(self, query, self.ids[best if places is None else places[best]]))
        return found

    def above(
        self,
        query: Float32Array,
        least: float,
        allowed: BoolArray | None,
        *,
        share: float | None = None,  # noqa: ARG002 - it always looks at everything
    ) -> tuple[Scored, float]:
        """Return everything with at least a score; see ``Segment.above``."""
        places = None if allowed is None else _inside(self.ids, allowed)
        near = np.flatnonzero(self._scores(query[np.newaxis], places)[0] >= least - ROUNDING)
        found = self.ids[near if places is None else places[near]]
        return not_below(least, rescored(self, query, found)), 0.0

    def _scores(self, queries_qd: Float32Array, places: Int64Array | None) -> Float32Array:
        """Return inner products with the rows at some places, ``(q, n)`` float32; None for all."""
        if places is None:
            return products(queries_qd, self.rows_nd)
        if _FEW * len(places) > len(self.ids):
            return products(queries_qd, self.rows_nd)[:, places]
        scores_qn = np.empty((len(queries_qd), len(places)), np.float32)
        for start in range(0, len(places), AT_ONCE):
            here = slice(start, start + AT_ONCE)
            scores_qn[:, here] = products(queries_qd, self.rows_nd[places[here]])
        return scores_qn


def _inside(ids: Int64Array, allowed: BoolArray) -> Int64Array:
    """Return the places of those ids that are allowed."""
    reachable = ids[: np.searchsorted(ids, len(allowed))]
    return np.flatnonzero(allowed[reachable])
