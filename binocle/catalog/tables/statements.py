"""Statements that write over what is there."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite


def put(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, writing over those of the same primary key."""
    if not rows:
        return
    statement = sqlite.insert(table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in table.primary_key}
    statement = statement.on_conflict_do_update(list(table.primary_key), set_=others)
    connection.execute(statement, rows)
