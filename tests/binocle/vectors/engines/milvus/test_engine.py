from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from binocle.errors import StorageError, UnreachableError
from binocle.types import BoolArray, Neighbours, Space
from binocle.vectors.base import Allowed, VectorStore, Watermark
from binocle.vectors.engines.milvus import engine as milvus_engine
from binocle.vectors.engines.milvus.marks import Mark, MilvusMarks
from binocle.vectors.faiss_store import FaissStore
from experiments.engines.local_milvus import Milvus, wait_until_it_answers
from tests.support.milvus_store import dropped_rows, milvus_opener
from tests.support.unit_rows import gaussian_rows, ids_from

pytestmark = pytest.mark.slow
COUNT, DIMENSION, QUESTIONS = 3000, 32, 40
SPACE = Space("toy", DIMENSION, "ab" * 32)
ROWS = gaussian_rows(np.random.default_rng(1), COUNT, DIMENSION)
RETIRED = ids_from(7, 50)


@pytest.fixture(scope="module", params=["old_milvus", "lite_milvus"])
def server(request: pytest.FixtureRequest) -> Milvus:
    found: Milvus = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def leaving_no_rows(server: Milvus) -> Iterator[None]:
    with dropped_rows(server):
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    """The same vectors in FAISS, scanned."""
    return filled(FaissStore(tmp_path_factory.mktemp("files") / "image", SPACE))


def filled(store: VectorStore) -> VectorStore:
    store.upsert(ids_from(1, COUNT // 2), ROWS[: COUNT // 2], born=1)
    store.persisting(Watermark(1, COUNT // 2, "t"))()
    store.upsert(ids_from(COUNT // 2 + 1, COUNT // 2), ROWS[COUNT // 2 :], born=2)
    store.retire(RETIRED, died=2)
    store.persisting(Watermark(2, COUNT, "t"))()
    return store


def masks() -> Iterator[BoolArray | None]:
    """Give a filter for each question: none, few, a tenth, most."""
    rng = np.random.default_rng(2)
    while True:
        yield None
        for share in (0.005, 0.1, 0.95):
            yield rng.random(COUNT + 1) < share


def answers(store: VectorStore) -> list[Neighbours]:
    queries = gaussian_rows(np.random.default_rng(3), QUESTIONS, DIMENSION)
    view = store.at(2)
    return [
        view.search(query[np.newaxis], 10, allowed=None if mask is None else Allowed(mask))[0]
        for query, mask in zip(queries, masks(), strict=False)
    ]


@pytest.fixture(scope="module")
def indexed(server: Milvus, tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    """A store whose index is used whatever is allowed."""
    opened = milvus_opener(server, flat_limit=1000, scan_limit=0)
    return filled(opened(tmp_path_factory.mktemp("indexed") / "image", SPACE))


def stored(engine: milvus_engine.MilvusEngine) -> int:
    """Return how many rows there are now, also such as nobody sees."""
    assert engine._newest is not None
    return replace(engine._rows_of(engine._newest), seen=0).count("id >= 0")


def test_scan_answers_each_question_as_faiss_does(
    server: Milvus, files: VectorStore, tmp_path: Path
) -> None:
    store = filled(milvus_opener(server)(tmp_path / "image", SPACE))
    assert store.at(2).description == "exact (Milvus FLAT)"
    for found, right in zip(answers(store), answers(files), strict=True):
        assert found.part_ids.tolist() == right.part_ids.tolist()
        assert found.scores.tobytes() == right.scores.tobytes()
        assert found.exact


def test_index_finds_nearly_all_under_any_filter(indexed: VectorStore, files: VectorStore) -> None:
    assert indexed.at(2).description == "approximate (Milvus IVF_FLAT)"
    pairs = list(zip(answers(indexed), answers(files), strict=True))
    assert all(len(found.part_ids) == len(right.part_ids) for found, right in pairs)
    assert not all(found.exact for found, _ in pairs)
    shares = [np.isin(right.part_ids, found.part_ids).mean() for found, right in pairs]
    assert np.mean(shares) >= 0.98


def test_scan_beside_an_index_is_exact(indexed: VectorStore, files: VectorStore) -> None:
    query = gaussian_rows(np.random.default_rng(4), 1, DIMENSION)
    (found,), (right,) = (one.at(2).search(query, 30, exact=True) for one in (indexed, files))
    assert found.part_ids.tolist() == right.part_ids.tolist()
    assert found.exact
    above, all_above = (one.at(2).above(query[0], 0.2, exact=True) for one in (indexed, files))
    assert above.part_ids.tolist() == all_above.part_ids.tolist()
    assert above.exact
    assert not indexed.at(2).above(query[0], 0.2).exact


def test_rows_that_grew_too_many_to_scan_get_an_index_of_their_own(
    server: Milvus, tmp_path: Path
) -> None:
    opened = milvus_opener(server, flat_limit=2000)
    store = opened(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 1500), ROWS[:1500], born=1)
    store.persisting(Watermark(1, 1500, "t"))()
    before = store.at(1)
    assert before.description == "exact (Milvus FLAT)"
    store.upsert(ids_from(1501, 1500), ROWS[1500:], born=2)
    store.retire(RETIRED, died=2)
    store.persisting(Watermark(2, COUNT, "t"))()
    assert store.at(2).description == "approximate (Milvus IVF_FLAT)"
    expected = np.setdiff1d(ids_from(1, COUNT), RETIRED)
    assert opened(tmp_path / "image", SPACE).at(2).ids().tolist() == expected.tolist()
    assert before.search(ROWS[6:7], 1)[0].part_ids.tolist() == [7]  # retired since


def test_rows_that_another_process_replaced_and_removed_are_found_in_the_new_ones(
    server: Milvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = milvus_opener(server, flat_limit=250)
    writer = opened(tmp_path / "image", SPACE)
    writer.upsert(ids_from(1, 200), ROWS[:200], born=1)
    writer.persisting(Watermark(1, 200, "t"))()
    reader = opened(tmp_path / "image", SPACE)
    writer.upsert(ids_from(201, 100), ROWS[200:300], born=2)
    writer.persisting(Watermark(2, 300, "t"))()  # too many to scan: into another collection
    monkeypatch.setattr(milvus_engine, "_SWEEP_AFTER_S", -1)
    monkeypatch.setattr(milvus_engine, "_ORPHAN_AFTER_S", -1)
    writer._sweep()  # type: ignore[attr-defined]
    view = reader.at(1)
    found = view.search(ROWS[:1], 300, exact=True)[0].part_ids
    assert sorted(found.tolist()) == view.ids().tolist() == list(range(1, 201))


def test_push_that_was_killed_loses_nothing_and_doubles_nothing(
    server: Milvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = milvus_opener(server)
    store = opened(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 100), ROWS[:100], born=1)
    store.persisting(Watermark(1, 100, "t"))()

    def killed(_: MilvusMarks, mark: Mark) -> None:
        raise StorageError(f"killed before {mark.key}")

    with monkeypatch.context() as patch:
        patch.setattr(MilvusMarks, "write", killed)
        store.upsert(ids_from(101, 100), ROWS[100:200], born=2)
        store.retire(ids_from(1, 10), died=2)
        with pytest.raises(StorageError, match="killed"):
            store.persisting(Watermark(2, 200, "t"))()
    again = opened(tmp_path / "image", SPACE)
    assert again.at(1).ids().tolist() == list(range(1, 101))
    assert again.at(1).search(ROWS[:1], 1)[0].part_ids.tolist() == [1]  # died later
    again.upsert(ids_from(101, 100), ROWS[100:200], born=3)
    again.retire(ids_from(150, 20), died=3)  # it was pushed, and never said so
    again.retire(ids_from(6, 5), died=3)  # five of the ten: the others live in this history
    again.persisting(Watermark(3, 200, "t"))()
    alive = [*range(1, 6), *range(11, 150), *range(170, 201)]
    reopened = opened(tmp_path / "image", SPACE).at(3)
    assert reopened.ids().tolist() == alive
    found = reopened.search(ROWS[:1], 300)[0].part_ids
    assert sorted(found.tolist()) == alive


def test_two_that_push_at_once_lose_nothing(server: Milvus, tmp_path: Path) -> None:
    opened = milvus_opener(server)
    first, second = (opened(tmp_path / "image", SPACE) for _ in range(2))
    first.upsert(ids_from(1, 100), ROWS[:100], born=1)
    first.persisting(Watermark(1, 100, "t"))()
    second = opened(tmp_path / "image", SPACE)
    for one, change, count in ((first, 5, 150), (second, 4, 120)):
        one.upsert(ids_from(101, count - 100), ROWS[100:count], born=change)
        one.retire(ids_from(1, change), died=change)
    pushes = [first.persisting(Watermark(5, 150, "t")), second.persisting(Watermark(4, 120, "t"))]
    pushes[0]()
    pushes[1]()  # as of an earlier change, and later
    reopened = opened(tmp_path / "image", SPACE)
    assert reopened.watermark() == Watermark(5, 150, "t")
    assert reopened.at(5).ids().tolist() == list(range(6, 151))
    found = second.at(4).search(ROWS[:1], 200)[0].part_ids  # its push had nothing to do
    assert sorted(found.tolist()) == list(range(5, 121))


def test_what_died_long_ago_is_removed_for_good(
    server: Milvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = milvus_opener(server)(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 100), ROWS[:100], born=1)
    store.retire(ids_from(1, 10), died=1)
    store.persisting(Watermark(1, 100, "t"))()
    engine = store.at(1).engine  # type: ignore[attr-defined]
    store.retire(ids_from(11, 10), died=2)
    store.persisting(Watermark(2, 100, "t"))()
    assert stored(engine) == 90  # a view may still look for them
    monkeypatch.setattr(milvus_engine, "_SWEEP_AFTER_S", -1)
    store.retire(ids_from(21, 10), died=3)
    store.persisting(Watermark(3, 100, "t"))()
    assert stored(engine) == 70
    monkeypatch.setattr(milvus_engine, "_SWEEP_AFTER_S", 60)
    store.retire(ids_from(31, 10), died=4)
    store.persisting(Watermark(4, 100, "t"))()
    monkeypatch.setattr(milvus_engine, "_SWEEP_AFTER_S", -1)
    store._sweep()  # type: ignore[attr-defined]
    assert stored(engine) == 60
    assert store.at(4).ids().tolist() == list(range(41, 101))


@pytest.mark.long
def test_server_that_was_killed_has_all_when_it_is_back(
    server: Milvus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binocle.vectors.engines.milvus.server._DOWN_FOR_S", 0.1)
    store = milvus_opener(server)(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 500), ROWS[:500], born=1)
    store.persisting(Watermark(1, 500, "t"))()
    server.kill()
    try:
        store.upsert(ids_from(501, 100), ROWS[500:600], born=2)  # indexing goes on
        with pytest.raises(UnreachableError, match="cannot be reached"):
            store.at(2).search(ROWS[:1], 5)
        with pytest.raises(UnreachableError):
            store.persisting(Watermark(2, 600, "t"))()
    finally:
        server.start()
    wait_until_it_answers(server)
    found = store.at(2).search(ROWS[:1], 700)[0].part_ids
    assert sorted(found.tolist()) == list(range(1, 601))
    store.persisting(Watermark(2, 600, "t"))()
    assert store.at(2).ids().tolist() == list(range(1, 601))
