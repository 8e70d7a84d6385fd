"""Bringing catalogues of older formats up to date, each step inside one transaction."""

from collections.abc import Callable

import sqlalchemy as sa

from binocle.catalog.tables import attributes, schema


def migrate(connection: sa.Connection, version: int) -> None:
    """Bring a catalogue from a format to the present one; the caller notes the new number."""
    for step in range(version, schema.FORMAT):
        _STEPS[step](connection)


def _to_2(connection: sa.Connection) -> None:
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
        connection.exec_driver_sql(statement)
    schema.schema.create_all(connection)
    next(one for one in schema.records.indexes if "changed" in one.columns).create(connection)
    attributes.rewrite(connection)


_STEPS: dict[int, Callable[[sa.Connection], None]] = {1: _to_2}
