"""What the state of a service promises, wherever it is kept."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

VERSION = 2  # 1 had no rates


class FoundRows(Protocol):
    """What a statement has found."""

    def fetchone(self) -> Any:
        """Return the next row; None where there is none."""

    def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""


class Statements(Protocol):
    """Runs statements in a transaction."""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> FoundRows:
        """Run a statement that SQLite and PostgreSQL both understand, with ``?`` a parameter."""


class ServiceState(Protocol):
    """Jobs, webhooks, deliveries and rates of a data home, shared by its services. Thread-safe.

    What is written outlives the process, whatever ends it; the last moments before a power cut may
    be lost.
    """

    @property
    def service(self) -> str:
        """This process's name among the services that share the state."""

    def exists(self) -> bool:
        """Tell whether anything was ever kept."""

    def using(self) -> AbstractContextManager[Statements]:
        """Give the tables in a transaction, one at a time, undone where something is raised.

        Raises:
            StorageError: They cannot be read or written, or are of a newer Binocle.
        """

    def is_alive(self, service: str) -> bool:
        """Tell whether the service that wrote something still runs."""

    def close(self) -> None:
        """Close it, and let others know that this service has ended."""


def is_among(column: str, count: int) -> str:
    """Return the test whether a column has one of so many values, each a parameter."""
    return f"{column} IN ({', '.join('?' * count)})" if count else "FALSE"


def tables(number: str, real: str, binary: str) -> list[str]:
    """Return the statements that make the tables.

    Args:
        number: The type of a number that counts rows by itself.
        real: The type of seconds since 1970.
        binary: The type of bytes.
    """
    return [
        one
        for one in _TABLES.format(number=number, real=real, binary=binary).split(";")
        if one.strip()
    ]


_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
  number {number}, id TEXT NOT NULL UNIQUE, service TEXT NOT NULL,
  collection TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
  document TEXT NOT NULL, is_cancelled INTEGER NOT NULL DEFAULT 0, result {binary}
);
CREATE INDEX IF NOT EXISTS jobs_of_collection ON jobs (collection, number);
CREATE TABLE IF NOT EXISTS webhooks (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL,
  collections TEXT, owner TEXT NOT NULL, created_at TEXT NOT NULL, ended TEXT
);
CREATE TABLE IF NOT EXISTS deliveries (
  number {number}, id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  type TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  due_at {real} NOT NULL, created_at TEXT NOT NULL, tried_at TEXT, status INTEGER, error TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_of_webhook ON deliveries (webhook, number);
CREATE TABLE IF NOT EXISTS rates (
  key TEXT NOT NULL, service TEXT NOT NULL, taken BIGINT NOT NULL, PRIMARY KEY (key, service)
)
"""
