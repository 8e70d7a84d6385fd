"""Whether a database has pgvector, in a version that will do."""

from typing import Any

from psycopg import Connection, errors

from binocle.errors import UnreachableError

OLDEST = (0, 8)


def check_extension(connection: "Connection[Any]", name: str) -> None:
    """Make sure that the database has pgvector, in a version whose index can look on.

    Args:
        connection: To it.
        name: What the message calls the vectors.

    Raises:
        UnreachableError: It has not.
    """
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    found = connection.execute(query).fetchone()
    if found is None:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except errors.InsufficientPrivilege as error:
            raise UnreachableError(
                f"{name}: the database has not loaded pgvector; as a superuser run CREATE "
                "EXTENSION vector"
            ) from error
        except (errors.FeatureNotSupported, errors.UndefinedFile) as error:
            raise UnreachableError(
                f"{name}: the server has no pgvector; install it, 0.8 or newer"
            ) from error
        found = connection.execute(query).fetchone()
        assert found is not None
    if tuple(int(one) for one in found[0].split(".")[:2]) < OLDEST:
        raise UnreachableError(
            f"{name}: pgvector is {found[0]}, whose index finds too few under a filter; Binocle "
            "needs 0.8 or newer: upgrade it, and run ALTER EXTENSION vector UPDATE"
        )
