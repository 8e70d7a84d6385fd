"""What only the FAISS store does: its policy and its files."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from binocle.types import Float32Array, Space
from binocle.vectors.base import Watermark
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.inverted_file import IvfSegment
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from, rounded

DIMENSION = 16
SPACE = Space("toy", DIMENSION, "ab" * 32)


def test_growth_past_the_limit_makes_ivf_and_removals_make_it_flat_again(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    rng = np.random.default_rng(12)
    store.upsert(ids_from(1, 300), gaussian_rows(rng, 300, DIMENSION), born=1)
    assert store.at(1).description == "exact (FAISS flat)"
    store.upsert(ids_from(301, 200), gaussian_rows(rng, 200, DIMENSION), born=2)
    assert store.is_overdue
    assert store.at(2).description == "exact (FAISS flat)"
    store.persisting(Watermark(2, 500, "t"))()
    assert not store.is_overdue
    assert "IVF" in store.at(2).description
    store.retire(ids_from(1, 250), died=3)
    store.persisting(Watermark(3, 500, "t"))()
    assert store.at(3).description == "exact (FAISS flat)"
    assert store.at(3).ids().tolist() == list(range(251, 501))
    store.retire(ids_from(1, 500), died=4)
    store.persisting(Watermark(4, 500, "t"))()
    assert store.at(4).count() == 0
    assert len(nearest(store.at(4), gaussian_rows(rng, 1, DIMENSION)[0], 5).part_ids) == 0


def test_view_before_the_last_write_cannot_be_had_any_more(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 3), gaussian_rows(np.random.default_rng(21), 3, DIMENSION), born=7)
    with pytest.raises(ValueError, match="as of change 7, not 6"):
        store.at(6)


@pytest.mark.parametrize("flat_limit", [300, 100_000])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_persisted_store_answers_the_same_when_loaded(
    flat_limit: int, count: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(17)
    opened = partial(FaissStore, tmp_path / "image", SPACE, flat_limit=flat_limit)
    store = opened(anew=True)
    rows = rounded(gaussian_rows(rng, count, DIMENSION))
    store.upsert(7 + 2 * ids_from(0, count), rows, born=1)
    store.retire(ids_from(100, 200), died=2)
    before_ids = store.at(2).ids()
    before_rows = store.at(2).rows(before_ids)[1]
    store.persisting(Watermark(2, 4000, "t"))()
    loaded = opened()
    assert loaded.at(2).description == store.at(2).description
    assert loaded.at(2).count() == store.at(2).count() == len(before_ids)
    for view in (store.at(2), loaded.at(2)):
        assert np.array_equal(view.ids(), before_ids)
        assert np.array_equal(view.rows(before_ids)[1], before_rows)
    added = gaussian_rows(rng, 400, DIMENSION)
    for one in (store, loaded):
        one.upsert(ids_from(5000, 400), added, born=3)
        one.retire(ids_from(400, 300), died=4)
    query = gaussian_rows(rng, 1, DIMENSION)[0]
    assert (
        nearest(loaded.at(4), query, 50).part_ids.tolist()
        == nearest(store.at(4), query, 50).part_ids.tolist()
    )


def test_no_valid_files_are_there_between_the_two_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 10), gaussian_rows(np.random.default_rng(23), 10, DIMENSION), born=1)
    store.persisting(Watermark(1, 10, "t"))()
    store.retire(ids_from(1, 1), died=2)
    with monkeypatch.context() as patched:
        patched.setattr("binocle.vectors.index_file.json.dumps", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.persisting(Watermark(2, 10, "t"))()
    assert FaissStore(tmp_path / "image", SPACE).watermark() is None
    assert [path.name for path in tmp_path.iterdir()] == ["image.faiss"]


def test_what_is_written_while_vectors_are_persisted_is_not_lost(tmp_path: Path) -> None:
    rng = np.random.default_rng(24)
    rows = rounded(gaussian_rows(rng, 900, DIMENSION))
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    store.upsert(ids_from(1, 600), rows[:600], born=1)
    store.retire(ids_from(1, 5), died=2)
    persist = store.persisting(Watermark(2, 600, "t"))
    store.upsert(ids_from(601, 300), rows[600:], born=3)
    store.retire(ids_from(595, 10), died=4)
    expected = [*range(6, 595), *range(605, 901)]
    assert store.at(4).ids().tolist() == expected
    persist()
    assert "IVF" in store.at(4).description
    assert store.at(4).ids().tolist() == expected
    assert np.array_equal(store.at(4).rows(np.array(expected))[1], rows[np.array(expected) - 1])
    again = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    assert again.watermark() == Watermark(2, 600, "t")
    assert again.at(2).ids().tolist() == list(range(6, 601))


def test_growth_makes_lists_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    train = IvfSegment.trained

    def counted(count: int, sample: Float32Array) -> IvfSegment:
        trained.append(count)
        return train(count, sample)

    monkeypatch.setattr(IvfSegment, "trained", counted)
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    rows = gaussian_rows(np.random.default_rng(25), 3000, DIMENSION)
    for first in range(0, 3000, 50):
        store.upsert(ids_from(first + 1, 50), rows[first : first + 50], born=first)
    assert trained == []
    store.persisting(Watermark(3000, 3000, "t"))()
    assert trained == [3000]


def test_lists_that_cannot_be_written_are_searched_all_the_same(tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "gone" / "image", SPACE, flat_limit=300)
    store.upsert(ids_from(1, 600), gaussian_rows(np.random.default_rng(26), 600, DIMENSION), born=1)
    with pytest.raises(OSError, match="gone"):
        store.persisting(Watermark(1, 600, "t"))()
    assert "IVF" in store.at(1).description
    assert store.watermark() is None
