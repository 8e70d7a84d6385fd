"""Segments of a store: what an inverted file recalls, and bytes that are none."""

import hashlib
import json
from pathlib import Path

import faiss
import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.types import Float32Array, Space
from binocle.vectors.base import Allowed, Watermark
from binocle.vectors.exact import ExactView
from binocle.vectors.faiss_store import FaissStore, FaissView
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from

DIMENSION = 16
LARGE = 26_000  # below 20 000 candidates even an IVF index scans
SPACE = Space("toy", DIMENSION, "ab" * 32)


def clustered_rows(rng: np.random.Generator, count: int, centres: Float32Array) -> Float32Array:
    chosen = centres[rng.integers(0, len(centres), count)]
    rows = chosen + 0.1 * rng.standard_normal(chosen.shape)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def centres() -> Float32Array:
    return gaussian_rows(np.random.default_rng(10), 200, DIMENSION)


@pytest.fixture(scope="module")
def rows(centres: Float32Array) -> Float32Array:
    return clustered_rows(np.random.default_rng(11), LARGE, centres)


@pytest.fixture(scope="module")
def oracle(rows: Float32Array) -> ExactView:
    return ExactView(ids_from(1, LARGE), rows)


@pytest.fixture(scope="module")
def ivf(rows: Float32Array) -> FaissView:
    store = FaissStore(Path("image"), SPACE, anew=True, flat_limit=1000)
    store.upsert(ids_from(1, 24_000), rows[:24_000], born=1)
    store.upsert(ids_from(24_001, 2_000), rows[24_000:], born=2)  # stays beside the inverted file
    return store.at(2)


def test_ivf_recalls_nine_of_the_ten_nearest(
    ivf: FaissView, oracle: ExactView, centres: Float32Array
) -> None:
    queries = clustered_rows(np.random.default_rng(13), 100, centres)
    recalled = approximate = 0
    for query in queries:
        found = nearest(ivf, query, 10)
        approximate += not found.exact
        wanted = nearest(oracle, query, 10)
        recalled += len(np.intersect1d(found.part_ids, wanted.part_ids))
    assert approximate == 100, "the inverted file was not asked at all"
    assert recalled / 1000 >= 0.9


def test_exact_search_of_an_ivf_index_equals_the_oracle(ivf: FaissView, oracle: ExactView) -> None:
    assert "IVF" in ivf.description
    rng = np.random.default_rng(14)
    for k in (1, 10, 2000):
        for allowed in (None, Allowed(rng.random(LARGE + 1) < 0.9)):
            query = gaussian_rows(rng, 1, DIMENSION)[0]
            found = nearest(ivf, query, k, allowed, exact=True)
            wanted = nearest(oracle, query, k, allowed)
            assert found.exact
            np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)
            assert len(np.intersect1d(found.part_ids, wanted.part_ids)) >= k - 1  # rounding


def test_ivf_never_gives_fewer_than_asked_for(ivf: FaissView) -> None:
    rng = np.random.default_rng(15)
    for k in (1, 100, 4000, 6000, LARGE, 2 * LARGE):
        for mask in (None, rng.random(LARGE + 1) < 0.95, rng.random(LARGE + 1) < 0.1):
            available = LARGE if mask is None else int(mask[1:].sum())
            allowed = None if mask is None else Allowed(mask)
            for found in ivf.search(gaussian_rows(rng, 2, DIMENSION), k, allowed=allowed):
                assert len(found.part_ids) == min(k, available)
                assert len(np.unique(found.part_ids)) == len(found.part_ids)
                assert mask is None or mask[found.part_ids].all()


def test_few_allowed_vectors_are_found_exactly_in_an_ivf_index(
    ivf: FaissView, oracle: ExactView
) -> None:
    rng = np.random.default_rng(16)
    for share in (0.0005, 0.01, 0.2):
        allowed = Allowed(rng.random(LARGE + 1) < share)
        query = gaussian_rows(rng, 1, DIMENSION)[0]
        found = nearest(ivf, query, 10, allowed)
        assert found.exact
        assert found.part_ids.tolist() == nearest(oracle, query, 10, allowed).part_ids.tolist()


def persisted(folder: Path, data: bytes) -> FaissStore:
    """Open a store whose file holds some bytes and whose stamp fits to them."""
    stamp = {
        "token": "t",
        "space": SPACE.fingerprint,
        "change": 1,
        "last_part_id": 10,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / "image.faiss").write_bytes(data)
    (folder / "image.stamp.json").write_text(json.dumps(stamp))
    return FaissStore(folder / "image", SPACE)


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"IxM2", bytes(1000)])
def test_bytes_that_are_no_index_are_refused(bad: bytes, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        persisted(tmp_path, bad)


def test_file_of_another_dimension_is_refused(tmp_path: Path) -> None:
    other = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION + 1))
    with pytest.raises(StorageError, match="17 dimensions, not 16"):
        persisted(tmp_path, faiss.serialize_index(other).tobytes())


@pytest.mark.parametrize("flat_limit", [300, 100_000])
def test_truncated_file_is_refused(flat_limit: int, tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=flat_limit)
    store.upsert(ids_from(1, 500), gaussian_rows(np.random.default_rng(19), 500, DIMENSION), born=1)
    store.persist(Watermark(1, 500, "t"))
    data = (tmp_path / "image.faiss").read_bytes()
    for size in (1, 4, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(StorageError):
            persisted(tmp_path, data[:size])


def test_faiss_index_without_ids_is_refused(tmp_path: Path) -> None:
    plain = faiss.IndexFlatIP(DIMENSION)
    plain.add(gaussian_rows(np.random.default_rng(20), 10, DIMENSION))
    with pytest.raises(StorageError):
        persisted(tmp_path, faiss.serialize_index(plain).tobytes())
