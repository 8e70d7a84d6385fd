"""Moments: the same answers whatever is written meanwhile, and the next one without waiting."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.catalog.tables.history import SqlHistory
from binocle.collection.collection import Collection, Ranking
from binocle.collection.snapshot import Snapshot
from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import Comparison, Filter
from binocle.types import Float32Array, NewPart, NewRecord, Space
from binocle.vectors.faiss_store import FaissStore
from tests.support.unit_rows import rounded

DIMENSION = 16
RECORDS = 1200
CHEAP = Comparison("price", "lt", 30)
WHERES: list[Filter | None] = [None, CHEAP, parse_json({"not": {"color": "red"}})]


def rows(seed: int, count: int) -> Float32Array:
    found = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    return rounded(np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32))


def records(seed: int, numbers: range) -> list[NewRecord]:
    rng = np.random.default_rng(seed)
    return [
        NewRecord(
            f"r{number}",
            "mem:",
            {"price": int(rng.integers(0, 100)), "color": str(rng.choice(["red", "blue"]))},
            tuple(
                NewPart("image", "image", "mem:", rng.bytes(32), row)
                for row in rows(int(rng.integers(10**9)), 1 + number % 2)
            ),
        )
        for number in numbers
    ]


@pytest.fixture(params=[300, 100_000], ids=["ivf", "flat"])
def collection(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Collection]:
    with Collection(
        tmp_path / "c", create=True, open_store=partial(FaissStore, flat_limit=request.param)
    ) as opened:
        opened.claim_space(Space("toy", DIMENSION, "ab" * 32))
        opened.upsert(records(1, range(RECORDS)))
        yield opened


def as_lists(ranking: Ranking) -> tuple[Any, ...]:
    ids, parts = ranking.record_ids.tolist(), ranking.part_ids.tolist()
    return ids, parts, ranking.scores.tolist()


def nearest(snapshot: Snapshot, query: Float32Array, k: int, **limits: Any) -> Ranking:
    (found,) = snapshot.nearest("image", query[np.newaxis], k, **limits)
    return found


def answers(snapshot: Snapshot) -> list[Any]:
    found: list[Any] = [snapshot.count_parts("image"), snapshot.count_records()]
    queries = rows(2, 3)
    for where in WHERES:
        found.append(np.flatnonzero(snapshot.mask(where)).tolist())
        found += [as_lists(nearest(snapshot, one, 20, where=where)) for one in queries]
        many = snapshot.nearest("image", queries, 20, where=where)
        assert [as_lists(one) for one in many] == found[-3:]
        found += [as_lists(snapshot.above("image", one, 0.4, where=where)) for one in queries]
    return found


@pytest.mark.slow
def test_pinned_moment_answers_as_before_whatever_is_written(collection: Collection) -> None:
    snapshot = collection.snapshot(where=CHEAP, fields=["color", "price"])
    before = answers(snapshot)
    with Collection(collection.path, open_store=partial(FaissStore, flat_limit=300)) as other:
        for step in range(6):
            other.upsert(records(10 + step, range(step * 100, step * 100 + 150)))
            collection.remove([f"r{number}" for number in range(step, RECORDS, 50)])
            collection.snapshot()
        other.save_indices()
    collection.save_indices()
    collection.upsert(records(99, range(RECORDS, 3 * RECORDS)))
    assert collection.snapshot().change > snapshot.change
    assert answers(collection.snapshot()) != before
    snapshot._masks.clear()
    assert answers(snapshot) == before


def test_moment_after_many_changes_is_that_of_a_fresh_opening(collection: Collection) -> None:
    collection.snapshot(fields=["color", "price", "id"])
    for step in range(5):
        collection.upsert(records(20 + step, range(step * 90, step * 90 + 100)))
        collection.remove([f"r{number}" for number in range(step, RECORDS, 40)])
        collection.snapshot()
    queries = rows(3, 2)
    with Collection(collection.path, open_store=partial(FaissStore, flat_limit=100_000)) as fresh:
        for where in WHERES:
            one, other = collection.snapshot(), fresh.snapshot()
            assert np.array_equal(one.mask(where), other.mask(where))
            for query in queries:
                found = nearest(one, query, 15, where=where, exact=True)
                assert as_lists(found) == as_lists(nearest(other, query, 15, where=where))


def test_everything_above_a_score_is_found_and_nothing_else(collection: Collection) -> None:
    snapshot = collection.snapshot()
    (query,) = rows(5, 1)
    with collection.reading() as session:
        (new,) = session.parts.after("image", 0, DIMENSION)
    scores = new.rows.astype(np.float64) @ query
    allowed = np.zeros(RECORDS + 1, np.bool_)
    allowed[::3] = True
    best: dict[int, float] = {}
    for record, score in zip(new.record_ids.tolist(), scores.tolist(), strict=True):
        if allowed[record] and score >= 0.3:
            best[record] = max(score, best.get(record, -1))
    found = snapshot.above("image", query, 0.3, allowed=allowed)
    assert found.record_ids.tolist() == sorted(best, key=lambda one: -best[one])
    assert np.allclose(found.scores, sorted(best.values(), reverse=True), atol=1e-6)
    wanted = nearest(snapshot, query, len(best), allowed=allowed, exact=True)
    assert as_lists(found) == as_lists(wanted)
    assert not len(snapshot.above("image", query, 1.5).record_ids)


def test_others_search_the_moment_before_while_one_thread_catches_up(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = collection.snapshot()
    collection.upsert(records(7, range(5)))
    is_catching_up, may_end = threading.Event(), threading.Event()
    original = SqlHistory.removed_parts

    def slowly(*arguments: Any) -> Any:
        is_catching_up.set()
        assert may_end.wait(30)
        return original(*arguments)

    monkeypatch.setattr(SqlHistory, "removed_parts", slowly)
    thread = threading.Thread(target=collection.snapshot)
    thread.start()
    try:
        assert is_catching_up.wait(30)
        assert collection.snapshot().change == before.change  # its index may have been bettered
        assert len(nearest(collection.snapshot(), rows(1, 1)[0], 5).record_ids) == 5
    finally:
        may_end.set()
        thread.join(30)
    assert collection.snapshot().change == before.change + 1


def test_failure_half_way_leaves_the_moment_before(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = collection.snapshot()
    known = answers(before)
    collection.upsert(records(8, range(50)))
    with monkeypatch.context() as patched:
        patched.setattr(SqlHistory, "removed_parts", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collection.snapshot()
    assert answers(before) == known
    after = collection.snapshot()
    with Collection(collection.path, open_store=partial(FaissStore, flat_limit=100_000)) as fresh:
        assert np.array_equal(after.vectors("image").ids(), fresh.snapshot().vectors("image").ids())


@pytest.mark.slow
def test_moments_stay_whole_while_several_threads_write_and_search(collection: Collection) -> None:
    ending = threading.Event()
    errors: list[BaseException] = []

    def write() -> None:
        try:
            for step in range(30):
                collection.upsert(records(100 + step, range(step, step + 20)))
                collection.remove([f"r{RECORDS - 1 - step}"])
        except BaseException as error:
            errors.append(error)
        finally:
            ending.set()

    def search() -> None:
        try:
            while not ending.is_set():
                snapshot = collection.snapshot(where=CHEAP)
                mask = snapshot.mask(CHEAP)
                found = nearest(snapshot, rows(1, 1)[0], 40, where=CHEAP)
                assert mask[found.record_ids].all()
                assert snapshot.count_records() == np.count_nonzero(snapshot.mask(None))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for work in (write, search, search)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert collection.snapshot().count_records() == RECORDS - 30
