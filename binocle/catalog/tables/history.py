"""What all tables share: single values by name, change numbers, ids that are never used twice."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from binocle.catalog import dialect
from binocle.catalog.protocols.fulltext import FullTextIndex
from binocle.catalog.tables.schema import changes, meta, removed_parts, removed_records
from binocle.errors import StorageError
from binocle.types import Int64Array

_MAX_REMOVED = 200_000
_MAX_CHANGES = 100_000


@dataclass(frozen=True, slots=True)
class SqlMeta:
    """The ``meta`` table: the format, the change number, counters, the space."""

    connection: sa.Connection

    def get(self, *keys: str) -> tuple[str | None, ...]:
        """Return the values of some names, in their order; None for what is not set."""
        # several times a search, so without an expression that is put together each time
        places = ", ".join("?" * len(keys))
        query = f"SELECT key, value FROM meta WHERE key IN ({places})"  # noqa: S608
        found = {row[0]: row[1] for row in dialect.run(self.connection, query, *keys)}
        return tuple(found.get(key) for key in keys)

    def number(self, key: str) -> int:
        """Return a counter; 0 before it is set.

        Raises:
            StorageError: It is damaged.
        """
        (value,) = self.get(key)
        try:
            return int(value or 0)
        except ValueError:
            message = f"the catalogue is damaged: its counter {key} is {str(value)[:40]!r}"
            raise StorageError(f"{message}; restore the collection from a backup") from None

    def put(self, key: str, value: str | int) -> None:
        """Set a value."""
        put(self.connection, meta, [{"key": key, "value": str(value)}])


@dataclass(frozen=True, slots=True)
class SqlHistory:
    """The tables ``changes``, ``removed_parts`` and ``removed_records``, and counters."""

    connection: sa.Connection
    meta: SqlMeta
    words: FullTextIndex

    def change(self) -> int:
        return self.meta.number("change")

    def token(self, number: int) -> str | None:
        query = sa.select(changes.c.token).where(changes.c.number == number)
        return self.connection.execute(query).scalar_one_or_none()

    def changed_at(self) -> str | None:
        query = sa.select(changes.c.at).order_by(changes.c.number.desc()).limit(1)
        return self.connection.execute(query).scalar_one_or_none()

    def newest_part(self) -> int:
        return (self.meta.number("next_part_id") or 1) - 1

    def removed_parts(self, after_change: int) -> Int64Array:
        query = sa.select(removed_parts.c.part_id).where(removed_parts.c.change > after_change)
        return np.fromiter(self.connection.execute(query).scalars(), np.int64)

    def removals_known_after(self) -> int:
        return self.meta.number("removals_known_after")

    def forget_old_removals(self) -> None:
        latest = self.change()
        self.connection.execute(changes.delete().where(changes.c.number < latest - _MAX_CHANGES))
        floor = 0
        for table in (removed_parts, removed_records):
            count = sa.select(sa.func.count()).select_from(table)
            if self.connection.execute(count).scalar_one() > _MAX_REMOVED:
                query = sa.select(table.c.change).order_by(table.c.change.desc())
                oldest = query.offset(_MAX_REMOVED // 2).limit(1)
                floor = max(floor, self.connection.execute(oldest).scalar_one())
        if floor:
            for table in (removed_parts, removed_records):
                self.connection.execute(table.delete().where(table.c.change <= floor))
            self.meta.put("removals_known_after", floor)

    def hand_out(self, counter: str, count: int) -> Iterator[int]:
        """Return numbers from 1 that were never handed out before."""
        first = self.meta.number(counter) or 1
        self.meta.put(counter, first + count)
        return iter(range(first, first + count))

    def next_change(self) -> int:
        """Begin a change; return its number."""
        number = self.meta.number("change") + 1
        self.meta.put("change", number)
        self.words.follow(number)
        row = {"number": number, "token": secrets.token_hex(8), "at": now()}
        self.connection.execute(changes.insert(), row)
        return number


def now() -> str:
    """Return the time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def overwriting(connection: sa.Connection) -> Iterator[None]:
    """Have SQLite overwrite what is deleted meanwhile with zeros, in free pages too."""
    if not dialect.is_sqlite(connection):
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def put(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, writing over those of the same primary key."""
    if not rows:
        return
    statement = dialect.inserted(connection, table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in table.primary_key}
    statement = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
    connection.execute(statement, rows)
