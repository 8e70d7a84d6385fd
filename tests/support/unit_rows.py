"""Random unit rows and ascending ids, as stores take them."""

import numpy as np

from binocle.types import Float32Array, Int64Array


def gaussian_rows(rng: np.random.Generator, count: int, dimension: int) -> Float32Array:
    rows = rng.standard_normal((count, dimension))
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def rounded(rows: Float32Array) -> Float32Array:
    """Rows that lists of float16 keep as they are; unit rows but for the rounding."""
    return rows.astype(np.float16).astype(np.float32)


def ids_from(first: int, count: int) -> Int64Array:
    return np.arange(first, first + count, dtype=np.int64)
