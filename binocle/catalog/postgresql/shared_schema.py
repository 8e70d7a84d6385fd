"""A schema that processes share for what is no catalogue: its transactions, and who is alive."""

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from binocle.catalog import dialect
from binocle.catalog.postgresql.connections import Connections

_BUSY_TIMEOUT_S = 10.0
_LOCK_SPACE = 0x62696E73  # "bins": half of a lock's key, the other half is of the schema
_LOOK_EVERY_S = 5.0  # whether the connection that says who is alive is still there


@dataclass(frozen=True, slots=True)
class SchemaStatements:
    """Runs statements in a transaction."""

    connection: sa.Connection

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Any:
        """Run a statement with ``?`` for each parameter; return its rows."""
        return dialect.run(self.connection, query, *parameters)


class SharedSchema:
    """Transactions in a schema, one at a time among all processes. Thread-safe.

    A process that is called by a number is alive as long as it holds the lock of that number, which
    the server takes from it when it ends, in whatever way.
    """

    def __init__(self, address: sa.URL, schema: str, what: str, number: int) -> None:
        """Set up; nothing is opened yet.

        Args:
            address: Of the database.
            schema: Whose tables statements mean; it need not be there.
            what: It is, for messages.
            number: Of this process, 64 bits.
        """
        self._connections = Connections(address, schema, _BUSY_TIMEOUT_S, what)
        self._schema, self._number = schema, number
        self._alive: sa.Connection | None = None
        self._looked_at, self._lock = 0.0, threading.Lock()

    def make(self, statements: Sequence[str]) -> None:
        """Make the schema and what statements make in it; what is there stays.

        Raises:
            StorageError: It cannot be made.
        """
        with self._connections.errors(), self._connections.engine.begin() as connection:
            self._take_turn(connection)
            dialect.run(connection, f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            for statement in statements:
                dialect.run(connection, statement)

    @contextmanager
    def using(self) -> Iterator[SchemaStatements]:
        """Give a transaction, which is undone where something is raised.

        Raises:
            StorageError: The server cannot be reached, or refuses.
        """
        with self._connections.errors():
            self._stay_alive()
            with self._connections.engine.begin() as connection:
                dialect.run(connection, "SET LOCAL synchronous_commit TO off")
                self._take_turn(connection)
                yield SchemaStatements(connection)

    def is_alive(self, number: int) -> bool:
        """Tell whether another process of a number is alive.

        Raises:
            StorageError: The server cannot be reached.
        """
        with self._connections.errors(), self._connections.engine.begin() as connection:
            query = "SELECT pg_try_advisory_xact_lock(?)"
            return not dialect.run(connection, query, _signed(number)).scalar()

    def close(self) -> None:
        """Be alive no more, and close all connections."""
        with self._lock, suppress(SQLAlchemyError):
            if self._alive is not None:
                dialect.run(self._alive, "SELECT pg_advisory_unlock_all()")
                self._alive.close()
        self._alive = None
        self._connections.close()

    def _take_turn(self, connection: sa.Connection) -> None:
        key = zlib.crc32(self._schema.encode()) - 2**31
        dialect.run(connection, "SELECT pg_advisory_xact_lock(?, ?)", _LOCK_SPACE, key)

    def _stay_alive(self) -> None:
        """Hold this process's lock; anew, where the server was started anew."""
        with self._lock:
            now = time.monotonic()
            if self._alive is not None and now - self._looked_at < _LOOK_EVERY_S:
                return
            if self._alive is not None:
                try:
                    dialect.run(self._alive, "SELECT 1")
                except SQLAlchemyError:
                    self._alive.invalidate()
                    self._alive.close()
                    self._alive = None
            if self._alive is None:
                connection = self._connections.engine.connect()
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                dialect.run(connection, "SELECT pg_advisory_lock(?)", _signed(self._number))
                self._alive = connection
            self._looked_at = now


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number
