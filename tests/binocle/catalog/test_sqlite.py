"""Connections to a catalogue: opened while others make it, and while the disk fails."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from binocle.catalog.query_file import SqliteQueryStore
from binocle.catalog.sqlite import SqliteCatalog
from binocle.errors import StorageError


def test_a_new_catalogue_waits_for_whoever_makes_it_too(tmp_path: Path) -> None:
    with closing(
        sqlite3.connect(tmp_path / "c", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.3, other.execute, ["COMMIT"])
        done.start()
        with closing(SqliteCatalog(tmp_path / "c")) as catalog, catalog.reading() as session:
            assert session.history.change() == 0
        done.join()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switch on and off that files can be opened for reading only, as SQLite then opens them."""
    connect, is_failing = sqlite3.connect, False

    def open_it(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        if is_failing:
            database, options = f"file:{database}?mode=ro", {**options, "uri": True}
            database = database.replace("file:file:", "file:")
        opened: sqlite3.Connection = connect(database, *arguments, **options)
        return opened

    def switch(on: bool) -> None:
        nonlocal is_failing
        is_failing = on

    monkeypatch.setattr(sqlite3, "connect", open_it)
    return switch


def test_catalogue_is_written_again_when_the_disk_works_again(
    tmp_path: Path, failing: Callable[[bool], None]
) -> None:
    with closing(SqliteCatalog(tmp_path / "c")) as catalog, catalog.reading():
        failing(True)
        with pytest.raises(StorageError, match="readonly"), catalog.writing() as session:
            session.meta.put("change", 6)
        failing(False)
        with catalog.writing() as session:
            session.meta.put("change", 7)
        with catalog.reading() as session:
            assert session.history.change() == 7


def test_queries_are_kept_again_when_the_disk_works_again(
    tmp_path: Path, failing: Callable[[bool], None]
) -> None:
    with closing(SqliteQueryStore(tmp_path)) as store:
        store.put({b"a": "one"}, 1.0)
    with closing(SqliteQueryStore(tmp_path)) as store:
        failing(True)
        with pytest.raises(StorageError, match="readonly"):
            store.put({b"b": "two"}, 2.0)
        failing(False)
        store.put({b"b": "two"}, 2.0)
        assert store.get(b"b", 0.0) == "two"
