import time
from collections.abc import Callable

import numpy as np
import pytest

from binocle.errors import UnreachableError
from binocle.types import Space
from binocle.vectors.base import VectorsGoneError, Watermark
from binocle.vectors.engines import engine_store
from binocle.vectors.engines.engine_store import EngineStore
from tests.support.memory_engine import MemoryEngine
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from

SPACE = Space("toy", 16, "ab" * 32)
ROWS = gaussian_rows(np.random.default_rng(1), 400, 16)


def add(store: EngineStore, first: int, count: int, *, born: int) -> None:
    store.upsert(ids_from(first, count), ROWS[first - 1 : first - 1 + count], born=born)


@pytest.fixture
def small_pushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_store, "_PUSH_AFTER", 20)


def ticking() -> tuple[Callable[[], float], Callable[[float], None]]:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    return lambda: now[0], wait


def test_a_push_that_fails_loses_nothing_and_is_done_again_later(small_pushes: None) -> None:
    clock, wait = ticking()
    engine = MemoryEngine(16, is_away=True)
    store = EngineStore(engine, SPACE, anew=True, clock=clock)
    add(store, 1, 30, born=1)
    assert store.is_overdue
    with pytest.raises(UnreachableError):
        store.persisting(Watermark(1, 30, "t"))()
    assert not store.is_overdue
    assert store.at(1).count() == 30
    engine.is_away = False
    wait(60)
    assert store.is_overdue
    store.persisting(Watermark(1, 30, "t"))()
    assert not store.is_overdue
    assert sorted(engine.table) == list(range(1, 31))


def test_what_comes_while_a_push_goes_on_stays_in_the_tail() -> None:
    engine = MemoryEngine(16)
    store = EngineStore(engine, SPACE)
    add(store, 1, 30, born=1)
    persist = store.persisting(Watermark(1, 30, "t"))
    add(store, 31, 10, born=2)
    store.retire(ids_from(5, 3), died=2)
    persist()
    assert sorted(engine.table) == list(range(1, 31))
    view = store.at(2)
    assert view.tail.count() == 10
    assert view.gone.tolist() == [5, 6, 7]
    assert view.count() == len(nearest(view, ROWS[0], 100).part_ids) == 37
    store.persisting(Watermark(2, 40, "t"))()
    assert engine.ids(2).tolist() == [*range(1, 5), *range(8, 41)]
    assert engine.ids(1).tolist() == list(range(1, 31))


def test_a_reader_lets_go_of_what_another_process_pushed(small_pushes: None) -> None:
    clock, wait = ticking()
    engine = MemoryEngine(16)
    pusher, reader = EngineStore(engine, SPACE), EngineStore(engine, SPACE, clock=clock)
    for store in (pusher, reader):
        add(store, 1, 50, born=1)
        store.retire(ids_from(50, 1), died=2)
    before = reader.at(2)
    pusher.persisting(Watermark(2, 50, "t"))()
    add(reader, 51, 5, born=3)
    reader.retire(ids_from(2, 1), died=3)
    wait(60)
    view = reader.at(3)
    assert view.tail.ids().tolist() == list(range(51, 56))
    assert view.ids().tolist() == [1, *range(3, 50), *range(51, 56)]
    assert before.ids().tolist() == list(range(1, 50))
    for one in (before, view):
        assert sorted(nearest(one, ROWS[0], 100).part_ids.tolist()) == one.ids().tolist()


def test_a_reader_does_not_go_ahead_of_the_catalogue_it_has_seen(small_pushes: None) -> None:
    engine = MemoryEngine(16)
    pusher, reader = EngineStore(engine, SPACE), EngineStore(engine, SPACE)
    add(reader, 1, 50, born=1)
    add(pusher, 1, 80, born=2)
    pusher.persisting(Watermark(2, 80, "t"))()
    view = reader.at(1)
    assert view.change == -1
    assert view.ids().tolist() == list(range(1, 51))


def test_a_push_that_ends_after_another_one_was_seen_does_not_go_back(small_pushes: None) -> None:
    engine = MemoryEngine(16)
    slow, fast = EngineStore(engine, SPACE), EngineStore(engine, SPACE)
    add(slow, 1, 50, born=1)
    persist = slow.persisting(Watermark(1, 50, "t"))
    add(fast, 1, 50, born=1)
    for store in (slow, fast):
        add(store, 51, 30, born=2)
    fast.persisting(Watermark(2, 80, "t"))()
    slow.at(2)  # sees that
    slow.retire(ids_from(3, 1), died=3)
    persist()
    view = slow.at(3)
    assert view.change == 2
    assert sorted(nearest(view, ROWS[0], 100).part_ids.tolist()) == [1, 2, *range(4, 81)]
    slow.persisting(Watermark(3, 80, "t"))()
    assert engine.ids(3).tolist() == [1, 2, *range(4, 81)]


def test_what_the_catalogue_lacks_is_retired_with_its_next_change() -> None:
    engine = MemoryEngine(16, most_ids=1000)
    store = EngineStore(engine, SPACE)
    add(store, 1, 100, born=1)
    store.persisting(Watermark(1, 100, "t"))()
    again = EngineStore(engine, SPACE)
    again.retire(ids_from(1, 40), died=1)  # the engine is as of 1 already
    again.persisting(Watermark(1, 100, "t"))()
    assert again.at(1).gone.tolist() == list(range(1, 41))
    add(again, 101, 1, born=2)
    again.persisting(Watermark(2, 101, "t"))()
    assert engine.ids(2).tolist() == list(range(41, 102))
    assert not len(again.at(2).gone)


@pytest.mark.parametrize("older", [None, Watermark(1, 20, "t")])
def test_engine_that_lost_vectors_is_not_pushed_the_rest(older: Watermark | None) -> None:
    engine = MemoryEngine(16)
    store = EngineStore(engine, SPACE)
    add(store, 1, 20, born=1)
    store.persisting(Watermark(1, 20, "t"))()
    add(store, 21, 20, born=2)
    store.persisting(Watermark(2, 40, "t"))()
    engine.mark = older  # it was made anew, or has what an old backup had
    add(store, 41, 5, born=3)
    with pytest.raises(VectorsGoneError, match="lost"):
        store.persisting(Watermark(3, 45, "t"))()
    store._sweep()
    assert len(engine.pushes) == 2


def test_what_a_lost_push_left_is_not_found_by_a_view_of_the_watermark() -> None:
    engine = MemoryEngine(16)
    store = EngineStore(engine, SPACE)
    add(store, 1, 20, born=1)
    store.persisting(Watermark(1, 20, "t"))()
    for one in range(21, 30):  # of a push that was killed before its watermark
        engine.table[one] = (ROWS[one], 2, 2**62)
    engine.table[3] = (*engine.table[3][:2], 2)
    again = EngineStore(engine, SPACE)
    assert again.at(1).ids().tolist() == list(range(1, 21))
    add(again, 21, 4, born=3)
    assert sorted(nearest(again.at(3), ROWS[0], 100).part_ids.tolist()) == list(range(1, 25))


def test_a_store_anew_asks_nothing_and_replaces_all() -> None:
    engine = MemoryEngine(16)
    old = EngineStore(engine, SPACE)
    add(old, 1, 20, born=1)
    old.persisting(Watermark(1, 20, "t"))()
    engine.is_away = True
    anew = EngineStore(engine, SPACE, anew=True)
    add(anew, 5, 3, born=9)
    engine.is_away = False
    anew.persisting(Watermark(9, 7, "other"))()
    assert sorted(engine.table) == [5, 6, 7]
    assert engine.watermark() == Watermark(9, 7, "other")
    add(anew, 8, 1, born=10)
    anew.persisting(Watermark(10, 8, "other"))()
    assert [push.anew for push in engine.pushes] == [False, True, False]


def test_what_was_retired_is_swept_a_while_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_store, "_SWEEP_AFTER_S", 0.01)
    engine = MemoryEngine(16)
    store = EngineStore(engine, SPACE)
    add(store, 1, 4, born=1)
    store.persisting(Watermark(1, 4, "t"))()
    store.retire(ids_from(1, 1), died=2)
    store.persisting(Watermark(2, 4, "t"))()
    ends = time.monotonic() + 20
    while len(engine.pushes) < 3 and time.monotonic() < ends:
        time.sleep(0.01)
    assert [len(push.retired) for push in engine.pushes] == [0, 1, 0]
    assert engine.pushes[2].watermark == Watermark(2, 4, "t")


def test_rows_keep_the_changes_they_came_and_went_with() -> None:
    engine = MemoryEngine(16)
    store = EngineStore(engine, SPACE)
    add(store, 1, 2, born=3)
    add(store, 3, 2, born=4)
    store.persisting(Watermark(4, 4, "t"))()
    store.retire(ids_from(1, 1), died=4)  # later than the watermark, whatever its number
    store.retire(ids_from(2, 1), died=9)
    store.persisting(Watermark(9, 4, "t"))()
    assert [engine.table[one][1] for one in (1, 2, 3, 4)] == [3, 3, 4, 4]
    assert [engine.table[one][2] for one in (1, 2)] == [5, 9]
