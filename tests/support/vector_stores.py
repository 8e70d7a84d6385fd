"""All vector stores that one contract is for, and exact search in float64 as its oracle."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours, Space
from binocle.vectors.base import Allowed, OpenStore
from binocle.vectors.faiss_store import FaissStore
from tests.support.exact_store import ExactStore
from tests.support.milvus_store import milvus_opener
from tests.support.pgvector_store import pgvector_opener

DIMENSION = 16


STORES: dict[str, OpenStore] = {
    "exact": ExactStore,
    "flat": FaissStore,
    "ivf": partial(FaissStore, flat_limit=300),
}
SERVERS: dict[str, Callable[[pytest.FixtureRequest], OpenStore]] = {
    "pgvector": lambda request: pgvector_opener(request.getfixturevalue("vector_server")),
    "milvus": lambda request: milvus_opener(request.getfixturevalue("old_milvus")),
    "milvus-lite": lambda request: milvus_opener(
        request.getfixturevalue("lite_milvus"), flat_limit=300
    ),
}
"""Stores in engines, by what gives their opener."""


def toy_space(dimension: int = DIMENSION, fingerprint: str = "ab" * 32) -> Space:
    return Space("toy", dimension, fingerprint)


def sign_rows(rng: np.random.Generator, count: int, dimension: int = DIMENSION) -> Float32Array:
    """Unit rows whose inner products are exact in float32, so that many scores are equal."""
    signs = rng.choice([-1.0, 1.0], (count, dimension))
    return np.ascontiguousarray(signs / np.sqrt(dimension), np.float32)


def as_allowed(mask: BoolArray | None) -> Allowed | None:
    return None if mask is None else Allowed(mask)


def brute_force(
    ids: Int64Array, rows: Float32Array, query: Float32Array, k: int, mask: BoolArray | None
) -> list[tuple[int, float]]:
    scores = rows.astype(np.float64) @ query.astype(np.float64)
    pairs = [
        (int(one), float(score))
        for one, score in zip(ids, scores, strict=True)
        if mask is None or (one < len(mask) and mask[one])
    ]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]


def as_pairs(found: Neighbours) -> list[tuple[int, float]]:
    return list(zip(found.part_ids.tolist(), map(float, found.scores), strict=True))
