"""What every vector index promises."""

from typing import Protocol

import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours


class VectorIndex(Protocol):
    """A set of unit rows with int64 ids, searched by inner product.

    Searching is thread-safe and sees one consistent state, while one other thread at a time
    may add and remove.
    """

    @property
    def count(self) -> int:
        """Number of vectors."""
        ...

    @property
    def description(self) -> str:
        """The kind of index, for a person."""
        ...

    def add(self, ids: Int64Array, rows: Float32Array) -> None:
        """Add vectors.

        Args:
            ids: ``(n,)`` ascending, each larger than every id ever added.
            rows: ``(n, d)`` float32 unit rows.
        """
        ...

    def remove(self, ids: Int64Array) -> None:
        """Remove vectors; ids that are not there are ignored."""
        ...

    def search(
        self,
        query: Float32Array,
        k: int,
        *,
        allowed: BoolArray | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the nearest vectors, equal scores in order of id.

        Never returns fewer than ``min(k, allowed vectors)``.

        Args:
            query: ``(d,)`` float32 unit row.
            k: How many, at least 1.
            allowed: Mask indexed by id; what lies beyond its end is not allowed. None for all.
            exact: Scan everything, whatever the kind of index.
        """
        ...

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""
        ...

    def vectors(self) -> tuple[Int64Array, Float32Array]:
        """Return all ids, ascending, and their rows."""
        ...


def top_k(scores: Float32Array, ids: Int64Array, k: int) -> tuple[Float32Array, Int64Array]:
    """Return the k best, best first, equal scores in order of id.

    Args:
        scores: ``(n,)`` float32, higher is nearer.
        ids: ``(n,)`` int64.
        k: How many.
    """
    if k < len(scores):
        worst = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= worst  # all ties with the last place, so that ids decide among them
        scores, ids = scores[kept], ids[kept]
    order = np.lexsort((ids, -scores))[:k]
    return scores[order], ids[order]
