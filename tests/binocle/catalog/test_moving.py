"""A catalogue that moves to PostgreSQL has all its rows, whoever writes, and whatever is killed."""

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from binocle.catalog import moving
from binocle.catalog.location import BEGUN_FILE, is_in_postgresql, keep_location
from binocle.catalog.moving import move_catalog
from binocle.collection.collection import Collection
from binocle.errors import BusyError, StorageError, UsageError
from binocle.metadata.filters import Comparison
from binocle.types import Limits
from search.query.query import Query, Sort, Term
from search.searcher import Searcher
from tests.support.changing_collection import ENCODER, fill, record
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
_KILLED = """
import os, sys
from pathlib import Path
from binocle.catalog import moving

keep = moving.keep_location

def keep_location(path, location):
    if path.name == "catalog.postgresql":
        os._exit(9)
    return keep(path, location)

moving.keep_location = keep_location
moving.move_catalog(Path(sys.argv[1]), sys.argv[2])
"""
QUERIES = [
    Query((Term(text="red and blue"),), "image", limit=50),
    Query((Term(text="red"),), mode="keyword", limit=50),
    Query((), sort=(Sort("n", descending=True),), limit=50),
    Query((Term(text="green"),), "any", Comparison("n", "gte", 10), limit=50),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "c", create=True) as collection:
        fill(collection)
        collection.remove(["stable 3"])
        collection.save_indices()
    return tmp_path / "c"


def schemas(server: PostgresServer) -> int:
    engine = sa.create_engine(server.address)
    with engine.connect() as connection:
        count = sa.text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'binocle_c_%'")
        found: int = connection.execute(count).scalar_one()
    engine.dispose()
    return found


def answers(folder: Path) -> list[object]:
    with Collection(folder) as collection:
        found = Searcher(collection, lambda: ENCODER, limits=Limits()).search_many(QUERIES)
        with collection.reading() as session:
            history = session.history.change(), session.history.token(session.history.change())
    hits = [[(hit.record, hit.score, hit.relevance) for hit in one.hits] for one in found]
    return [hits, history]


def test_moved_catalogue_answers_as_before_and_goes_on(
    folder: Path, server: PostgresServer
) -> None:
    before = answers(folder)
    with Collection(folder) as opened:
        told: list[tuple[str, int]] = []
        assert move_catalog(folder, server.address, lambda *one: told.append(one)) > 1000
        assert {"records", "vectors"} <= {name for name, _ in told}
        assert not opened.exists(), "whoever has it open opens it again"
        with pytest.raises(BusyError, match="moved to PostgreSQL just now; ask again"):
            opened.upsert([record("late", 1, n=1)])
    assert is_in_postgresql(folder)
    assert list(folder.glob("catalog.sqlite*")) == []
    assert answers(folder) == before
    with Collection(folder) as moved:
        moved.upsert([record("later", 1, n=10_000)])
    with Collection(folder) as moved:
        found = Searcher(moved, lambda: ENCODER, limits=Limits()).search(QUERIES[2])
        assert found.hits[0].record.id == "later"
    assert move_catalog(folder, server.address) == 0, "there is nothing left to move"


def test_what_is_acknowledged_meanwhile_is_moved(folder: Path, server: PostgresServer) -> None:
    done, acknowledged = threading.Event(), set[str]()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with suppress(StorageError), Collection(folder) as collection:
                collection.upsert([record(f"w{number}", number, n=number)])
                acknowledged.add(f"w{number}")

    threads = [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    move_catalog(folder, server.address)
    time.sleep(0.3)
    done.set()
    for thread in threads:
        thread.join(30)
    assert len(acknowledged) > 5
    with Collection(folder) as moved, moved.reading() as session:
        assert set(session.records.numbers_of(acknowledged)) == acknowledged


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("step", ["_read_words", "keep_location", "_stamp_of"])
def test_what_fails_leaves_one_whole_catalogue_and_is_finished_later(
    folder: Path,
    server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    killed: bool,
) -> None:
    before = answers(folder)[0]

    def fail(*arguments: Any) -> object:
        if arguments[0] == folder / BEGUN_FILE:
            return keep_location(*arguments)
        raise KeyboardInterrupt

    known = schemas(server)
    with monkeypatch.context() as patch:
        patch.setattr(moving, step, fail)
        if killed:  # so that nothing is cleared away
            patch.setattr(moving, "drop_schema", fail)
        with pytest.raises(KeyboardInterrupt):
            move_catalog(folder, server.address)
    assert (folder / BEGUN_FILE).exists() == killed
    with Collection(folder) as opened:
        opened.upsert([record("goes on", 1, n=1)])
        opened.remove(["goes on"])
    assert not is_in_postgresql(folder)
    assert answers(folder)[0] == before
    assert move_catalog(folder, server.address) > 1000
    assert answers(folder)[0] == before
    assert schemas(server) == known + 1, "what was given up is gone"


def test_a_move_killed_at_its_last_step_is_told_to_writers_and_completed(
    folder: Path, server: PostgresServer
) -> None:
    before, known = answers(folder)[0], schemas(server)
    with Collection(folder) as opened:
        killed = [sys.executable, "-c", _KILLED, str(folder), server.address]
        assert subprocess.run(killed, check=False).returncode == 9
        for _ in range(2):
            with pytest.raises(
                StorageError, match=r"cut off at its last step.*'binocle move c "
            ) as found:
                opened.upsert([record("late", 1, n=1)])
            assert not isinstance(found.value, BusyError), "nobody need ask again"
    assert answers(folder)[0] == before
    assert move_catalog(folder, server.address) > 1000
    assert answers(folder)[0] == before
    assert schemas(server) == known + 1
    assert [one.name for one in folder.glob("catalog.moving*")] == []


def test_a_server_that_is_not_there_changes_nothing(folder: Path, tmp_path: Path) -> None:
    before = answers(folder)
    with pytest.raises(StorageError, match="cannot be reached"):
        move_catalog(folder, f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    with pytest.raises(UsageError, match="has a password"):
        move_catalog(folder, "postgresql+psycopg://me:secret@host/database")
    assert answers(folder) == before
    with Collection(folder) as opened:
        opened.upsert([record("later", 1, n=1)])
