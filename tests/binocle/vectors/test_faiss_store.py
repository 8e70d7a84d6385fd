"""What only the FAISS index does: its policy, its recall, its file."""

import faiss
import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array
from binocle.vectors.exact import ExactIndex
from binocle.vectors.faiss_store import FaissIndex

DIMENSION = 16
LARGE = 26_000  # below 20 000 candidates even an IVF index scans


def gaussian_rows(rng: np.random.Generator, count: int) -> Float32Array:
    rows = rng.standard_normal((count, DIMENSION))
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def clustered_rows(rng: np.random.Generator, count: int, centres: Float32Array) -> Float32Array:
    chosen = centres[rng.integers(0, len(centres), count)]
    rows = chosen + 0.1 * rng.standard_normal(chosen.shape)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def ids_from(first: int, count: int) -> Int64Array:
    return np.arange(first, first + count, dtype=np.int64)


@pytest.fixture(scope="module")
def centres() -> Float32Array:
    return gaussian_rows(np.random.default_rng(10), 200)


@pytest.fixture(scope="module")
def rows(centres: Float32Array) -> Float32Array:
    return clustered_rows(np.random.default_rng(11), LARGE, centres)


@pytest.fixture(scope="module")
def oracle(rows: Float32Array) -> ExactIndex:
    index = ExactIndex(DIMENSION)
    index.add(ids_from(1, LARGE), rows)
    return index


@pytest.fixture(scope="module")
def ivf(rows: Float32Array) -> FaissIndex:
    index = FaissIndex(DIMENSION, flat_limit=1000)
    index.add(ids_from(1, 24_000), rows[:24_000])
    index.add(ids_from(24_001, 2_000), rows[24_000:])  # stays beside the inverted file
    return index


def test_growth_past_the_limit_makes_ivf_and_removals_make_it_flat_again() -> None:
    index = FaissIndex(DIMENSION, flat_limit=300)
    rng = np.random.default_rng(12)
    index.add(ids_from(1, 300), gaussian_rows(rng, 300))
    assert index.description == "exact (FAISS flat)"
    index.add(ids_from(301, 200), gaussian_rows(rng, 200))
    assert "IVF" in index.description
    index.remove(ids_from(1, 250))
    index.compact()
    assert index.description == "exact (FAISS flat)"
    assert index.ids().tolist() == list(range(251, 501))
    index.remove(ids_from(1, 500))
    index.compact()
    assert index.count == 0
    assert len(index.search(gaussian_rows(rng, 1)[0], 5).part_ids) == 0


def test_ivf_recalls_nine_of_the_ten_nearest(
    ivf: FaissIndex, oracle: ExactIndex, centres: Float32Array
) -> None:
    queries = clustered_rows(np.random.default_rng(13), 100, centres)
    recalled = approximate = 0
    for query in queries:
        found = ivf.search(query, 10)
        approximate += not found.exact
        wanted = oracle.search(query, 10)
        recalled += len(np.intersect1d(found.part_ids, wanted.part_ids))
    assert approximate == 100, "the inverted file was not asked at all"
    assert recalled / 1000 >= 0.9


def test_exact_search_of_an_ivf_index_equals_the_oracle(
    ivf: FaissIndex, oracle: ExactIndex
) -> None:
    assert "IVF" in ivf.description
    rng = np.random.default_rng(14)
    for k in (1, 10, 2000):
        for allowed in (None, rng.random(LARGE + 1) < 0.9):
            query = gaussian_rows(rng, 1)[0]
            found = ivf.search(query, k, allowed=allowed, exact=True)
            wanted = oracle.search(query, k, allowed=allowed)
            assert found.exact
            np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)
            assert len(np.intersect1d(found.part_ids, wanted.part_ids)) >= k - 1  # rounding


def test_ivf_never_gives_fewer_than_asked_for(ivf: FaissIndex) -> None:
    rng = np.random.default_rng(15)
    for k in (1, 100, 4000, 6000, LARGE, 2 * LARGE):
        for allowed in (None, rng.random(LARGE + 1) < 0.95, rng.random(LARGE + 1) < 0.1):
            available = LARGE if allowed is None else int(allowed[1:].sum())
            found = ivf.search(gaussian_rows(rng, 1)[0], k, allowed=allowed)
            assert len(found.part_ids) == min(k, available)
            assert len(np.unique(found.part_ids)) == len(found.part_ids)
            assert allowed is None or allowed[found.part_ids].all()


def test_few_allowed_vectors_are_found_exactly_in_an_ivf_index(
    ivf: FaissIndex, oracle: ExactIndex
) -> None:
    rng = np.random.default_rng(16)
    for share in (0.0005, 0.01, 0.2):
        allowed = rng.random(LARGE + 1) < share
        query = gaussian_rows(rng, 1)[0]
        found = ivf.search(query, 10, allowed=allowed)
        assert found.exact
        assert (
            found.part_ids.tolist() == oracle.search(query, 10, allowed=allowed).part_ids.tolist()
        )


@pytest.mark.parametrize("flat_limit", [300, 100_000])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_dumped_index_answers_the_same_when_loaded(flat_limit: int, count: int) -> None:
    rng = np.random.default_rng(17)
    index = FaissIndex(DIMENSION, flat_limit=flat_limit)
    index.add(7 + 2 * ids_from(0, count), gaussian_rows(rng, count))
    index.remove(ids_from(100, 200))
    before = index.vectors()
    loaded = FaissIndex.load(bytes(index.dump()), DIMENSION, flat_limit=flat_limit)
    assert loaded.description == index.description
    assert loaded.count == index.count == len(before[0])
    for vectors in (index.vectors(), loaded.vectors()):
        assert np.array_equal(vectors[0], before[0])
        assert np.array_equal(vectors[1], before[1])
    loaded.add(ids_from(5000, 400), gaussian_rows(rng, 400))
    added_ids, added_rows = loaded.vectors()
    index.add(added_ids[-400:], added_rows[-400:])
    loaded.remove(ids_from(400, 300))
    index.remove(ids_from(400, 300))
    query = gaussian_rows(rng, 1)[0]
    assert loaded.search(query, 50).part_ids.tolist() == index.search(query, 50).part_ids.tolist()


def test_file_of_another_dimension_is_refused() -> None:
    index = FaissIndex(DIMENSION)
    index.add(ids_from(1, 10), gaussian_rows(np.random.default_rng(18), 10))
    with pytest.raises(StorageError, match="16 dimensions, not 17"):
        FaissIndex.load(bytes(index.dump()), DIMENSION + 1)


@pytest.mark.parametrize("flat_limit", [300, 100_000])
def test_truncated_file_is_refused(flat_limit: int) -> None:
    index = FaissIndex(DIMENSION, flat_limit=flat_limit)
    index.add(ids_from(1, 500), gaussian_rows(np.random.default_rng(19), 500))
    data = bytes(index.dump())
    for size in (1, 4, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(StorageError):
            FaissIndex.load(data[:size], DIMENSION, flat_limit=flat_limit)


def test_faiss_index_without_ids_is_refused() -> None:
    plain = faiss.IndexFlatIP(DIMENSION)
    plain.add(gaussian_rows(np.random.default_rng(20), 10))
    with pytest.raises(StorageError):
        FaissIndex.load(faiss.serialize_index(plain).tobytes(), DIMENSION)


def test_many_queries_at_once_find_what_each_finds_alone_to_the_bit() -> None:
    rng = np.random.default_rng(11)
    rows = rng.standard_normal((3000, 48)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[5::7] = rows[5]  # copies, whose order only their ids can decide
    index = FaissIndex(48)
    index.add(np.arange(1, 3001), rows)
    queries = np.ascontiguousarray(rows[rng.integers(0, 3000, 9)])
    for k in (1, 10, 500, 3000):
        for query, found in zip(queries, index.search_many(queries, k), strict=True):
            alone = index.search(query, k)
            masked = index.search(query, k, allowed=np.ones(3001, np.bool_))
            assert found.part_ids.tolist() == alone.part_ids.tolist() == masked.part_ids.tolist()
            assert found.scores.tobytes() == alone.scores.tobytes() == masked.scores.tobytes()
