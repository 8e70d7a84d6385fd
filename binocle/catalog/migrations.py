"""Bringing catalogues of older formats up to date.

What a program cannot do without is done inside one transaction; words and checksums follow in
slices, so that others can write meanwhile.
"""

import functools
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from binocle.catalog.tables import checksums, picture_checksums
from binocle.catalog.tables.schema import ADDITIONS, FORMAT, records, schema
from binocle.catalog.tables.session import SqliteSession

_SUMMED: dict[str, Callable[[sa.Connection, int], int | None]] = {
    "checksums": checksums.fill_checksums,
    "picture_checksums": picture_checksums.fill_picture_checksums,
    "part_checksums": checksums.fill_part_checksums,
}
_ALL = "all"
"""Under each name, ``meta`` says up to which part there are checksums."""


def make(session: SqliteSession) -> None:
    """Make the tables where there are none, and note that there is nothing to be filled in."""
    if sa.inspect(session.connection).has_table("meta"):
        return  # another process was faster
    for statement in _definitions():
        session.connection.exec_driver_sql(statement)
    for name, value in (("change", 0), ("format", FORMAT), ("additions", ADDITIONS)):
        session.meta.put(name, value)
    fill_words(session)
    for name in _SUMMED:
        session.meta.put(name, _ALL)


@functools.cache
def _definitions() -> tuple[str, ...]:
    """Return what makes the tables; putting it together takes longer than running it."""
    made: list[sa.schema.ExecutableDDLElement] = []
    for table in schema.sorted_tables:
        made.append(sa.schema.CreateTable(table))
        made += map(sa.schema.CreateIndex, sorted(table.indexes, key=lambda one: str(one.name)))
    return tuple(str(one.compile(dialect=sqlite.dialect())) for one in made)


def migrate(session: SqliteSession) -> None:
    """Bring a catalogue of an older format to the present one."""
    schema.create_all(session.connection)
    known, additions = session.meta.get("format", "additions")  # another process may be faster
    for step in range(int(known or FORMAT), FORMAT):
        _STEPS[step](session)
    if additions is None:  # from before labels moved with pictures
        session.labels.mark_all_claimed()
    session.meta.put("format", FORMAT)
    session.meta.put("additions", ADDITIONS)


def fill_words(session: SqliteSession) -> bool:
    """Read in the words of some more records; tell whether there are still more."""
    session.words.begin()  # an older Binocle may have written meanwhile
    return session.words.fill()


def has_checksums(session: SqliteSession) -> bool:
    """Tell whether ``fill_checksums`` has come to its end."""
    return all(one == _ALL for one in session.meta.get(*_SUMMED))


def note_checksums(session: SqliteSession) -> None:
    """Note that all have their checksums which have some elsewhere."""
    for name, done in zip(_SUMMED, session.meta.get(*_SUMMED), strict=True):
        if done is None:
            session.meta.put(name, _ALL)


def fill_checksums(session: SqliteSession) -> bool:
    """Give some more vectors and pictures their checksums; tell whether there are still more."""
    for name, fill in _SUMMED.items():
        (done,) = session.meta.get(name)
        if done == _ALL:
            continue
        last = fill(session.connection, int(done or 0))
        session.meta.put(name, _ALL if last is None else last)
        if last is not None:
            return True
    return False


def _to_2(session: SqliteSession) -> None:
    """Types of fields, points, and which records changed when.

    Format 1 had attributes without ``listed``, fields without ``declared`` and ``seen``, records
    without ``changed``, and neither points nor removed_records.
    """
    for statement in (
        "ALTER TABLE records ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE fields ADD COLUMN declared VARCHAR",
        "ALTER TABLE fields ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
        "DROP TABLE attributes",  # all of it follows from the records
    ):
        session.connection.exec_driver_sql(statement)
    schema.create_all(session.connection)
    next(one for one in records.indexes if "changed" in one.columns).create(session.connection)
    session.fields.rewrite()


_STEPS: dict[int, Callable[[SqliteSession], None]] = {1: _to_2}
