"""Connections to PostgreSQL: what is set on each, texts it cannot keep, its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from psycopg import Connection, sql
from psycopg.abc import Buffer
from psycopg.types.string import StrDumper, StrDumperUnknown, TextLoader
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from binocle.errors import BusyError, StorageError, UsageError

_LOCKED, _FULL, _MAY_NOT, _NO_DATABASE = "55P03", "53100", "42501", "3D000"
_NO_TABLE = "42P01"
_APPLICATION = "binocle"
GONE = (
    "is not there any more: the collection was removed, or embedded with another model just now; "
    "ask again, and if that does not help, restore a backup"
)


def escaped(text: str) -> str:
    r"""Return a text without NUL characters, which PostgreSQL refuses.

    ``\1`` begins what stands for one, so that texts keep their order and their beginnings.
    """
    return text.replace("\1", "\1\2").replace("\0", "\1\1")


def unescaped(text: str) -> str:
    """Return the text that ``escaped`` was given."""
    return text.replace("\1\1", "\0").replace("\1\2", "\1")


class _PlainDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _TextDumper(StrDumper):  # of the elements of arrays
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> str:
        text = str(data, "utf-8")
        return unescaped(text) if "\1" in text else text


class Connections:
    """A pool of connections to one schema. Thread-safe.

    Attributes:
        engine: For transactions that write.
        readers: For transactions that see one state.
        name: What messages call it; never has a password.
    """

    def __init__(
        self, address: sa.URL, schema: str, busy_timeout_s: float, what: str = "the catalogue"
    ) -> None:
        """Set up; nothing is opened yet.

        Args:
            address: Of the database; passwords come from the environment or a file of libpq.
            schema: Whose tables statements mean.
            busy_timeout_s: After which whoever waits for a lock gives up.
            what: The schema is, for messages.
        """
        shown = address.render_as_string(hide_password=True)
        self.name = f"{what} {schema!r} in PostgreSQL at {shown}"
        self._address, self._schema, self._busy_timeout_s = address, schema, busy_timeout_s
        self.engine = sa.create_engine(
            address,
            pool_size=8,
            max_overflow=32,
            pool_pre_ping=True,  # the server may have been started anew meanwhile
            connect_args={
                "application_name": _APPLICATION, "client_encoding": "utf-8", "connect_timeout": 10,
            },
        )  # fmt: skip
        self.readers = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        sa.event.listen(self.engine, "connect", self._configure)

    def _configure(self, connection: "Connection[Any]", _record: object) -> None:
        connection.adapters.register_dumper(str, _TextDumper)
        connection.adapters.register_dumper(str, _PlainDumper)  # the last one is the default
        for name in ("text", "varchar"):
            connection.adapters.register_loader(name, _Loader)
        with connection.transaction():
            connection.execute(
                sql.SQL("SET search_path TO {}").format(sql.Identifier(self._schema))
            )
            timeout = sql.Literal(round(1000 * self._busy_timeout_s))
            connection.execute(sql.SQL("SET lock_timeout TO {}").format(timeout))

    def close(self) -> None:
        """Close the connections that nobody uses; whoever comes next opens one again."""
        self.engine.dispose()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise PostgreSQL's errors as ours."""
        try:
            yield
        except DBAPIError as error:
            raise self._translated(error) from error
        except UnicodeEncodeError as error:
            raise UsageError(
                "a text has half a character, a lone surrogate, which PostgreSQL cannot keep; "
                "spell it whole, or leave it out"
            ) from error
        except SQLAlchemyError as error:
            raise StorageError(f"{self.name}: {error}") from error

    def _translated(self, error: DBAPIError) -> StorageError:
        text = " ".join(str(error.orig or error).split())
        state = getattr(error.orig, "sqlstate", None) or ""
        if state == _LOCKED:
            return BusyError(
                f"{self.name} was locked by another process for more than "
                f"{self._busy_timeout_s:g} s; try again"
            )
        if "ask again" in text:  # it was embedded with another model
            return BusyError(f"{self.name}: {text}")
        if state == _FULL:
            return StorageError(
                f"the disk of {self.name} is full ({text}); everything committed so "
                "far is kept: make room and run the same command again"
            )
        if state == _MAY_NOT:
            return StorageError(
                f"{self.name}: the user lacks a right ({text}); the owner of the "
                "database gives it: GRANT CREATE ON DATABASE … TO …"
            )
        if state == _NO_TABLE:
            return StorageError(f"{self.name} {GONE}")
        if state.startswith("28") or "authentication failed" in text or "password" in text:
            return StorageError(
                f"PostgreSQL refuses the user of {self.name} ({text}); set "
                "PGPASSWORD, or write the password to ~/.pgpass"
            )
        if state == _NO_DATABASE or ("database" in text and "does not exist" in text):
            return StorageError(f"{self.name}: {text}; make it with createdb")
        if error.connection_invalidated or not state or state.startswith(("08", "57P")):
            return StorageError(
                f"{self.name} cannot be reached ({text}); see whether the server "
                "runs, and try again"
            )
        return StorageError(f"{self.name}: {text}")
