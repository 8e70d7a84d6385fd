"""Exhaustive search in numpy: the oracle that stores are tested against."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from binocle.types import Float32Array, Int64Array, Neighbours
from binocle.vectors.base import Allowed, places_in, top_k


class ExactView:
    """The vectors alive at one change number; see ``VectorView``."""

    description = "exact (numpy)"
    rounding = 0.0
    held_bytes: Mapping[int, int] = {}

    def __init__(self, ids: Int64Array, rows: Float32Array) -> None:
        """Set up with ``(n,)`` ascending ids and ``(n, d)`` unit rows."""
        self._ids, self._rows = ids, rows

    def count(self) -> int:
        """Return the number of vectors."""
        return len(self._ids)

    def ids(self) -> Int64Array:
        """Return all ids."""
        return self._ids

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorView.rows``."""
        places, there = places_in(self._ids, ids)
        return ids[there], self._rows[places[there]]

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,  # noqa: ARG002 - it always is
    ) -> list[Neighbours]:
        """Scan everything; see ``VectorView.search``."""
        ids, rows = self._allowed(allowed)
        scores_qn = (queries_qd.astype(np.float64) @ rows.T).astype(np.float32)
        return [Neighbours(*top_k(scores, ids, k), exact=True) for scores in scores_qn]

    def above(
        self,
        query: Float32Array,
        least: float,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,  # noqa: ARG002 - it always does
    ) -> Neighbours:
        """Scan everything; see ``VectorView.above``."""
        ids, rows = self._allowed(allowed)
        scores = (rows @ query.astype(np.float64)).astype(np.float32)
        near = scores >= np.float32(least)
        return Neighbours(*top_k(scores[near], ids[near], len(ids)), exact=True)

    def _allowed(self, allowed: Allowed | None) -> tuple[Int64Array, npt.NDArray[np.float64]]:
        """Return ids, and rows in float64: one sum for a pair, whatever else is compared."""
        kept = np.ones(len(self._ids), np.bool_)
        if allowed is not None:
            kept = self._ids < len(allowed.mask)
            kept[kept] = allowed.mask[self._ids[kept]]
        return self._ids[kept], self._rows[kept].astype(np.float64)
