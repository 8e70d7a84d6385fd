"""A catalogue in PostgreSQL: opening it, and its transactions."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import sqlalchemy as sa

from binocle.catalog import dialect
from binocle.catalog.postgresql.connections import GONE, Connections
from binocle.catalog.postgresql.fulltext import TsvectorIndex
from binocle.catalog.postgresql.kept_queries import PostgresQueryStore
from binocle.catalog.postgresql.tables import make_tables
from binocle.catalog.tables.schema import ADDITIONS, FORMAT
from binocle.catalog.tables.session import SqlSession
from binocle.catalog.text_rows import VERSION
from binocle.errors import StorageError

_BUSY_TIMEOUT_S = 30.0
_OLDEST = 150000  # as ``server_version_num`` has it
_LOCK_SPACE = 0x62696E6F  # "bino": half of a lock's key, the other half is of the schema

PostgresSession: TypeAlias = SqlSession[TsvectorIndex]


def drop_schema(address: sa.URL, schema: str, *, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> None:
    """Remove a catalogue's schema with all that is in it; one that is not there is fine.

    Raises:
        BusyError: Somebody else kept it for too long.
        StorageError: It cannot be removed.
    """
    connections = Connections(address, schema, busy_timeout_s)
    try:
        with connections.errors(), connections.engine.begin() as connection:
            dialect.run(connection, f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    finally:
        connections.close()


def rewrite_tables(
    address: sa.URL, schema: str, *, busy_timeout_s: float = _BUSY_TIMEOUT_S
) -> None:
    """Write the tables of a catalogue anew, without what was removed from them.

    Raises:
        BusyError: Somebody else kept one of them for too long.
        StorageError: They cannot be written.
    """
    connections = Connections(address, schema, busy_timeout_s)
    query = "SELECT tablename FROM pg_tables WHERE schemaname = ? ORDER BY tablename"
    alone = connections.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with connections.errors(), alone.connect() as connection:
            for table in dialect.run(connection, query, schema).scalars().all():
                dialect.run(connection, f'VACUUM (FULL, ANALYZE) "{schema}"."{table}"')
    finally:
        connections.close()


def size_bytes(address: sa.URL, schema: str) -> int:
    """Return how much room a catalogue's tables take with their indices.

    Raises:
        StorageError: They cannot be reached.
    """
    connections = Connections(address, schema, _BUSY_TIMEOUT_S)
    query = (
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    try:
        with connections.errors(), connections.readers.connect() as connection:
            return int(dialect.run(connection, query).scalar_one())
    finally:
        connections.close()


class PostgresCatalog:
    """A schema of a database with its tables. Thread-safe; several processes may have it open."""

    def __init__(
        self,
        address: sa.URL,
        schema: str,
        *,
        make: bool = True,
        busy_timeout_s: float = _BUSY_TIMEOUT_S,
    ) -> None:
        """Open a catalogue.

        Args:
            address: Of the database, ``postgresql+psycopg://user@host/database``.
            schema: Holds this catalogue and nothing else.
            make: Whether to make it where there is none.
            busy_timeout_s: How long to wait for whoever else writes.

        Raises:
            StorageError: It cannot be reached, is not there, or was made by a newer Binocle.
        """
        self._schema = schema
        self._connections = Connections(address, schema, busy_timeout_s)
        self.saved_queries = PostgresQueryStore(self._connections)
        try:
            self._prepare(make=make)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def rest(self) -> None:
        """Close the connections that nobody uses just now; the next session opens one again."""
        self.close()

    @contextmanager
    def reading(self) -> Iterator[PostgresSession]:
        """Give a session that sees one state of the catalogue."""
        with self._connections.errors(), self._connections.readers.connect() as connection:
            yield SqlSession(connection, TsvectorIndex)

    @contextmanager
    def writing(self) -> Iterator[PostgresSession]:
        """Give a session whose changes are committed together, or not at all."""
        with self._connections.errors(), self._connections.engine.begin() as connection:
            key = zlib.crc32(self._schema.encode()) - 2**31
            dialect.run(connection, "SELECT pg_advisory_xact_lock(?, ?)", _LOCK_SPACE, key)
            yield SqlSession(connection, TsvectorIndex)

    def _prepare(self, *, make: bool) -> None:
        """Make the schema and its tables, or those that an older Binocle did not know."""
        with self.reading() as session:
            self._check_server(session.connection)
            query = "SELECT to_regclass(?) IS NOT NULL"
            is_there = dialect.run(session.connection, query, f'"{self._schema}".meta').scalar()
            known = session.meta.get("format", "additions", "words") if is_there else None
        if known is None and not make:
            raise StorageError(f"{self._connections.name} {GONE}")
        if known is not None and int(known[0] or 0) > FORMAT:
            raise StorageError(
                f"{self._connections.name} has format {known[0]}, made by a newer "
                f"Binocle; this one reads up to {FORMAT}: upgrade it"
            )
        if known is not None and int(known[1] or 0) >= ADDITIONS and known[2] == str(VERSION):
            return
        with self.writing() as session:
            dialect.run(session.connection, f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            make_tables(session.connection)
            for name, value in (("format", FORMAT), ("additions", ADDITIONS)):
                session.meta.put(name, value)
            if session.meta.get("change") == (None,):
                session.meta.put("change", 0)
            session.words.renew()

    def _check_server(self, connection: sa.Connection) -> None:
        version = int(dialect.run(connection, "SHOW server_version_num").scalar())
        if version < _OLDEST:
            raise StorageError(
                f"{self._connections.name}: the server is PostgreSQL "
                f"{version // 10000}; Binocle needs {_OLDEST // 10000} or newer"
            )
        encoding = dialect.run(connection, "SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise StorageError(
                f"{self._connections.name}: the database has the encoding "
                f"{encoding}; make one with createdb --encoding=UTF8 --template=template0"
            )
