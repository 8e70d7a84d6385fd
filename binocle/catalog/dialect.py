"""What SQLite and PostgreSQL say differently; everything else in ``tables`` is said once.

Statements that run often or read a lot are written by hand, with ``?`` for each parameter.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.util import LRUCache

if TYPE_CHECKING:  # loading it takes 30 ms, which SQLite need not wait for
    from sqlalchemy.dialects import postgresql

_STATEMENTS = 500  # that are kept compiled


def sqlite_engine(connect: Callable[[], Any], *, pool_size: int, max_overflow: int) -> sa.Engine:
    """Return an engine of one file of SQLite.

    All of a process share their dialect and what was compiled: to compile a statement takes longer
    than to run most of them.

    Args:
        connect: Opens the file once more.
        pool_size: How many connections are kept.
        max_overflow: How many more there may be.
    """
    like, compiled = _first_engine()
    pool = sa.QueuePool(connect, pool_size, max_overflow, dialect=like.dialect)
    return sa.Engine(pool, like.dialect, like.url, execution_options={"compiled_cache": compiled})


@cache
def _first_engine() -> tuple[sa.Engine, LRUCache[Any, Any]]:
    """Return an engine whose dialect has learnt what this SQLite can do."""
    engine = sa.create_engine("sqlite://")
    engine.connect().close()
    engine.dispose()
    return engine, LRUCache(_STATEMENTS)


def is_sqlite(connection: sa.Connection) -> bool:
    """Tell whether a connection is to SQLite, and not to PostgreSQL."""
    return connection.dialect.name == "sqlite"


def inserted(connection: sa.Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insertion that can be told what to do about rows that are there."""
    if is_sqlite(connection):
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def written(connection: sa.Connection, query: str) -> str:
    """Return a statement written by hand as the connection's driver reads it."""
    return query if is_sqlite(connection) else query.replace("%", "%%").replace("?", "%s")


def run(connection: sa.Connection, query: str, *parameters: object) -> Any:
    """Run a statement written by hand; return its rows."""
    return connection.exec_driver_sql(written(connection, query), parameters or None)


def run_for_each(connection: sa.Connection, query: str, numbers: Sequence[int]) -> Any:
    """Run a query on one table for each of many numbers; return its rows.

    Args:
        connection: Inside a transaction.
        query: With ``FROM each_value table ON column = value``; the column has an index.
        numbers: Bound as one parameter, however many there are.
    """
    if is_sqlite(connection):
        query = query.replace("each_value", "json_each(?) CROSS JOIN", 1)
        return connection.exec_driver_sql(query, (json.dumps(numbers),))
    query = query.replace("each_value", "unnest(%s::bigint[]) AS given (value) JOIN", 1)
    return connection.exec_driver_sql(query, (list(numbers),))


def is_any_of(column: sa.Column[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the test whether a column of PostgreSQL has one of many values, in one parameter."""
    from sqlalchemy.dialects import postgresql

    return column == sa.any_(sa.literal(values, postgresql.ARRAY(column.type)))
