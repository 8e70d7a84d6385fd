"""What only the FAISS store does: its policy, its recall, its files."""

import hashlib
import json
from functools import partial
from pathlib import Path

import faiss
import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array, Neighbours, Space
from binocle.vectors.base import Allowed, VectorView, Watermark
from binocle.vectors.exact import ExactView
from binocle.vectors.faiss_store import FaissStore, FaissView

DIMENSION = 16
LARGE = 26_000  # below 20 000 candidates even an IVF index scans
SPACE = Space("toy", DIMENSION, "ab" * 32)


def gaussian_rows(rng: np.random.Generator, count: int) -> Float32Array:
    rows = rng.standard_normal((count, DIMENSION))
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def clustered_rows(rng: np.random.Generator, count: int, centres: Float32Array) -> Float32Array:
    chosen = centres[rng.integers(0, len(centres), count)]
    rows = chosen + 0.1 * rng.standard_normal(chosen.shape)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def ids_from(first: int, count: int) -> Int64Array:
    return np.arange(first, first + count, dtype=np.int64)


def nearest(
    view: VectorView,
    query: Float32Array,
    k: int,
    allowed: Allowed | None = None,
    *,
    exact: bool = False,
) -> Neighbours:
    (found,) = view.search(query[np.newaxis], k, allowed=allowed, exact=exact)
    return found


@pytest.fixture(scope="module")
def centres() -> Float32Array:
    return gaussian_rows(np.random.default_rng(10), 200)


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


def test_growth_past_the_limit_makes_ivf_and_removals_make_it_flat_again(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    rng = np.random.default_rng(12)
    store.upsert(ids_from(1, 300), gaussian_rows(rng, 300), born=1)
    assert store.at(1).description == "exact (FAISS flat)"
    store.upsert(ids_from(301, 200), gaussian_rows(rng, 200), born=2)
    assert "IVF" in store.at(2).description
    store.retire(ids_from(1, 250), died=3)
    store.persist(Watermark(3, 500, "t"))
    assert store.at(3).description == "exact (FAISS flat)"
    assert store.at(3).ids().tolist() == list(range(251, 501))
    store.retire(ids_from(1, 500), died=4)
    store.persist(Watermark(4, 500, "t"))
    assert store.at(4).count() == 0
    assert len(nearest(store.at(4), gaussian_rows(rng, 1)[0], 5).part_ids) == 0


def test_view_before_the_last_write_cannot_be_had_any_more(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 3), gaussian_rows(np.random.default_rng(21), 3), born=7)
    with pytest.raises(ValueError, match="as of change 7, not 6"):
        store.at(6)


def test_views_share_the_segments_that_stay(tmp_path: Path) -> None:
    rng = np.random.default_rng(22)
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 100), gaussian_rows(rng, 100), born=1)
    before = store.at(1).held_bytes
    assert sum(before.values()) == 100 * 4 * DIMENSION
    store.upsert(ids_from(101, 10), gaussian_rows(rng, 10), born=2)
    assert before.items() < store.at(2).held_bytes.items()


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
            query = gaussian_rows(rng, 1)[0]
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
            for found in ivf.search(gaussian_rows(rng, 2), k, allowed=allowed):
                assert len(found.part_ids) == min(k, available)
                assert len(np.unique(found.part_ids)) == len(found.part_ids)
                assert mask is None or mask[found.part_ids].all()


def test_few_allowed_vectors_are_found_exactly_in_an_ivf_index(
    ivf: FaissView, oracle: ExactView
) -> None:
    rng = np.random.default_rng(16)
    for share in (0.0005, 0.01, 0.2):
        allowed = Allowed(rng.random(LARGE + 1) < share)
        query = gaussian_rows(rng, 1)[0]
        found = nearest(ivf, query, 10, allowed)
        assert found.exact
        assert found.part_ids.tolist() == nearest(oracle, query, 10, allowed).part_ids.tolist()


@pytest.mark.parametrize("flat_limit", [300, 100_000])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_persisted_store_answers_the_same_when_loaded(
    flat_limit: int, count: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(17)
    opened = partial(FaissStore, tmp_path / "image", SPACE, flat_limit=flat_limit)
    store = opened(anew=True)
    store.upsert(7 + 2 * ids_from(0, count), gaussian_rows(rng, count), born=1)
    store.retire(ids_from(100, 200), died=2)
    before_ids = store.at(2).ids()
    before_rows = store.at(2).rows(before_ids)[1]
    store.persist(Watermark(2, 4000, "t"))
    loaded = opened()
    assert loaded.at(2).description == store.at(2).description
    assert loaded.at(2).count() == store.at(2).count() == len(before_ids)
    for view in (store.at(2), loaded.at(2)):
        assert np.array_equal(view.ids(), before_ids)
        assert np.array_equal(view.rows(before_ids)[1], before_rows)
    added = gaussian_rows(rng, 400)
    for one in (store, loaded):
        one.upsert(ids_from(5000, 400), added, born=3)
        one.retire(ids_from(400, 300), died=4)
    query = gaussian_rows(rng, 1)[0]
    assert (
        nearest(loaded.at(4), query, 50).part_ids.tolist()
        == nearest(store.at(4), query, 50).part_ids.tolist()
    )


def test_no_valid_files_are_there_between_the_two_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 10), gaussian_rows(np.random.default_rng(23), 10), born=1)
    store.persist(Watermark(1, 10, "t"))
    store.retire(ids_from(1, 1), died=2)
    with monkeypatch.context() as patched:
        patched.setattr("binocle.vectors.faiss_store.json.dumps", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.persist(Watermark(2, 10, "t"))
    assert FaissStore(tmp_path / "image", SPACE).watermark() is None
    assert [path.name for path in tmp_path.iterdir()] == ["image.faiss"]


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
    store.upsert(ids_from(1, 500), gaussian_rows(np.random.default_rng(19), 500), born=1)
    store.persist(Watermark(1, 500, "t"))
    data = (tmp_path / "image.faiss").read_bytes()
    for size in (1, 4, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(StorageError):
            persisted(tmp_path, data[:size])


def test_faiss_index_without_ids_is_refused(tmp_path: Path) -> None:
    plain = faiss.IndexFlatIP(DIMENSION)
    plain.add(gaussian_rows(np.random.default_rng(20), 10))
    with pytest.raises(StorageError):
        persisted(tmp_path, faiss.serialize_index(plain).tobytes())
