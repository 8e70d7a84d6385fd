"""Bringing catalogues of older formats up to date, all inside one transaction."""

from collections.abc import Callable

from binocle.catalog.tables.schema import ADDITIONS, FORMAT, records, schema
from binocle.catalog.tables.session import SqlSession


def migrate(session: SqlSession) -> None:
    """Bring a catalogue to the present format, or make one where there is nothing."""
    schema.create_all(session.connection)
    known, additions = session.meta.get("format", "additions")  # another process may be faster
    if known is None:
        session.meta.put("change", 0)
    for step in range(int(known or FORMAT), FORMAT):
        _STEPS[step](session)
    if additions is None:  # from before labels moved with pictures
        session.labels.mark_all_claimed()
    session.meta.put("format", FORMAT)
    session.meta.put("additions", ADDITIONS)


def _to_2(session: SqlSession) -> None:
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


_STEPS: dict[int, Callable[[SqlSession], None]] = {1: _to_2}
