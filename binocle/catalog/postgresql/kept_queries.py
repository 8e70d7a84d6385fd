"""Kept queries of a catalogue in PostgreSQL, in short transactions of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from binocle.catalog import dialect
from binocle.catalog.postgresql.connections import Connections


class PostgresQueryStore:
    """A ``QueryStore`` in the table ``turns``. Thread-safe."""

    def __init__(self, connections: Connections) -> None:
        """Set up.

        Args:
            connections: To the catalogue's schema.
        """
        self._connections = connections

    def put(self, queries: Mapping[bytes, str], at: float) -> None:
        """Keep queries by their names; see ``QueryStore``."""
        rows = [(name, at, query) for name, query in queries.items()]
        if rows:
            self._run("INSERT INTO turns (name, at, query) VALUES (?, ?, ?)", rows)

    def get(self, name: bytes, oldest: float) -> str | None:
        """Return a query that is kept; see ``QueryStore``."""
        query = "SELECT query FROM turns WHERE name = ? AND at >= ?"
        with self._connections.errors(), self._connections.readers.connect() as connection:
            found = dialect.run(connection, query, name, oldest).scalar()
        return None if found is None else str(found)

    def forget(self, oldest: float, most: int) -> None:
        """Keep the newest only; see ``QueryStore``."""
        statement = "DELETE FROM turns WHERE at < ? OR id <= (SELECT max(id) FROM turns) - ?"
        self._run(statement, [(oldest, most)])

    def _run(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._connections.errors(), self._connections.engine.begin() as connection:
            dialect.run(connection, "SET LOCAL synchronous_commit TO off")  # they may be lost
            connection.exec_driver_sql(dialect.written(connection, statement), list(rows))
