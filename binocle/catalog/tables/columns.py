"""From the catalogue into columns, and what commits changed since."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import dialect
from binocle.catalog.tables.fields import SqlFields
from binocle.catalog.tables.filter_sql import holders
from binocle.catalog.tables.history import SqlHistory
from binocle.catalog.tables.records import SqlRecords
from binocle.catalog.tables.schema import attributes, fields, plain_number, points, records
from binocle.metadata.column_blocks import EXACT, Entries
from binocle.metadata.column_entries import (
    alive_mask,
    entries_of_arrays,
    entries_of_rows,
    with_places,
)
from binocle.metadata.columns import Column, Columns
from binocle.metadata.field_types import OWN_FIELDS, FieldType
from binocle.metadata.filters import And, Comparison, Filter, matches
from binocle.metadata.string_dictionary import Dictionary
from binocle.types import BoolArray, Int64Array

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


@dataclass(frozen=True, slots=True)
class SqlColumns:
    """Metadata in whole columns, from ``attributes``, ``points`` and ``records``."""

    connection: sa.Connection
    history: SqlHistory
    fields: SqlFields
    records: SqlRecords

    def load(self) -> Columns:
        ids = self._integers("SELECT id AS one FROM records")
        return Columns(self.history.change(), alive_mask(ids, self._highest()), {})

    def with_fields(self, columns: Columns, names: Iterable[str]) -> Columns:
        by_field = dict(columns.by_field)
        for name in columns.lacks(names):
            while len(by_field) >= _MAX_COLUMNS:
                del by_field[next(iter(by_field))]
            by_field[name] = self._load(name, columns.highest)
        return Columns(columns.change, columns.alive, by_field)

    def caught_up(self, columns: Columns) -> Columns:
        now = self.history.change()
        if now == columns.change:
            return columns
        floor = self.history.removals_known_after()
        if columns.change < floor or columns.change > now:
            return self.load()
        touched = self._integers("SELECT id AS one FROM records WHERE changed > ?", columns.change)
        gone = self._integers(
            "SELECT record_id AS one FROM removed_records WHERE change > ?", columns.change
        )
        highest = max(columns.highest, self._highest())
        alive = alive_mask(touched, highest)
        alive[: len(columns.alive)] |= columns.alive
        gone = gone[gone <= highest]  # others came and went unseen
        alive[gone] = False
        is_stale = self.history.meta.number("schema_changed") > columns.change
        if is_stale or len(touched) + len(gone) > _MAX_TOUCHED:
            return Columns(now, alive, {})
        kept = {
            name: column
            for name, column in columns.by_field.items()
            if not column.dictionary.is_worn
        }
        both = np.union1d(touched, gone)
        entries = self._entries_of(touched, kept)
        kinds = self.fields.types()
        return Columns(
            now,
            alive,
            {
                name: one.replaced(kinds.get(name, _UNKNOWN)[0], both, entries[name], highest)
                for name, one in kept.items()
            },
        )

    def few_matching(self, where: Filter) -> Int64Array | None:
        clauses = where.clauses if isinstance(where, And) else (where,)
        for clause in clauses:
            if not isinstance(clause, Comparison) or clause.operator not in _SELECTIVE:
                continue
            query = holders(clause, self.connection).limit(_FEW + 1)
            found = [cast(int, row[0]) for row in self.connection.execute(query)]
            if len(found) > _FEW:
                continue
            schema = self.fields.conversions()
            passing = [
                number
                for number, one in self.records.by_number(sorted(set(found))).items()
                if matches(where, one.id, one.uri, one.metadata, schema)
            ]
            return np.array(sorted(passing), np.int64)
        return None

    def short_values(self, most: int) -> list[tuple[str, str, int]]:
        query = (
            "SELECT min(fields.name), text, count(DISTINCT record_id) FROM attributes "
            "JOIN fields ON fields.id = field_id WHERE length(text) <= ? GROUP BY field_id, text"
        )
        found = dialect.run(self.connection, query, most)
        return [(name, text, count) for name, text, count in found]

    def _load(self, name: str, highest: int) -> Column:
        """Return a field's column, its dictionary in the order of its strings."""
        if name in _OWN_STRINGS:
            counted, listed_ids = _OWN_STRINGS[name]
            parameters: tuple[int, ...] = ()
        else:
            counted, listed_ids = _STRINGS
            parameters = (self._field_id(name),)
        ordered: list[str] = []
        counts: list[int] = []
        for text, count in self._rows(counted, *parameters):  # a list of rows would take long
            ordered.append(text)
            counts.append(count)
        marked = self._integers(listed_ids, *parameters)
        codes = np.repeat(np.arange(len(ordered), dtype=np.int32), np.array(counts, np.int64))
        texts = marked // 2, codes, (marked % 2).astype(np.bool_)
        dictionary = Dictionary(ordered)
        if parameters:
            entries = self._with_numbers(parameters, texts)
            places = np.fromiter(self._rows(_POINTS, *parameters), _PLACE)
            entries = with_places(entries, places["id"], [places["north"], places["east"]])
        else:
            entries = entries_of_arrays(texts, np.empty(0, np.int64), ())
        kind = self.fields.types().get(name, _UNKNOWN)[0]
        return Column.filled(kind, dictionary, entries, highest)  # later records are beyond

    def _with_numbers(
        self,
        parameters: tuple[int, ...],
        texts: tuple[Int64Array, Any, BoolArray],
    ) -> Entries:
        counted, ids_in_order = _NUMBERS
        found = np.fromiter(self._rows(counted, *parameters), _COUNTED)
        values: Sequence[Any] | npt.NDArray[np.float64]
        values = np.repeat(found["number"], found["count"])
        if (np.abs(found["number"]) >= EXACT).any():  # whole numbers that are no doubles, perhaps
            rows = self._rows(counted, *parameters)
            values = [plain_number(number) for number, count in rows for _ in range(count)]
        return entries_of_arrays(texts, self._integers(ids_in_order, *parameters), values)

    def _entries_of(self, touched: Int64Array, columns: dict[str, Column]) -> dict[str, Entries]:
        """Return what the touched records have in some fields, adding to the dictionaries."""
        rows: dict[str, list[tuple[int, Any, str | None, int]]] = {name: [] for name in columns}
        places: dict[str, list[tuple[int, float, float]]] = {name: [] for name in columns}
        for chunk in batched(touched.tolist()):
            query = sa.select(
                fields.c.name, attributes.c.record_id, attributes.c.number,
                attributes.c.text, attributes.c.listed,
            ).join(fields).where(attributes.c.record_id.in_(chunk))  # fmt: skip
            for name, *row in self.connection.execute(query):
                if name in rows and name not in OWN_FIELDS:
                    rows[name].append((row[0], row[1], row[2], row[3]))
            query_places = sa.select(
                fields.c.name, points.c.record_id, points.c.latitude, points.c.longitude
            ).join(fields).where(points.c.record_id.in_(chunk))  # fmt: skip
            for name, *place in self.connection.execute(query_places):
                if name in places and name not in OWN_FIELDS:
                    places[name].append((place[0], place[1], place[2]))
            if not columns.keys().isdisjoint(OWN_FIELDS):
                own = sa.select(records.c.id, records.c.key, records.c.uri)
                for number, key, uri in self.connection.execute(own.where(records.c.id.in_(chunk))):
                    for name, text in (("id", key), ("uri", uri)):
                        if name in rows:
                            rows[name].append((number, None, text, 0))
        return {
            name: with_places(
                entries_of_rows(column.dictionary, rows[name]),
                [row[0] for row in places[name]],
                [[row[place] for row in places[name]] for place in (1, 2)],
            )
            for name, column in columns.items()
        }

    def _rows(self, query: str, *parameters: int) -> Any:
        """Return the rows of a plain cursor in the connection's transaction: for a million."""
        cursor = self.connection.connection.cursor()
        return cursor.execute(dialect.written(self.connection, query), parameters)

    def _integers(self, query: str, *parameters: int) -> Int64Array:
        """Return the integers that a query gives, in its order."""
        if dialect.is_sqlite(self.connection):
            # one long text is read several times faster than many small rows
            joined = f"SELECT group_concat(one) FROM ({query})"  # noqa: S608 - constants of this module
            with suppress(sqlite3.DataError):  # more than SQLite puts into one text
                listed = self._rows(joined, *parameters).fetchone()[0]
                return np.fromstring(listed or "", np.int64, sep=",")
        return np.fromiter((row[0] for row in self._rows(query, *parameters)), np.int64)

    def _field_id(self, name: str) -> int:
        query = sa.select(fields.c.id).where(fields.c.name == name)
        return self.connection.execute(query).scalar() or -1

    def _highest(self) -> int:
        return self.connection.execute(sa.select(sa.func.max(records.c.id))).scalar() or 0
