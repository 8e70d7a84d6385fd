"""Three hundred pages while a thread and another process write: no record twice, none left out."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from binocle.collection.collection import Collection
from binocle.errors import CursorError, StaleCursorError
from binocle.metadata.filters import Comparison
from binocle.types import Limits
from search.query.query import Group, Query, Sort, Term
from search.ranking.fusion import Ranked
from search.ranking.kept_lists import ResultLists
from search.ranking.query_plan import Plan, Scorers
from search.searcher import Searcher
from tests.support import ROOT
from tests.support.changing_collection import (
    ENCODER,
    LIMIT,
    PAGES,
    STABLE,
    WORDS,
    fill,
    record,
    write,
)
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
_WRITER = """
import sys, time
from pathlib import Path
from binocle.collection.collection import Collection
from tests.support.changing_collection import write
with Collection(Path(sys.argv[1])) as collection:
    print("ready", flush=True)
    turn = 0
    while True:
        write(collection, "process", turn)
        turn += 1
        time.sleep(0.01)
"""


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Collection]:
    """A collection that a thread and another process write to."""
    with being_written(tmp_path, None) as collection:
        yield collection


@pytest.fixture
def written_in_engine(tmp_path: Path, vector_server: PostgresServer) -> Iterator[Collection]:
    """Such a one whose vectors are in an engine, where the thread pushes them now and then."""
    with being_written(tmp_path, vector_server.address) as collection:
        yield collection


@contextmanager
def being_written(folder: Path, new_vectors: str | None) -> Iterator[Collection]:
    with Collection(folder / "c", create=True, new_vectors=new_vectors) as collection:
        fill(collection)
        if new_vectors is not None:
            collection.save_indices()
        root = str(ROOT)
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(collection.path)],
            env={**os.environ, "PYTHONPATH": root},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        done = threading.Event()

        def keep_writing() -> None:
            turn = 0
            while not done.wait(0.01):
                write(collection, "thread", turn)
                turn += 1
                if new_vectors is not None and turn % 10 == 0:
                    collection.save_indices()

        thread = threading.Thread(target=keep_writing)
        thread.start()
        yield collection
        done.set()
        thread.join()
        process.kill()
        process.wait()
        process.stdout.close()


def searcher_of(collection: Collection) -> Searcher:
    return Searcher(collection, lambda: ENCODER, limits=Limits())


QUERIES = {
    "semantic": Query((Term(text="red and blue"),), "image", limit=LIMIT, mode="semantic"),
    "hybrid": Query((Term(text="red and blue"),), limit=LIMIT, mode="hybrid"),
    "any": Query((Term(text="red"), Term(text="pink", weight=-0.5)), "any", limit=LIMIT),
    "sorted": Query((), sort=(Sort("n", descending=True),), limit=LIMIT),
    "filtered": Query(
        (Term(text="green"),), "image", Comparison("n", "gte", 0), limit=LIMIT, mode="semantic"
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_300_pages_during_writes_repeat_and_skip_nothing(written: Collection, name: str) -> None:
    check_pages(written, QUERIES[name])


@pytest.mark.parametrize("name", ["any", "filtered"])
def test_300_pages_of_an_engine_during_writes_repeat_and_skip_nothing(
    written_in_engine: Collection, name: str
) -> None:
    check_pages(written_in_engine, QUERIES[name])


def check_pages(written: Collection, query: Query) -> None:
    searcher = searcher_of(written)
    before = {f"stable {n}" for n in range(STABLE)}
    seen: list[str] = []
    pages, cursor = 0, None
    changes = set()
    while True:
        answer = searcher.search(replace(query, cursor=cursor))
        with written.reading() as session:
            changes.add(session.history.change())
        seen.extend(hit.record.id for hit in answer.hits)
        cursor, pages = answer.cursor, pages + 1
        if cursor is None:
            break
        assert len(answer.hits) == LIMIT, "a page is full while there are more"
    assert pages >= PAGES
    assert len(changes) > 20, "nothing was written meanwhile"
    assert len(seen) == len(set(seen)), "a record was on two pages"
    assert before <= set(seen), "a record was skipped"


def test_groups_scrolled_during_writes_repeat_and_skip_nothing(written: Collection) -> None:
    searcher = searcher_of(written)
    query = Query((), sort=(Sort("n"),), group=Group("style", size=3), limit=2)
    seen: list[str] = []
    pages, cursor = 0, None
    while True:
        answer = searcher.search(replace(query, cursor=cursor))
        seen.extend(str(hit.group_value) for hit in answer.hits)
        cursor, pages = answer.cursor, pages + 1
        if cursor is None:
            break
    assert pages >= PAGES
    assert len(seen) == len(set(seen)), "a group was on two pages"
    assert {f"s{n}" for n in range(700)} <= set(seen)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        opened.upsert([record(f"r{n}", n, n=n) for n in range(80)])
        yield opened


@pytest.mark.parametrize("name", QUERIES)
def test_another_process_goes_on_while_nothing_has_changed(
    collection: Collection, name: str
) -> None:
    query = replace(QUERIES[name], limit=7)
    whole = searcher_of(collection).search(replace(query, limit=1000))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = searcher_of(collection).search(replace(query, cursor=cursor))
        seen.extend(hit.record.id for hit in answer.hits)
        cursor = answer.cursor
        if cursor is None:
            break
    assert seen == [hit.record.id for hit in whole.hits]


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("name", QUERIES)
def test_others_go_on_while_records_come_change_and_go(
    collection: Collection, name: str, every: int
) -> None:
    query = replace(QUERIES[name], limit=7, beyond=True)
    whole = searcher_of(collection).search(replace(query, limit=1000))
    at_first = {hit.record.id for hit in whole.hits}
    replicas = [searcher_of(collection) for _ in range(3)]
    seen: list[str] = []
    removed: set[str] = set()
    cursor: str | None = None
    for page in range(100):
        answer = replicas[page % 3].search(replace(query, cursor=cursor))
        seen.extend(hit.record.id for hit in answer.hits)
        cursor = answer.cursor
        if cursor is None:
            break
        if page % every:
            continue
        changed = sorted(at_first - removed)[page::9]
        collection.upsert([record(f"new {page}", page, n=page)])
        collection.upsert([record(one, int(one[1:]), n=page) for one in changed[1:]])
        collection.remove(changed[:1])
        removed.update(changed[:1])
    assert cursor is None
    assert page > 5
    assert len(seen) == len(set(seen)), "a record was on two pages"
    assert at_first - removed <= set(seen), "a record was skipped"


def test_cursor_is_refused_clearly_where_its_pages_are_gone(collection: Collection) -> None:
    grouped = Query((), sort=(Sort("n"),), group=Group("n"), limit=7)
    plain = replace(QUERIES["hybrid"], limit=7, beyond=True)
    for query, is_kept in ((grouped, True), (plain, False)):
        searcher = searcher_of(collection)
        cursor = searcher.search(query).cursor
        assert cursor is not None
        collection.upsert([record(f"new {is_kept}", 1, n=1)])
        assert searcher.search(replace(query, cursor=cursor)).hits
        if not is_kept:
            collection.saved_queries.forget(time.time() + 1, 10)
        with pytest.raises(StaleCursorError, match="start again without it"):
            searcher_of(collection).search(replace(query, cursor=cursor))


def test_cursor_of_another_collection_is_refused(collection: Collection, tmp_path: Path) -> None:
    query = replace(QUERIES["semantic"], limit=7)
    with Collection(tmp_path / "d" / "c", create=True) as other:
        other.claim_space(ENCODER.space)
        other.upsert([record(f"r{n}", n, n=n) for n in range(80)])
        cursor = searcher_of(other).search(query).cursor
        with pytest.raises(CursorError, match="of another collection"):
            searcher_of(collection).search(replace(query, cursor=cursor))


def test_key_is_only_the_owners_and_made_once(collection: Collection) -> None:
    cursor = searcher_of(collection).search(replace(QUERIES["semantic"], limit=7)).cursor
    key = collection.path / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    assert searcher_of(collection).search(replace(QUERIES["semantic"], limit=7, cursor=cursor)).hits
    assert key.read_bytes() == before


def test_deep_pages_do_not_rank_everything_again(collection: Collection) -> None:
    collection.upsert([record(f"more {n}", n, n=n) for n in range(1500)])
    searcher = searcher_of(collection)
    query = Query((Term(text="red"),), "image", limit=5, mode="semantic")
    depths: list[int] = []
    ranked = searcher._ranker.ranked

    def counted(plan: Plan, scorers: Scorers, depth: int, *rest: Any) -> Ranked:
        depths.append(depth)
        return ranked(plan, scorers, depth, *rest)

    searcher._ranker.ranked = counted  # type: ignore[method-assign, assignment]
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        answer = searcher.search(replace(query, cursor=cursor))
        cursor, pages = answer.cursor, pages + 1
    assert pages == 316
    assert len(depths) <= 5


def is_listed(searcher: Searcher, cursor: str | None) -> bool:
    listing = searcher._continuations.position(cursor or "").listing
    return searcher._listings.get(listing) is not None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_listings_are_kept_within_limits_of_number_size_and_age(collection: Collection) -> None:
    clock = Clock()
    searcher = searcher_of(collection)
    searcher._listings = ResultLists(max_count=3, max_age_s=100, clock=clock)
    made = []
    for word in WORDS[:5]:
        query = Query((Term(text=word),), "image", limit=5, mode="semantic")
        made.append((query, searcher.search(query).cursor))
        clock.now += 10
    assert len(searcher._listings) == 3
    collection.upsert([record("new", 1, n=1)])
    assert [is_listed(searcher, cursor) for _, cursor in made] == [False] * 2 + [True] * 3
    for query, cursor in made:
        assert searcher.search(replace(query, cursor=cursor)).hits
    clock.now += 101
    assert not is_listed(searcher, made[4][1])


def test_replaced_index_segments_are_not_kept_for_long(collection: Collection) -> None:
    searcher = searcher_of(collection)
    searcher._listings = ResultLists(max_old_bytes=100_000)
    query = Query((Term(text="red"),), "image", limit=5, mode="semantic")
    cursors = []
    for turn in range(6):  # each merges the segments there were into a new one
        cursors.append(searcher.search(query).cursor)
        collection.upsert([record(f"t{turn} {n}", n, n=n) for n in range(200 * 2**turn)])
    assert len(searcher._listings) < 6
    assert searcher.search(replace(query, cursor=cursors[-1])).hits
    assert is_listed(searcher, cursors[-1])
    assert not is_listed(searcher, cursors[0])


def test_texts_that_arrive_while_somebody_scrolls_change_nothing_for_him(tmp_path: Path) -> None:
    """What is written beside pictures is ranked, too; not on pages that began before."""
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(ENCODER.space)
        both = [record(f"r{n}", n, n=n) for n in range(60)]
        collection.upsert([replace(one, parts=one.parts[:1]) for one in both])
        searcher = searcher_of(collection)
        query = Query((Term(text="red and blue"),), limit=20)
        first = searcher.search(query)
        collection.upsert(both)
        second = searcher.search(replace(query, cursor=first.cursor))
        third = searcher.search(replace(query, cursor=second.cursor))
        seen = [hit.record.id for page in (first, second, third) for hit in page.hits]
        assert len(seen) == len(set(seen)) == 60
        again = searcher.search(query)
        assert "text" in {one.ranking for hit in again.hits for one in hit.contributions}
        with pytest.raises(StaleCursorError):
            searcher_of(collection).search(replace(query, cursor=first.cursor))
