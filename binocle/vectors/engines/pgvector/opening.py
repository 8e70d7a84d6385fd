"""What ``binocle/vectors/location.py`` needs to know of pgvector."""

from typing import Any

from psycopg import Connection, ProgrammingError, sql
from psycopg.conninfo import conninfo_to_dict

from binocle.errors import UsageError
from binocle.types import Space
from binocle.vectors.engines.base import VectorEngine
from binocle.vectors.engines.pgvector.connections import VectorConnections
from binocle.vectors.engines.pgvector.engine import PgvectorEngine
from binocle.vectors.engines.pgvector.extension import check_extension

_SCHEME, _LIBPQ = "postgresql+psycopg://", "postgresql://"
_SECRETS = ("password", "sslpassword")


def checked_address(text: str) -> str:
    """Return the address of a database.

    Raises:
        UsageError: It cannot be understood, or has a password.
    """
    try:
        parts = conninfo_to_dict(_plain(text))
    except ProgrammingError:
        parts = {}
    if not text.startswith(_SCHEME) or not parts.get("dbname"):
        raise UsageError(
            f"the address of the vectors is not understood; it is as {_SCHEME}user@host/database"
        )
    if any(parts.get(one) for one in _SECRETS):
        raise UsageError(
            "the address of the vectors has a password, which would be stored with each "
            "collection: leave it out, and set PGPASSWORD or write it to ~/.pgpass"
        )
    return text


def open_engine(address: str, name: str, kind: str, space: Space) -> VectorEngine:
    """Return the vectors of one kind."""
    return PgvectorEngine(_plain(address), name, kind, space)


def prepare(address: str, name: str) -> None:
    """Make sure that a database can keep vectors.

    Raises:
        StorageError: It cannot be reached, or lacks pgvector.
    """
    called = f"the vectors in PostgreSQL ({name!r})"
    VectorConnections(_plain(address), called).run(
        lambda connection: check_extension(connection, called)
    )


def discard(address: str, name: str) -> None:
    """Remove a collection's vectors, where there are any.

    Raises:
        StorageError: The database cannot be reached, or refuses.
    """
    statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))

    def drop(connection: "Connection[Any]") -> None:
        connection.execute("SET client_min_messages = warning")
        connection.execute(statement)

    VectorConnections(_plain(address), f"the vectors in PostgreSQL ({name!r})").run(drop)


def _plain(address: str) -> str:
    return address.replace(_SCHEME, _LIBPQ, 1)
