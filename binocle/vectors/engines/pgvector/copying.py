"""Rows of PostgreSQL's binary COPY as arrays: whole tables of vectors without a loop over rows.

Source: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". A vector is sent as
its dimension and a zero, two bytes each, and its float32 components (``vector_send`` of pgvector).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import Connection, sql

from binocle.types import Float32Array, Int64Array

Records = npt.NDArray[np.void]

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_AT_ONCE = 4096


def _record(**columns: tuple[Any, int]) -> np.dtype[np.void]:
    """Return the form of a row: how many fields, then each with its length before it."""
    fields: list[tuple[Any, ...]] = [("fields", ">i2")]
    for name, (form, size) in columns.items():
        fields += [(f"{name}_bytes", ">i4"), (name, form, (size,)) if size else (name, form)]
    return np.dtype(fields)


IDS = _record(id=(">i8", 0))
SCORES = _record(id=(">i8", 0), score=(">f4", 0))


def _vectors(dimension: int) -> np.dtype[np.void]:
    """Return the form of a vector."""
    return np.dtype([("dimension", ">i2"), ("zero", ">i2"), ("row", ">f4", (dimension,))])


def rows_form(dimension: int) -> np.dtype[np.void]:
    """Return the form of an id and its vector."""
    return _record(id=(">i8", 0), vector=(_vectors(dimension), 0))


def copied(
    connection: "Connection[Any]", query: sql.Composable, form: np.dtype[np.void]
) -> Records:
    """Return what a query selects, ``(n,)`` of a form; none of it may be null."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(copy)
    body = len(data) - len(_HEADER) - len(_TRAILER)
    return np.frombuffer(data, form, body // form.itemsize, offset=len(_HEADER))


def copy_in(
    connection: "Connection[Any]",
    table: sql.Composable,
    ids: Int64Array,
    born: Int64Array,
    rows: Float32Array,
) -> None:
    """Write ``(n,)`` ids with their changes and ``(n, d)`` vectors into a table."""
    statement = sql.SQL("COPY {} (id, born, row) FROM STDIN (FORMAT binary)").format(table)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER)
        for block in _blocks(ids, born, rows):
            copy.write(block)
        copy.write(_TRAILER)


def _blocks(ids: Int64Array, born: Int64Array, rows: Float32Array) -> Iterator[bytes]:
    dimension = rows.shape[1]
    form = _record(id=(">i8", 0), born=(">i8", 0), vector=(_vectors(dimension), 0))
    for start in range(0, len(ids), _AT_ONCE):
        here = slice(start, start + _AT_ONCE)
        block = np.zeros(len(ids[here]), form)
        block["fields"], block["id_bytes"], block["born_bytes"] = 3, 8, 8
        block["vector_bytes"] = 4 + 4 * dimension
        block["id"], block["born"] = ids[here], born[here]
        block["vector"]["dimension"], block["vector"]["row"] = dimension, rows[here]
        yield block.tobytes()
