"""From the catalogue into columns, and what commits changed since."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from binocle.catalog.counters import read_counter
from binocle.catalog.records import batched, change, records_by_id
from binocle.catalog.tables.attributes import conversions, full_schema
from binocle.catalog.tables.filter_sql import holders
from binocle.catalog.tables.schema import attributes, fields, points, records
from binocle.metadata.column_blocks import BLOCK, EXACT, Entries, split
from binocle.metadata.columns import Column, Columns
from binocle.metadata.field_types import OWN_FIELDS, FieldType
from binocle.metadata.filters import And, Comparison, Filter, matches
from binocle.metadata.string_dictionary import NONE, Dictionary
from binocle.types import BoolArray, Int64Array

_CHUNK = 5000
_MAX_COLUMNS = 64
_MAX_TOUCHED = 20_000
_FEW = 500
_SELECTIVE = ("eq", "in", "lt", "lte", "gt", "gte", "prefix", "during", "near")
_UNKNOWN: tuple[FieldType, bool] = ("keyword", False)
# Strings in order with how often they are there, then the records in the same order, each twice
# its id and one more for an element of a list.
_STRINGS = (
    """SELECT text, COUNT(*) FROM attributes WHERE field_id = ? AND text IS NOT NULL
       GROUP BY text ORDER BY text""",
    """SELECT 2 * record_id + listed AS one FROM attributes WHERE field_id = ? AND text IS NOT NULL
       ORDER BY text""",
)
_OWN_STRINGS = {
    "id": (
        "SELECT key, COUNT(*) FROM records GROUP BY key ORDER BY key",
        "SELECT 2 * id AS one FROM records ORDER BY key",
    ),
    "uri": (
        "SELECT uri, COUNT(*) FROM records GROUP BY uri ORDER BY uri",
        "SELECT 2 * id AS one FROM records ORDER BY uri",
    ),
}
_NUMBERS = (
    """SELECT number, COUNT(*) FROM attributes WHERE field_id = ? AND number IS NOT NULL
       GROUP BY number ORDER BY number""",
    """SELECT record_id AS one FROM attributes WHERE field_id = ? AND number IS NOT NULL
       ORDER BY number""",
)
_COUNTED = np.dtype([("number", np.float64), ("count", np.int64)])
_POINTS = "SELECT record_id, latitude, longitude FROM points WHERE field_id = ?"
_PLACE = np.dtype([("id", np.int64), ("north", np.float64), ("east", np.float64)])


def load_columns(connection: sa.Connection) -> Columns:
    """Return the records that there are, without any column."""
    ids = _integers(connection, "SELECT id AS one FROM records")
    return Columns(change(connection), _alive(ids, _highest(connection)), {})


def with_fields(connection: sa.Connection, columns: Columns, names: Iterable[str]) -> Columns:
    """Return columns with further fields, these as of what the connection sees."""
    by_field = dict(columns.by_field)
    for name in columns.lacks(names):
        while len(by_field) >= _MAX_COLUMNS:
            del by_field[next(iter(by_field))]
        by_field[name] = _load(connection, name, columns.highest)
    return Columns(columns.change, columns.alive, by_field)


def caught_up(connection: sa.Connection, columns: Columns) -> Columns:
    """Return columns as of what the connection sees; fields too far behind are left out."""
    now = change(connection)
    if now == columns.change:
        return columns
    floor = read_counter(connection, "removals_known_after")
    if columns.change < floor or columns.change > now:
        return load_columns(connection)
    touched = _integers(
        connection, "SELECT id AS one FROM records WHERE changed > ?", columns.change
    )
    gone = _integers(
        connection, "SELECT record_id AS one FROM removed_records WHERE change > ?", columns.change
    )
    highest = max(columns.highest, _highest(connection))
    alive = np.zeros(_blocks(highest) * BLOCK, np.bool_)
    alive[: len(columns.alive)] = columns.alive
    alive[touched] = True
    gone = gone[gone <= highest]  # others came and went unseen
    alive[gone] = False
    is_stale = read_counter(connection, "schema_changed") > columns.change
    if is_stale or len(touched) + len(gone) > _MAX_TOUCHED:
        return Columns(now, alive, {})
    kept = {
        name: column for name, column in columns.by_field.items() if not column.dictionary.is_worn
    }
    both = np.union1d(touched, gone)
    entries = _entries_of(connection, touched, kept)
    kinds = full_schema(connection)
    return Columns(
        now,
        alive,
        {
            name: one.replaced(kinds.get(name, _UNKNOWN)[0], both, entries[name], highest)
            for name, one in kept.items()
        },
    )


def few_matching(connection: sa.Connection, where: Filter) -> Int64Array | None:
    """Return the records that pass a filter where an index shows that they are few, else None.

    One clause has to be that narrow; the others are then tested on the records themselves.
    """
    clauses = where.clauses if isinstance(where, And) else (where,)
    for clause in clauses:
        if not isinstance(clause, Comparison) or clause.operator not in _SELECTIVE:
            continue
        query = holders(clause).limit(_FEW + 1)
        found = [cast(int, row[0]) for row in connection.execute(query)]
        if len(found) > _FEW:
            continue
        schema = conversions(connection)
        passing = [
            number
            for number, one in records_by_id(connection, sorted(set(found))).items()
            if matches(where, one.id, one.uri, one.metadata, schema)
        ]
        return np.array(sorted(passing), np.int64)
    return None


def _load(connection: sa.Connection, name: str, highest: int) -> Column:
    """Return a field's column, its dictionary in the order of its strings."""
    cursor = _cursor(connection)
    if name in _OWN_STRINGS:
        counted, listed_ids = _OWN_STRINGS[name]
        parameters: tuple[int, ...] = ()
    else:
        counted, listed_ids = _STRINGS
        parameters = (_field_id(connection, name),)
    ordered: list[str] = []
    counts: list[int] = []
    for text, count in cursor.execute(counted, parameters):  # a list of rows would take long
        ordered.append(text)
        counts.append(count)
    marked = _integers(connection, listed_ids, *parameters)
    codes = np.repeat(np.arange(len(ordered), dtype=np.int32), np.array(counts, np.int64))
    texts = marked // 2, codes, (marked % 2).astype(np.bool_)
    dictionary = Dictionary(ordered)
    if parameters:
        entries = _with_numbers(connection, parameters, texts)
        places = np.fromiter(cursor.execute(_POINTS, parameters), _PLACE)
        entries = _placed(entries, places["id"], [places["north"], places["east"]])
    else:
        entries = _entries(texts, np.empty(0, np.int64), ())
    kind = full_schema(connection).get(name, _UNKNOWN)[0]
    return Column.filled(kind, dictionary, entries, highest)  # later records are beyond


def _with_numbers(
    connection: sa.Connection,
    parameters: tuple[int, ...],
    texts: tuple[Int64Array, Any, BoolArray],
) -> Entries:
    counted, ids_in_order = _NUMBERS
    cursor = _cursor(connection)
    found = np.fromiter(cursor.execute(counted, parameters), _COUNTED)
    values: Sequence[Any] | npt.NDArray[np.float64]
    values = np.repeat(found["number"], found["count"])
    if (np.abs(found["number"]) >= EXACT).any():  # whole numbers that are no doubles, perhaps
        rows = cursor.execute(counted, parameters)
        values = [number for number, count in rows for _ in range(count)]
    return _entries(texts, _integers(connection, ids_in_order, *parameters), values)


def _entries_of(
    connection: sa.Connection, touched: Int64Array, columns: dict[str, Column]
) -> dict[str, Entries]:
    """Return what the touched records have in some fields, adding to the dictionaries."""
    rows: dict[str, list[tuple[int, Any, str | None, int]]] = {name: [] for name in columns}
    places: dict[str, list[tuple[int, float, float]]] = {name: [] for name in columns}
    for chunk in batched(touched.tolist(), _CHUNK):
        query = sa.select(
            fields.c.name, attributes.c.record_id, attributes.c.number,
            attributes.c.text, attributes.c.listed,
        ).join(fields).where(attributes.c.record_id.in_(chunk))  # fmt: skip
        for name, *row in connection.execute(query):
            if name in rows and name not in OWN_FIELDS:
                rows[name].append((row[0], row[1], row[2], row[3]))
        query_places = sa.select(
            fields.c.name, points.c.record_id, points.c.latitude, points.c.longitude
        ).join(fields).where(points.c.record_id.in_(chunk))  # fmt: skip
        for name, *place in connection.execute(query_places):
            if name in places and name not in OWN_FIELDS:
                places[name].append((place[0], place[1], place[2]))
        if not columns.keys().isdisjoint(OWN_FIELDS):
            own = sa.select(records.c.id, records.c.key, records.c.uri)
            for number, key, uri in connection.execute(own.where(records.c.id.in_(chunk))):
                for name, text in (("id", key), ("uri", uri)):
                    if name in rows:
                        rows[name].append((number, None, text, 0))
    return {
        name: _placed(
            _split_rows(column.dictionary, rows[name]),
            [row[0] for row in places[name]],
            [[row[place] for row in places[name]] for place in (1, 2)],
        )
        for name, column in columns.items()
    }


def _split_rows(
    dictionary: Dictionary, rows: Sequence[tuple[int, Any, str | None, int]]
) -> Entries:
    texts = [
        (number, dictionary.code(text), bool(flag))
        for number, _, text, flag in rows
        if text is not None
    ]
    values = [(number, value) for number, value, text, _ in rows if text is None]
    ids, codes, listed = _columns_of(texts, 3)
    number_ids, numbers = _columns_of(values, 2)
    own = np.array(ids, np.int64), np.array(codes, np.int32), np.array(listed, np.bool_)
    return _entries(own, np.array(number_ids, np.int64), numbers)


def _entries(
    texts: tuple[Int64Array, Any, BoolArray],
    number_ids: Int64Array,
    values: Sequence[Any] | npt.NDArray[np.float64],
) -> Entries:
    ids, codes, listed = texts
    numbers = np.array(values, np.float64)
    residues = np.zeros(len(numbers), np.int16)
    for place in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
        residues[place] = split(values[place])[1]
    return Entries(
        np.concatenate([ids, number_ids]),
        np.concatenate([codes, np.full(len(numbers), NONE, np.int32)]),
        np.concatenate([np.full(len(ids), np.nan), numbers]),
        np.concatenate([np.zeros(len(ids), np.int16), residues]),
        np.concatenate([listed, np.zeros(len(numbers), np.bool_)]),
    )


def _placed(entries: Entries, ids: npt.ArrayLike, degrees: Sequence[npt.ArrayLike]) -> Entries:
    """Return entries with points: latitudes and longitudes."""
    places = np.stack([np.asarray(one, np.float64) for one in degrees], axis=1)
    return replace(entries, place_ids=np.array(ids, np.int64), places=places)


def _columns_of(rows: Sequence[Sequence[Any]], count: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _cursor(connection: sa.Connection) -> Any:
    """Return a plain cursor in the connection's transaction: for a million rows."""
    return connection.connection.cursor()


def _integers(connection: sa.Connection, query: str, *parameters: int) -> Int64Array:
    """Return the integers that a query gives, in its order."""
    cursor = _cursor(connection)
    try:  # one long text is read several times faster than many small rows
        joined = f"SELECT group_concat(one) FROM ({query})"  # noqa: S608 - constants of this module
        listed = cursor.execute(joined, parameters).fetchone()[0]
    except sqlite3.DataError:  # more than SQLite puts into one text
        rows = cursor.execute(query, parameters)
        return np.fromiter((row[0] for row in rows), np.int64)
    return np.fromstring(listed or "", np.int64, sep=",")


def _field_id(connection: sa.Connection, name: str) -> int:
    query = sa.select(fields.c.id).where(fields.c.name == name)
    return connection.execute(query).scalar() or -1


def _alive(ids: Int64Array, highest: int) -> BoolArray:
    alive = np.zeros(_blocks(highest) * BLOCK, np.bool_)
    alive[ids] = True
    return alive


def _blocks(highest: int) -> int:
    return highest // BLOCK + 1


def _highest(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.max(records.c.id))).scalar() or 0
