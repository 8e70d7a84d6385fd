"""The vectors of one kind in PostgreSQL: a table with an HNSW index of pgvector's.

The table has the rows as float32, so that scores are those of any other store; the index is of
float16, half as large. What is removed is noted beside the table first: an update of a row would
enter it into the index anew. A push is one transaction, so one that is killed leaves nothing.

pgvector filters what its index finds: by default it looks at forty rows and gives back those that
pass, a quarter of what was asked for, or none. With iterative scans it looks on until it has
enough.
Source: https://github.com/pgvector/pgvector, "Iterative Index Scans".
"""

from functools import partial
from typing import Any

import numpy as np
from psycopg import Connection, sql

from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Watermark
from binocle.vectors.engines.base import Among, EngineAnswer, Push
from binocle.vectors.engines.pgvector.connections import VectorConnections
from binocle.vectors.engines.pgvector.copying import IDS, SCORES, copied, rows_form
from binocle.vectors.engines.pgvector.extension import check_extension
from binocle.vectors.engines.pgvector.tables import VectorTables

INDEX_FROM = 50_000  # rows; up to so many are scanned in about the time an index takes
_MOST_IDS = 100_000
_AT_ONCE = 20_000  # rows that are fetched by one statement
_DEPTH = 500  # of ef_search: with 100 texts that ask for pictures find nine of ten
_MOST_DEPTH = 1000  # pgvector's limit of ef_search


class PgvectorEngine:
    """A table of vectors; see ``VectorEngine``."""

    most_ids = _MOST_IDS

    def __init__(
        self, address: str, schema: str, kind: str, space: Space, *, index_from: int = INDEX_FROM
    ) -> None:
        """Set up; the database is not asked yet.

        Args:
            address: ``postgresql://…`` without a password.
            schema: Has the tables of a collection.
            kind: Whose vectors.
            space: Theirs.
            index_from: With how many rows an index is made.
        """
        self._tables = VectorTables(schema, kind, space, index_from=index_from)
        self._connections = VectorConnections(address, self._tables.name)
        self._dimension = space.dimension
        self._has_index = False

    @property
    def description(self) -> str:
        """How it is searched, for a person."""
        return "approximate (pgvector HNSW)" if self._has_index else "exact (pgvector)"

    @property
    def is_scanned(self) -> bool:
        """Whether there was no index yet when this process last looked."""
        return not self._has_index

    def watermark(self) -> Watermark | None:
        """Return that of the last push; see ``VectorEngine.watermark``."""

        def read(connection: "Connection[Any]") -> Watermark | None:
            check_extension(connection, self._tables.name)
            self._has_index = self._tables.has_index(connection)
            return self._tables.watermark(connection)

        return self._connections.run(read)

    def ids(self, change: int) -> Int64Array:
        """Return the ids alive as of a change."""
        query = sql.SQL("SELECT id FROM {} WHERE {} ORDER BY id").format(
            self._tables.rows, self._tables.alive(change)
        )
        found = self._connections.run(lambda connection: copied(connection, query, IDS))
        return found["id"].astype(np.int64)

    def held(self) -> Int64Array:
        """Return the ids of all rows; see ``VectorEngine.held``."""
        query = sql.SQL("SELECT id FROM {} ORDER BY id").format(self._tables.rows)

        def read(connection: "Connection[Any]") -> Int64Array:
            if self._tables.watermark(connection) is None:
                return np.empty(0, np.int64)
            return copied(connection, query, IDS)["id"].astype(np.int64)

        return self._connections.run(read)

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorEngine.rows``."""
        form = rows_form(self._dimension)
        found_ids, rows = (
            [np.empty(0, np.int64)],
            [np.empty((0, self._dimension), np.float32)],
        )
        for start in range(0, len(ids), _AT_ONCE):
            query = sql.SQL("SELECT id, row FROM {} WHERE id = ANY({})").format(
                self._tables.rows, _array(ids[start : start + _AT_ONCE])
            )
            found = self._connections.run(partial(copied, query=query, form=form))
            found_ids.append(found["id"].astype(np.int64))
            rows.append(found["vector"]["row"].astype(np.float32))
        return np.concatenate(found_ids), np.concatenate(rows)

    def nearest(self, query: Float32Array, k: int, among: Among, *, exact: bool) -> EngineAnswer:
        """Return the nearest rows; see ``VectorEngine.nearest``."""
        vector = _vector(query)
        by_index = self._has_index and not exact
        order = sql.SQL("row <#> {}, id").format(vector)
        if by_index:  # the index's own expression, and nothing beside it, or it is not used
            order = sql.SQL("{} <#> {}").format(self._tables.indexed(), self._tables.halved(vector))
        statement = sql.SQL(
            "SELECT id, (-(row <#> {}))::real FROM {} WHERE {} ORDER BY {} LIMIT {}"
        ).format(vector, self._tables.rows, self._condition(among), order, sql.Literal(k))

        def search(connection: "Connection[Any]") -> EngineAnswer:
            if not by_index:
                return _answer(copied(connection, statement, SCORES), exact=True)
            with connection.transaction():
                _look_by_index(connection, k)
                return _answer(copied(connection, statement, SCORES), exact=False)

        return self._connections.run(search)

    def above(self, query: Float32Array, least: float, among: Among) -> EngineAnswer:
        """Return all rows with at least a score; see ``VectorEngine.above``."""
        vector = _vector(query)
        statement = sql.SQL(
            "SELECT id, (-(row <#> {0}))::real FROM {1} WHERE {2} AND row <#> {0} <= {3}"
        ).format(vector, self._tables.rows, self._condition(among), sql.Literal(-float(least)))
        found = self._connections.run(lambda connection: copied(connection, statement, SCORES))
        return _answer(found, exact=True)

    def push(self, push: Push) -> None:
        """Take in what is new, in one transaction; see ``VectorEngine.push``."""

        def write(connection: "Connection[Any]") -> None:
            check_extension(connection, self._tables.name)
            tables = self._tables
            with connection.transaction():
                tables.lock(connection)
                tables.write(connection, push)
            with connection.transaction():
                tables.lock(connection)
                tables.sweep(connection)
                tables.make_index(connection)
            self._has_index = tables.has_index(connection)

        self._connections.run(write)

    def _condition(self, among: Among) -> sql.Composable:
        tests = [self._tables.alive(among.change)]
        if among.only is not None:
            tests.append(sql.SQL("id = ANY({})").format(_array(among.only)))
        if len(among.without):
            tests.append(sql.SQL("id <> ALL({})").format(_array(among.without)))
        return sql.SQL(" AND ").join(tests)


def _look_by_index(connection: "Connection[Any]", k: int) -> None:
    """Have the transaction's search use the index, and look on until it has enough."""
    settings = {
        "hnsw.iterative_scan": "strict_order",
        "hnsw.ef_search": str(min(_MOST_DEPTH, max(_DEPTH, 3 * k))),
        "hnsw.max_scan_tuples": str(max(20_000, 4 * k)),
        "enable_seqscan": "off",
        "enable_sort": "off",
    }
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))


def _answer(found: Any, *, exact: bool) -> EngineAnswer:
    return EngineAnswer(
        found["id"].astype(np.int64), found["score"].astype(np.float32), exact=exact
    )


def _vector(row: Float32Array) -> sql.Composable:
    text = ",".join(map(repr, row.tolist()))
    return sql.SQL("{}::vector").format(sql.Literal(f"[{text}]"))


def _array(ids: Int64Array) -> sql.Composable:
    text = ",".join(map(str, ids.tolist()))
    return sql.SQL("{}::bigint[]").format(sql.Literal("{" + text + "}"))
