"""Change numbers, what was removed by which, and ids that are never used twice."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa

from binocle.catalog.protocols.fulltext import FullTextIndex
from binocle.catalog.tables.meta import SqlMeta
from binocle.catalog.tables.schema import changes, removed_parts, removed_records
from binocle.types import Int64Array

_MAX_REMOVED = 200_000
_MAX_CHANGES = 100_000


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
        number = self.change() + 1
        self.meta.put("change", number)
        self.words.follow(number)
        row = {"number": number, "token": secrets.token_hex(8), "at": now()}
        self.connection.execute(changes.insert(), row)
        return number


def now() -> str:
    """Return the time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
