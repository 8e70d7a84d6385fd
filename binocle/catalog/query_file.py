"""Kept queries of a catalogue in an SQLite file, in a file of their own.

A search keeps its query, and must not wait for whoever is writing records: so these lie beside the
catalogue, not in it. They are private, live for days and are no part of a backup; a power cut may
cost a few.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from binocle.errors import StorageError

QUERY_FILE = "turns.sqlite"
_FORMAT = 1
_SCHEMA = """
create table if not exists turns (
  id integer primary key autoincrement,
  name blob not null unique,
  at real not null,
  query text not null
)
"""


class SqliteQueryStore:
    """A ``QueryStore``. Thread-safe; several processes may share the file."""

    def __init__(self, folder: Path) -> None:
        """Set up; the file is made when the first query is kept.

        Args:
            folder: The collection's.
        """
        self._path = folder / QUERY_FILE
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def put(self, queries: Mapping[bytes, str], at: float) -> None:
        """Keep queries by their names; see ``QueryStore``."""
        rows = [(name, at, query) for name, query in queries.items()]
        with self._opened() as database, database:
            database.executemany("insert into turns (name, at, query) values (?, ?, ?)", rows)

    def get(self, name: bytes, oldest: float) -> str | None:
        """Return a query that is kept; see ``QueryStore``."""
        if not self._path.is_file():
            return None
        with self._opened() as database:
            found = database.execute(
                "select query from turns where name = ? and at >= ?", (name, oldest)
            ).fetchall()
        return found[0][0] if found else None

    def forget(self, oldest: float, most: int) -> None:
        """Keep the newest only; see ``QueryStore``."""
        with self._opened() as database, database:
            database.execute("delete from turns where at < ?", (oldest,))
            database.execute(
                "delete from turns where id <= (select max(id) from turns) - ?", (most,)
            )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if self._database is None:
                    self._database = self._open()
                yield self._database
        except (sqlite3.Error, OSError) as error:
            self.close()  # what was opened while the disk failed may be for reading only
            raise StorageError(str(error)) from error

    def _open(self) -> sqlite3.Connection:
        # For its owner only, as queries are private. One that is there is left alone: closing it
        # would drop the locks that other connections of this process have on it.
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        database = sqlite3.connect(self._path, timeout=5.0, check_same_thread=False)
        try:
            database.execute("pragma journal_mode=wal")
            database.execute("pragma synchronous=off")
            if database.execute("pragma user_version").fetchone()[0] != _FORMAT:
                database.execute("drop table if exists turns")  # of another version
                database.execute(f"pragma user_version={_FORMAT}")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database
