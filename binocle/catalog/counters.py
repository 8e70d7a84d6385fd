"""Counters of a catalogue: change numbers, and ids that are never used twice."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from binocle.catalog.tables import fulltext
from binocle.catalog.tables.schema import changes, meta, removed_parts, removed_records

_MAX_REMOVED = 200_000
_MAX_CHANGES = 100_000


def read_counter(connection: sa.Connection, key: str) -> int:
    """Return a counter of the catalogue; 0 before it is set."""
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()
    return int(value or 0)


def set_counter(connection: sa.Connection, key: str, value: int) -> None:
    """Set a counter of the catalogue."""
    updated = connection.execute(meta.update().where(meta.c.key == key).values(value=str(value)))
    if not updated.rowcount:
        connection.execute(meta.insert().values(key=key, value=str(value)))


def hand_out(connection: sa.Connection, key: str, count: int) -> Iterator[int]:
    """Return numbers from 1 that were never handed out before."""
    first = read_counter(connection, key) or 1
    set_counter(connection, key, first + count)
    return iter(range(first, first + count))


def next_change(connection: sa.Connection) -> int:
    """Begin a change; return its number."""
    number = read_counter(connection, "change") + 1
    words_in_step = fulltext.is_followed(connection)
    set_counter(connection, "change", number)
    if words_in_step:
        fulltext.mark(connection)
    connection.execute(changes.insert().values(number=number, token=secrets.token_hex(8), at=now()))
    return number


def forget_old_removals(connection: sa.Connection) -> None:
    """Keep the lists of removed things short; a reader that is further behind starts anew."""
    latest = read_counter(connection, "change")
    connection.execute(changes.delete().where(changes.c.number < latest - _MAX_CHANGES))
    floor = 0
    for table in (removed_parts, removed_records):
        total = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        if total > _MAX_REMOVED:
            query = sa.select(table.c.change).order_by(table.c.change.desc())
            oldest = connection.execute(query.offset(_MAX_REMOVED // 2).limit(1)).scalar_one()
            floor = max(floor, oldest)
    if floor:
        for table in (removed_parts, removed_records):
            connection.execute(table.delete().where(table.c.change <= floor))
        set_counter(connection, "removals_known_after", floor)


def now() -> str:
    """Return the time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
