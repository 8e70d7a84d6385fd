"""A catalogue in a file: made by two at once, on a failing disk, read-only, damaged, newer."""

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.catalog.query_file import SqliteQueryStore
from binocle.catalog.sqlite import SqliteCatalog
from binocle.collection.collection import Collection
from binocle.errors import BusyError, StorageError
from binocle.metadata.filter_parsing import parse_json
from binocle.types import NewPart, NewRecord, Space


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


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders look read-only, as they do to a user without rights; the root user has all."""
    monkeypatch.setattr("binocle.catalog.sqlite.os.access", lambda *_: False)


def test_collection_in_a_read_only_folder_is_searched(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    row = np.array([1, 0], np.float32)
    part = NewPart("image", "image", "mem:", b"x", row)
    with Collection(tmp_path / "a b?", create=True) as collection:
        collection.claim_space(Space("toy", 2, "ab"))
        collection.upsert([NewRecord("a", "mem:a", {"price": 3}, (part,))])
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a b?").iterdir()}
    request.getfixturevalue("locked")
    with Collection(tmp_path / "a b?") as collection:
        where = parse_json({"price": 3})
        (found,) = collection.snapshot().nearest("image", row[np.newaxis], 1, where=where)
        assert found.record_ids.tolist() == [1]
        with pytest.raises(StorageError, match="readonly"):
            collection.remove(["a"])
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a b?").iterdir()} == before


def test_who_waits_for_others_too_long_is_told_of_the_collection_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told over HTTP."""
    monkeypatch.setattr("binocle.catalog.sqlite._BUSY_TIMEOUT_S", 0.1)
    with (
        Collection(tmp_path / "known", create=True) as collection,
        closing(sqlite3.connect(tmp_path / "known" / "catalog.sqlite")) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="the catalogue of known was locked") as told:
            collection.claim_space(Space("toy", 2, "ab"))
    assert str(tmp_path) not in str(told.value)


def test_newer_format_is_refused_kindly(tmp_path: Path) -> None:
    Collection(tmp_path / "c", create=True).close()
    with sqlite3.connect(tmp_path / "c" / "catalog.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'format'")
    connection.close()
    with pytest.raises(StorageError, match=r"format 999, made by a newer Binocle.*upgrade"):
        Collection(tmp_path / "c")


def test_damaged_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "catalog.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(StorageError, match="damaged"):
        Collection(tmp_path / "c")


def test_catalogue_that_was_opened_on_a_read_only_disk_is_written_when_it_is_so_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalog.sqlite"
    SqliteCatalog(path).close()
    with monkeypatch.context() as patch:
        patch.setattr("binocle.catalog.sqlite.os.access", lambda *_: False)
        catalog = SqliteCatalog(path)
        with pytest.raises(StorageError), catalog.writing() as session:
            session.meta.put("a", "1")
    with catalog.writing() as session:
        session.meta.put("a", "2")
    with catalog.reading() as session:
        assert session.meta.get("a") == ("2",)
    catalog.close()


@pytest.fixture
def full_disk() -> Iterator[Callable[[bool], None]]:
    """Switch on and off that no file can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def switch(is_full: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0 if is_full else soft, hard))

    yield switch
    switch(False)


def test_catalogue_on_a_full_disk_is_read_and_written_once_there_is_room(
    tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(SqliteCatalog(path)) as catalog, catalog.writing() as session:
        session.fields.declare({"price": "number"})
    full_disk(True)
    try:
        catalog = SqliteCatalog(path)
        with catalog.reading() as session:
            declared = session.fields.declared()
        refused = ""
        try:
            with catalog.writing() as session:
                session.fields.declare({"price": "keyword"})
        except StorageError as error:
            refused = str(error)
    finally:
        full_disk(False)
    assert declared == {"price": "number"}
    assert "cannot be" in refused or "full" in refused
    with closing(catalog):
        with closing(SqliteCatalog(path)) as other, other.writing() as session:
            session.fields.declare({"size": "number"})
        with catalog.reading() as session:
            assert session.fields.declared() == {"price": "number", "size": "number"}
        with catalog.writing() as session:
            session.fields.declare({"price": "keyword"})
        with catalog.reading() as session:
            assert session.fields.declared()["price"] == "keyword"
