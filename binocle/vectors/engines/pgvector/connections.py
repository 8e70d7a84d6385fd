"""Connections to the PostgreSQL that has vectors: a few kept open, its errors in our words."""

import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from binocle.errors import StorageError, UnreachableError

_T = TypeVar("_T")
_KEPT = 4
_FULL, _MAY_NOT, _NO_DATABASE, _NO_TABLE = "53100", "42501", "3D000", "42P01"


class VectorConnections:
    """Connections to one database. Thread-safe.

    Attributes:
        name: What messages call the vectors.
    """

    def __init__(self, address: str, name: str) -> None:
        """Set up; nothing is opened yet.

        Args:
            address: ``postgresql://…`` without a password, which libpq takes from ``PGPASSWORD`` or
                ``~/.pgpass``.
            name: What messages call the vectors.
        """
        self.name = name
        self._address = address
        self._idle: list[Connection[Any]] = []
        self._changing = threading.Lock()
        weakref.finalize(self, _close, self._idle)  # whoever holds a view may still search it

    def run(self, work: Callable[["Connection[Any]"], _T]) -> _T:
        """Do some work with a connection, once more where a kept one was lost meanwhile.

        Args:
            work: Can be begun anew.

        Raises:
            UnreachableError: The server cannot be reached, or refuses the user.
            StorageError: Something else.
        """
        while True:
            with self._changing:
                kept = self._idle.pop() if self._idle else None
            connection = kept or self._opened()
            try:
                return work(connection)
            except psycopg.Error as error:
                if kept is not None and kept.closed and _is_lost(error):
                    continue
                raise self._translated(error) from error
            finally:
                self._keep(connection)

    def _opened(self) -> "Connection[Any]":
        try:
            return psycopg.connect(
                self._address,
                autocommit=True,
                application_name="binocle",
                connect_timeout=10,
                options="-c jit=off",  # compiling takes longer than the search
            )
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _keep(self, connection: "Connection[Any]") -> None:
        is_idle = connection.info.transaction_status == TransactionStatus.IDLE
        with self._changing:
            if is_idle and len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()

    def _translated(self, error: psycopg.Error) -> StorageError:
        text, state = " ".join(str(error).split()), error.sqlstate or ""
        if state.startswith("28") or "authentication failed" in text or "password" in text:
            return UnreachableError(
                f"PostgreSQL refuses the user of {self.name} ({text}); set PGPASSWORD, or write "
                "the password to ~/.pgpass"
            )
        if state == _NO_DATABASE or ("database" in text and "does not exist" in text):
            return UnreachableError(f"{self.name}: {text}; make it with createdb")
        if state == _MAY_NOT:
            return UnreachableError(
                f"{self.name}: the user lacks a right ({text}); the owner of the database gives "
                "it: GRANT CREATE ON DATABASE … TO …"
            )
        if state == _FULL:
            return StorageError(
                f"the disk of {self.name} is full ({text}); make room: they are pushed again then"
            )
        if state == _NO_TABLE:
            return StorageError(f"{self.name} are not there any more ({text})")
        if _is_lost(error):
            return UnreachableError(
                f"{self.name} cannot be reached ({text}); see whether the server runs, and try "
                "again"
            )
        return StorageError(f"{self.name}: {text}")


def _is_lost(error: psycopg.Error) -> bool:
    state = error.sqlstate or ""
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
        not state or state.startswith(("08", "57P"))
    )


def _close(idle: "list[Connection[Any]]") -> None:
    for one in idle:
        one.close()
