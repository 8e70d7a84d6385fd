"""Exhaustive search in numpy: the oracle the other indices are tested against."""

import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours
from binocle.vectors.base import top_k


class ExactIndex:
    """A matrix and its ids."""

    description = "exact (numpy)"

    def __init__(self, dimension: int) -> None:
        self._state: tuple[Int64Array, Float32Array] = (
            np.empty(0, np.int64),
            np.empty((0, dimension), np.float32),
        )

    @property
    def count(self) -> int:
        """Number of vectors."""
        return len(self._state[0])

    def add(self, ids: Int64Array, rows: Float32Array) -> None:
        """Add vectors; see ``VectorIndex.add``."""
        old_ids, old_rows = self._state
        self._state = np.concatenate([old_ids, ids]), np.concatenate([old_rows, rows])

    def remove(self, ids: Int64Array) -> None:
        """Remove vectors; see ``VectorIndex.remove``."""
        old_ids, old_rows = self._state
        kept = ~np.isin(old_ids, ids)
        self._state = old_ids[kept], old_rows[kept]

    def search(
        self,
        query: Float32Array,
        k: int,
        *,
        allowed: BoolArray | None = None,
        exact: bool = False,  # noqa: ARG002 - it always is
    ) -> Neighbours:
        """Scan everything; see ``VectorIndex.search``."""
        ids, rows = self._state
        if allowed is not None:
            kept = ids < len(allowed)
            kept[kept] = allowed[ids[kept]]
            ids, rows = ids[kept], rows[kept]
        scores, found = top_k(rows @ query, ids, k)
        return Neighbours(scores, found, exact=True)

    def ids(self) -> Int64Array:
        """Return all ids."""
        return self._state[0]

    def vectors(self) -> tuple[Int64Array, Float32Array]:
        """Return all ids and rows."""
        return self._state
