"""The file of a catalogue, read as it is: for backups and for examinations.

``SqliteCatalog`` brings what it opens up to date; this changes nothing, and reads what is damaged
as far as it can be read.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from binocle.errors import StorageError
from binocle.files import PRIVATE_FILE

SQLITE_VERSION = sqlite3.sqlite_version
_BUSY_TIMEOUT_S = 30.0
_MOST_FAULTS = 20


class CatalogFile:
    """One state of a catalogue's file, from ``reading``. Not thread-safe.

    Attributes:
        path: The file.
        database: A transaction on it.
        is_copy: Whether the catalogue itself is elsewhere, in PostgreSQL.
    """

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        later: "Callable[[], AbstractContextManager[CatalogFile]] | None" = None,
    ) -> None:
        """Set up.

        Args:
            path: The file.
            database: Inside a transaction.
            later: Gives the state of then, where the file is a copy of what is elsewhere.
        """
        self.path = path
        self.database = database
        self.is_copy = later is not None
        self._later = later or partial(reading, path)

    def later(self) -> "AbstractContextManager[CatalogFile]":
        """Give the state of now, which others may have written to since this one."""
        return self._later()

    def value(self, key: str) -> str | None:
        """Return a value of the table ``meta``; None where it is not set.

        Raises:
            StorageError: It cannot be read.
        """
        rows = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return None if not rows else str(rows[0][0])

    def change(self) -> int:
        """Return the number of the newest change."""
        return int(self.value("change") or 0)

    def token(self, number: int) -> str | None:
        """Return the token of a change; None where it is not known."""
        rows = self.rows("SELECT token FROM changes WHERE number = ?", number)
        return None if not rows else str(rows[0][0])

    def count_records(self) -> int:
        """Return the number of records."""
        return int(self.rows("SELECT count(*) FROM records")[0][0])

    def uris(self, scheme: str) -> list[str]:
        """Return the different uris of parts that begin with a scheme, in order."""
        query = "SELECT DISTINCT uri FROM parts WHERE substr(uri, 1, ?) = ? ORDER BY uri"
        return [row[0] for row in self.rows(query, len(scheme), scheme)]

    def faults(self, *, thorough: bool = False) -> list[str]:
        """Return what SQLite finds wrong with the file.

        Args:
            thorough: Compare the indices with their tables too.
        """
        check = "integrity_check" if thorough else "quick_check"
        try:
            found = [str(row[0]) for row in self.rows(f"PRAGMA {check}({_MOST_FAULTS})")]
        except StorageError as error:
            return [str(error)]
        return [one for one in found if one != "ok"]

    def iterate(self, query: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, a few at a time.

        Raises:
            StorageError: The file cannot be read, or is none of a catalogue.
        """
        try:
            yield from self.database.execute(query, parameters)
        except sqlite3.Error as error:
            raise StorageError(f"the catalogue {self.path} cannot be read ({error})") from error

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """Return all rows of a query.

        Raises:
            StorageError: The file cannot be read, or is none of a catalogue.
        """
        return list(self.iterate(query, *parameters))


@contextmanager
def reading(
    path: Path, later: Callable[[], AbstractContextManager[CatalogFile]] | None = None
) -> Iterator[CatalogFile]:
    """Give one state of a catalogue's file; whoever writes meanwhile is not disturbed.

    Args:
        path: The file.
        later: See ``CatalogFile``.

    Raises:
        StorageError: It is not there, or no SQLite file.
    """
    try:
        with closing(_opened(path)) as database:
            database.text_factory = _decoded
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            yield CatalogFile(path, database, later)
    except sqlite3.Error as error:
        raise StorageError(f"the catalogue {path} cannot be read ({error})") from error


def copy_catalog(path: Path, to: Path) -> None:
    """Copy a catalogue as of one moment, by SQLite's own backup; writers go on meanwhile.

    Args:
        path: The catalogue.
        to: A file that is made; it needs no log of recent changes beside it.

    Raises:
        StorageError: It cannot be read or written.
    """
    try:
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
        with closing(_opened(path)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"the catalogue {path} cannot be copied to {to} ({error})") from error


def read_only_uri(path: Path) -> str:
    """Return how to open a catalogue in a folder where SQLite can make no files beside it.

    A catalogue that nobody has open can be told to stay as it is. Where there is a log of recent
    changes, somebody has, and SQLite reads both.
    """
    log = path.with_name(path.name + "-wal")
    is_open = log.exists() and log.stat().st_size > 0
    options = "mode=ro" if is_open else "mode=ro&immutable=1"
    return f"file:{quote(os.fsencode(path.absolute()))}?{options}"


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")  # a flipped byte may be no UTF-8 any more


def query_faults(path: Path) -> list[str]:
    """Return what is wrong with a file of kept queries, which is not changed."""
    return sqlite_faults(path, "SELECT id, name, at, query FROM turns LIMIT 1")


def sqlite_faults(path: Path, probe: str) -> list[str]:
    """Return what is wrong with an SQLite file, which is not changed.

    Args:
        path: The file; an empty one is no fault.
        probe: A query that a sound one answers.
    """
    try:
        with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as database:
            faults = [row[0] for row in database.execute("PRAGMA quick_check") if row[0] != "ok"]
            if database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                database.execute(probe).fetchall()
    except sqlite3.Error as error:
        faults = [str(error)]
    return faults


def _opened(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    if not os.access(path.parent, os.W_OK):
        uri = read_only_uri(path)
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
