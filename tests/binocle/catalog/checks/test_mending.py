"""What follows from the records is made anew as it was."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from binocle.catalog.checks import mending
from binocle.catalog.sqlite import SqliteCatalog
from binocle.errors import BusyError, StorageError

_TABLES: dict[Callable[[Path], None], str] = {
    mending.rewrite_metadata: "SELECT record_id, field_id, number, text, listed FROM attributes",
    mending.rewrite_words: "SELECT rowid, text, joined FROM words",
    mending.drop_traces: "SELECT id, key, uri, metadata FROM records",
    mending.make_indices: "SELECT name, sql FROM sqlite_schema WHERE type = 'index'",
}


@pytest.mark.parametrize("mend", _TABLES)
def test_what_was_sound_is_the_same_afterwards(folder: Path, mend: Callable[[Path], None]) -> None:
    def rows() -> list[Any]:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as database:
            return sorted(database.execute(_TABLES[mend]), key=repr)

    before = rows()
    assert before
    mend(folder / "catalog.sqlite")
    assert rows() == before


def test_reader_who_keeps_the_log_is_told_of_soon(folder: Path) -> None:
    path = folder / "catalog.sqlite"
    SqliteCatalog(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchone()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM records WHERE key = 'g3'")
        for mend in (mending.clear_removed, mending.drop_traces):
            started = time.monotonic()
            with pytest.raises(BusyError, match="somebody reads"):
                mend(path)
            assert time.monotonic() - started < 10
    mending.drop_traces(path)


def test_labels_that_wait_for_other_records_stay(folder: Path) -> None:
    path = folder / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        rows = [(key, bytes(32), "tint", '"red"', 1) for key in ("gone", "to come")]
        names = "key, sha256, field, value, since"
        database.executemany(f"INSERT INTO waiting_labels ({names}) VALUES (?, ?, ?, ?, ?)", rows)
    mending.drop_traces(path, "gone")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT key FROM waiting_labels").fetchall() == [("to come",)]


@pytest.mark.parametrize(
    ("mend", "told"),
    [
        (mending.look_again, r"is damaged .*; restore it"),
        (mending.rewrite_words, r"is damaged .*; restore it"),
        (mending.drop_traces, "cannot be written"),
    ],
)
def test_catalogue_that_cannot_be_written_is_told_in_our_words(
    folder: Path, mend: Callable[[Path], None], told: str
) -> None:
    (folder / "catalog.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match=told):
        mend(folder / "catalog.sqlite")
