"""What the service keeps over restarts beside its collections: jobs, webhooks, deliveries.

One SQLite file in the data home that only its owner can read. Several services of a home share it;
each holds a lock while it lives, so that the others know whose work has ended.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from binocle.errors import StorageError
from binocle.files import PRIVATE_FILE, make_folder

_VERSION = 1
_BUSY_TIMEOUT_S = 10.0
_TABLES = """
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, service TEXT NOT NULL,
  collection TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
  document TEXT NOT NULL, is_cancelled INTEGER NOT NULL DEFAULT 0, result BLOB
);
CREATE INDEX jobs_of_collection ON jobs (collection, number);
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL,
  collections TEXT, owner TEXT NOT NULL, created_at TEXT NOT NULL, ended TEXT
);
CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  type TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  due_at REAL NOT NULL, created_at TEXT NOT NULL, tried_at TEXT, status INTEGER, error TEXT
);
CREATE INDEX deliveries_due ON deliveries (state, due_at);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, number);
"""


class ServiceFile:
    """The file, opened when it is first used. Thread-safe.

    What is written outlives the process, whatever ends it; the last moments before a power cut may
    be lost.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "service.sqlite"
        self.service = secrets.token_hex(8)
        self._locks = home / "services"
        self._alive: FileLock | None = None
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Give the database in a transaction, which is undone where something is raised.

        Raises:
            StorageError: The file cannot be read or written, or is of a newer Binocle.
        """
        with self._lock:
            try:
                database = self._opened()
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                raise StorageError(f"cannot use {self.path} ({error})") from error

    def is_alive(self, service: str) -> bool:
        """Tell whether the service that wrote something still runs."""
        if service == self.service:
            return True
        path = self._locks / f"{service}.lock"
        try:
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the file, and let others know that this service has ended."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None
            if self._alive is not None:
                self._alive.release()
                with suppress(OSError):
                    Path(self._alive.lock_file).unlink()
                self._alive = None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            make_folder(self._locks)
            self._alive = FileLock(self._locks / f"{self.service}.lock", mode=PRIVATE_FILE)
            self._alive.acquire(timeout=0)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            database = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute("PRAGMA foreign_keys = ON")
                database.execute("PRAGMA secure_delete = ON")  # secrets of removed webhooks
                self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise StorageError(f"{self.path} was written by a newer Binocle; upgrade this one")
        if version == 0:
            for statement in filter(str.strip, _TABLES.split(";")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")
