"""What an inverted file recalls, and how it grows."""

from pathlib import Path

import numpy as np
import pytest

from binocle.types import Float32Array, Space
from binocle.vectors.base import Allowed, Watermark
from binocle.vectors.exact import ExactView
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.faiss_view import FaissView
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from, rounded

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
    return rounded(clustered_rows(np.random.default_rng(11), LARGE, centres))


@pytest.fixture(scope="module")
def oracle(rows: Float32Array) -> ExactView:
    return ExactView(ids_from(1, LARGE), rows)


@pytest.fixture(scope="module")
def ivf(rows: Float32Array, tmp_path_factory: pytest.TempPathFactory) -> FaissView:
    store = FaissStore(tmp_path_factory.mktemp("ivf") / "image", SPACE, anew=True, flat_limit=1000)
    store.upsert(ids_from(1, 24_000), rows[:24_000], born=1)
    store.persisting(Watermark(1, 24_000, "t"))()
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


def test_a_filter_that_keeps_out_what_is_near_does_not_hide_what_comes_next(
    ivf: FaissView, oracle: ExactView, centres: Float32Array, rows: Float32Array
) -> None:
    recalled = approximate = 0
    for query in clustered_rows(np.random.default_rng(17), 40, centres):
        mask = np.zeros(LARGE + 1, np.bool_)
        mask[1:] = (scores := rows @ query) < np.quantile(scores, 0.85)
        found = nearest(ivf, query, 10, Allowed(mask))
        approximate += not found.exact
        wanted = nearest(oracle, query, 10, Allowed(mask))
        recalled += len(np.intersect1d(found.part_ids, wanted.part_ids))
    assert approximate == 40, "the inverted file was not asked at all"
    assert recalled / 400 >= 0.95


def centroids(view: FaissView) -> Float32Array:
    (segment,) = view.segments
    return np.asarray(segment.index.quantizer.reconstruct_n(), np.float32)


def grown(folder: Path, rows: Float32Array, more: Float32Array) -> tuple[FaissView, FaissView]:
    """Return a view of lists, and one with further rows in it, some of both being removed."""
    store = FaissStore(folder / "image", SPACE, flat_limit=500)
    store.upsert(ids_from(1, len(rows)), rows, born=1)
    store.persisting(Watermark(1, len(rows), "t"))()
    before = store.at(1)
    store.upsert(ids_from(len(rows) + 1, len(more)), more, born=2)
    assert store.is_overdue
    store.retire(ids_from(len(rows) - 10, 20), died=3)
    store.persisting(Watermark(3, len(rows) + len(more), "t"))()
    after = store.at(3)
    assert after.count() == len(rows) + len(more) - 20
    assert not after.rows(ids_from(len(rows) - 10, 20))[0].size
    return before, after


def test_lists_that_grow_keep_their_centroids(tmp_path: Path, rows: Float32Array) -> None:
    before, after = grown(tmp_path, rows[:2000], rows[2000:2800])
    assert np.array_equal(centroids(before), centroids(after))


def test_vectors_of_another_distribution_train_anew(tmp_path: Path, rows: Float32Array) -> None:
    strange = rounded(gaussian_rows(np.random.default_rng(31), 2000, DIMENSION))
    before, after = grown(tmp_path, rows[:2000], strange)
    assert not np.array_equal(centroids(before)[:40], centroids(after)[:40])


def test_lists_that_are_outgrown_train_anew(tmp_path: Path, rows: Float32Array) -> None:
    before, after = grown(tmp_path, rows[:2000], rows[2000:12_000])
    assert len(centroids(after)) > len(centroids(before))


def test_lists_keep_vectors_to_half_a_unit_of_float16(tmp_path: Path) -> None:
    rows = gaussian_rows(np.random.default_rng(32), 2000, DIMENSION)
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=500)
    store.upsert(ids_from(1, 2000), rows, born=1)
    assert store.at(1).rounding == 0
    store.persisting(Watermark(1, 2000, "t"))()
    view = store.at(1)
    _, kept = view.rows(ids_from(1, 2000))
    assert (np.abs(kept - rows) <= np.abs(rows) * 2.0**-11 + 2.0**-25).all()
    scores = nearest(view, rows[0], 2000, exact=True).scores
    exact = np.sort(rows.astype(np.float64) @ rows[0].astype(np.float64))[::-1]
    assert 0 < np.abs(scores - exact).max() < view.rounding
