"""The state of a service in one SQLite file of the data home, which only its owner can read.

Several services of a home share it; each holds a lock while it lives, so that the others know whose
work has ended.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from api.service_state.state import VERSION, tables
from binocle.errors import StorageError
from binocle.files import PRIVATE_FILE, make_folder

SERVICE_FILE = "service.sqlite"
_BUSY_TIMEOUT_S = 10.0


class ServiceFile:
    """A ``ServiceState`` in a file, opened when it is first used."""

    def __init__(self, home: Path) -> None:
        self.path = home / SERVICE_FILE
        self.service = secrets.token_hex(8)
        self._locks = home / "services"
        self._alive: FileLock | None = None
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """Tell whether anything was ever kept."""
        return self.path.exists()

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Give the tables in a transaction; see ``ServiceState``."""
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

    def others(self) -> list[str]:
        """Return the names of other services that live, or were killed."""
        names = [path.stem for path in self._locks.glob("*.lock")]
        return [name for name in names if name != self.service]

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
        if version > VERSION:
            raise StorageError(f"{self.path} was written by a newer Binocle; upgrade this one")
        if version < VERSION:
            for statement in tables("INTEGER PRIMARY KEY AUTOINCREMENT", "REAL", "BLOB"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
