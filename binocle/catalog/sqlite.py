"""A catalogue in an SQLite file: opening it, its transactions, SQLite's errors in our words."""

import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from binocle.catalog import damage, migrations
from binocle.catalog.catalog_file import read_only_uri
from binocle.catalog.dialect import sqlite_engine
from binocle.catalog.query_file import SqliteQueryStore
from binocle.catalog.tables import filter_sql, schema
from binocle.catalog.tables.fulltext import Fts5Index
from binocle.catalog.tables.session import SqliteSession, SqlSession
from binocle.errors import BusyError, StorageError
from binocle.files import PRIVATE_FILE, identity

_log = logging.getLogger(__name__)
_BUSY_TIMEOUT_S = 30.0
_PAUSE_S, _PAUSE_SHARE = 0.02, 0.4


_Stamp: TypeAlias = tuple[tuple[int, int], ...]


class _NoRoomError(StorageError):
    has_no_room = True


class SqliteCatalog:
    """A SQLite file with its tables. Thread-safe; several processes may open the same file."""

    def __init__(self, path: Path) -> None:
        """Open a catalogue, making it where there is none.

        Raises:
            StorageError: It cannot be opened, is damaged, or was made by a newer Binocle.
        """
        self._path = path
        self._file: tuple[int, int] | None = None
        self.saved_queries = SqliteQueryStore(path.parent)
        _make_private(path)
        self._opening = threading.RLock()
        self._full_since: _Stamp | None = None
        self._open()

    def _open(self) -> None:
        """Connect, for reading alone where the disk has no room for what SQLite puts beside."""
        self._read_only = not os.access(self._path.parent, os.W_OK)
        self._engine = self._engine_for(read_only=self._read_only)
        self._full_since = _stamp_of(self._path) if self._read_only else None
        try:
            try:
                self._prepare()
            except _NoRoomError:
                if self._read_only or not self._path.stat().st_size:
                    raise
                self._engine.dispose()
                self._read_only, self._full_since = True, _stamp_of(self._path)
                self._engine = self._engine_for(read_only=True)
                self._prepare()
                _log.warning("no room beside %s: it is only read until there is", self._path)
            self._file = self._file or identity(self._path)
        except BaseException:
            self.close()
            raise

    def _engine_for(self, *, read_only: bool) -> sa.Engine:
        address = f"file:{quote(os.fsencode(self._path.absolute()))}"
        uri = read_only_uri(self._path) if read_only else address
        engine = sqlite_engine(partial(self._connect, uri), pool_size=8, max_overflow=32)
        sa.event.listen(engine, "connect", _configure_reader if read_only else _configure)
        return engine

    def _connect(self, uri: str) -> sqlite3.Connection:
        """Open the file once more, unless it was replaced: two are not one catalogue."""
        if self._file is not None and identity(self._path) != self._file:
            raise sqlite3.OperationalError("the file was replaced; open the collection again")
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)

    def _open_again(self, *, if_changed: bool) -> None:
        """Leave the state of a disk that is full, or only read, if it is so no more."""
        with self._opening:
            if self._full_since is None:
                return
            if not if_changed or self._full_since != _stamp_of(self._path):
                self._engine.dispose()
                self._open()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self.saved_queries.close()

    def rest(self) -> None:
        """Close the connections that nobody uses just now; the next session opens one again."""
        self.close()

    @contextmanager
    def reading(self) -> Iterator[SqliteSession]:
        """Give a session that sees one state of the catalogue."""
        if self._full_since is not None:
            self._open_again(if_changed=True)
        with self._errors(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("BEGIN")  # a fifth of what SQLAlchemy takes; closing rolls back
            yield SqlSession(connection, Fts5Index)

    @contextmanager
    def writing(self) -> Iterator[SqliteSession]:
        """Give a session whose changes are committed together, or not at all."""
        if self._full_since is not None:
            self._open_again(if_changed=False)
        with self._errors(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield SqlSession(connection, Fts5Index)
            except BaseException:
                _roll_back(connection)
                raise
            try:
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    def _prepare(self) -> None:
        """Make the tables, or bring those of an older format up to date; the number decides."""
        with self.reading() as session:
            is_new = not sa.inspect(session.connection).has_table("meta")
            known, additions = (None, None) if is_new else session.meta.get("format", "additions")
            in_step = not is_new and session.words.is_ready()
            has_sums = not is_new and migrations.has_checksums(session)
        version = int(known or 0)
        if version > schema.FORMAT:
            raise StorageError(
                f"the collection at {self._path.parent} has format {version}, made by a newer "
                f"Binocle; this one reads up to {schema.FORMAT}: upgrade it"
            )
        if self._read_only:
            if version < schema.FORMAT:
                raise StorageError(
                    f"the collection at {self._path.parent} has format {version} and its folder is "
                    "read-only; open it once where it can be written, which brings it up to date"
                )
            return
        if is_new:
            with self.writing() as session:
                migrations.make(session)
            return
        if (version, int(additions or 0)) < (schema.FORMAT, schema.ADDITIONS):
            with self.writing() as session:
                migrations.migrate(session)
        if not in_step:
            self._fill(migrations.fill_words)
        if not has_sums:
            self._fill(migrations.fill_checksums)

    def _fill(self, fill: Callable[[SqliteSession], bool]) -> None:
        """Add what an older catalogue lacks, in slices, letting others write between two.

        A process that is killed has lost its last slice; whoever opens the catalogue next goes on.

        Args:
            fill: Does the next slice, and tells whether there are more.
        """
        has_more = True
        while has_more:
            started = time.monotonic()
            with self.writing() as session:
                has_more = fill(session)
            if has_more:
                # SQLite keeps no queue: whoever waits for the lock looks again from time to time.
                time.sleep(max(_PAUSE_S, _PAUSE_SHARE * (time.monotonic() - started)))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise self._translated(error.orig or error) from error
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error
        except SQLAlchemyError as error:
            raise StorageError(f"the catalogue {self._path}: {error}") from error

    def _translated(self, error: BaseException) -> StorageError:
        """Return an error in our words; connections that may be broken are opened anew."""
        text = str(error)
        if re.search("readonly|disk I/O error|unable to open", text):
            # SQLite opens for reading only what it cannot open for writing while a disk fails, and
            # keeps it so.
            self._engine.dispose()
        if "locked" in text or "busy" in text:
            return BusyError(
                f"the catalogue of {self._path.parent.name} was locked by another process for "
                f"more than {_BUSY_TIMEOUT_S:g} s; try again"
            )
        if "ask again" in text:  # it was moved, or embedded with another model
            if left := damage.move_cut_off(self._path.parent):
                return StorageError(f"{left}: {damage.move_remedy(self._path.parent.name)}")
            return BusyError(f"the catalogue of {self._path.parent.name}: {text}")
        if "disk is full" in text or "disk I/O error" in text:
            return _NoRoomError(
                f"the disk that holds {self._path.parent} is full or failing ({text}); everything "
                "committed so far is kept: make room and run the same command again"
            )
        if "malformed" in text or "not a database" in text:
            return StorageError(
                f"the catalogue {self._path} is damaged ({text}); restore it from a backup, or "
                "remove the collection and index again"
            )
        if "readonly" in text or "unable to open" in text:
            return StorageError(f"the catalogue {self._path} cannot be opened or written ({text})")
        return StorageError(f"the catalogue {self._path}: {text}")


def _stamp_of(path: Path) -> _Stamp:
    """Return what changes when somebody writes to a catalogue."""
    there = [one for one in (path, path.with_name(path.name + "-wal")) if one.exists()]
    return tuple((status.st_mtime_ns, status.st_size) for status in map(os.stat, there))


def _make_private(path: Path) -> None:
    """Make the file of a catalogue where there is none: its owner's alone, as those beside it.

    SQLite gives its log the mode of the file it belongs to.
    """
    with suppress(OSError):  # it is there, or SQLite will say what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))


def _add_functions(connection: Any, _record: object) -> None:
    filter_sql.add_functions(connection)
    connection.isolation_level = None  # transactions are begun by hand, some of them IMMEDIATE


def _configure_reader(connection: Any, record: object) -> None:
    """Read an older catalogue that cannot be brought up to date: it may have no checksums."""
    _add_functions(connection, record)
    known = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    for table in ("vector_checksums", "likeness_checksums", "info_checksums", "part_checksums"):
        if table not in known:
            connection.execute(f"CREATE TEMP TABLE {table} (part_id, crc32)")
    for name, columns in (
        ("picture_colours", "part_id, colour"), ("rules", "version, document, sha256, at, note"),
    ):  # fmt: skip
        if name not in known:
            connection.execute(f"CREATE TEMP TABLE {name} ({columns})")


def _configure(connection: Any, record: object) -> None:
    _add_functions(connection, record)
    _begin_log(connection)
    for pragma in (
        "synchronous=FULL",  # neither a killed process nor a power cut loses what is committed
        "foreign_keys=ON",
        "cache_size=-65536",
        "mmap_size=0",  # a file that is cut off under a mapping would end the process
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_log(connection: sqlite3.Connection) -> None:
    """Have readers go on while one writes.

    While another process does the same with a new catalogue, SQLite does not wait as it does else.
    """
    give_up = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _roll_back(connection: sa.Connection) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK")
    except SQLAlchemyError:
        pass  # SQLite has rolled back by itself, as it does when the disk is full
