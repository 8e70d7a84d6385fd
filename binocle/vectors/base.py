"""What every vector index promises."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours

_BLOCK_PRODUCTS = 450_000  # multiplications at once: in the cache, and in one thread


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


def products(
    queries_qd: npt.NDArray[np.floating], rows_nd: npt.NDArray[np.floating]
) -> Float32Array:
    """Return all inner products, ``(q, n)`` float32.

    BLAS copies a large matrix before it multiplies by a few columns, and shares it out among
    threads that wait for each other: a hundred times as long as the work where another process
    keeps the cores busy. Block by block it stays in one thread and in the cache.

    Args:
        queries_qd: ``(q, d)`` float32 or float64.
        rows_nd: ``(n, d)`` of the same.
    """
    scores_qn = np.empty((len(queries_qd), len(rows_nd)), np.float32)
    step = max(8, _BLOCK_PRODUCTS // max(1, queries_qd.size))
    for start in range(0, len(rows_nd), step):
        scores_qn[:, start : start + step] = queries_qd @ rows_nd[start : start + step].T
    return scores_qn


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
