"""The tables of one kind of vectors in PostgreSQL, and what is written to them."""

import zlib
from typing import Any

import numpy as np
from psycopg import Connection, sql

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Watermark
from binocle.vectors.engines.base import Push
from binocle.vectors.engines.pgvector.copying import copy_in

_LOCK_SPACE = 0x62696E76  # of advisory locks: "binv"
_SWEEP_AFTER_S = 60
_PLAIN_DIMENSIONS = 1900  # of larger rows PostgreSQL keeps the vectors elsewhere
_LINKS, _BUILD_DEPTH = 16, 100  # of HNSW: m and ef_construction


class VectorTables:
    """The rows of a kind, what of them is dead, and the watermarks of all kinds.

    Whoever calls with a connection has the errors of PostgreSQL.

    Attributes:
        name: What messages call the vectors.
        rows: The table of rows.
    """

    def __init__(self, schema: str, kind: str, space: Space, *, index_from: int) -> None:
        """Set up; see ``PgvectorEngine``."""
        self.name = f"the {kind} vectors in PostgreSQL ({schema!r})"
        self._schema, self._kind, self._space = schema, kind, space
        self._index_from = index_from
        self.rows, self._dead, self._marks = (
            sql.Identifier(schema, name) for name in (kind, f"{kind}_dead", "marks")
        )

    def has_index(self, connection: "Connection[Any]") -> bool:
        """Tell whether there is an index."""
        return self._is_there(connection, f"{self._kind}_hnsw")

    def watermark(self, connection: "Connection[Any]") -> Watermark | None:
        """Return that of the last push; None before the first.

        Raises:
            StorageError: The vectors are of another space.
        """
        if not self._is_there(connection, "marks"):
            return None
        found = connection.execute(
            sql.SQL(
                "SELECT change, last_id, token, space FROM {} WHERE kind = %s "
                "ORDER BY number DESC LIMIT 1"
            ).format(self._marks),
            (self._kind,),
        ).fetchone()
        if found is None:
            return None
        if found[3] != self._space.fingerprint:
            raise StorageError(f"{self.name} are of another space")
        return Watermark(*found[:3])

    def write(self, connection: "Connection[Any]", push: Push) -> None:
        """Write what is new, and the watermark; in one transaction, under the lock."""
        self._make_tables(connection)
        if push.anew:
            self._put(connection, push.ids, np.zeros_like(push.born), push.rows, anew=True)
        else:
            mark = self.watermark(connection)
            if mark is not None and mark.change >= push.watermark.change:
                return
            new = push.ids > (mark.last_id if mark is not None else -1)
            self._put(connection, push.ids[new], push.born[new], push.rows[new], anew=mark is None)
            if len(push.retired):
                connection.execute(
                    sql.SQL(
                        "INSERT INTO {0} SELECT id, died FROM unnest(%s::bigint[], %s::bigint[]) "
                        "AS gone (id, died) JOIN {1} USING (id) ON CONFLICT DO NOTHING"
                    ).format(self._dead, self.rows),
                    (push.retired.tolist(), push.died.tolist()),
                )
        mark = push.watermark
        connection.execute(
            sql.SQL(
                "INSERT INTO {} (kind, space, change, last_id, token) VALUES (%s, %s, %s, %s, %s)"
            ).format(self._marks),
            (self._kind, self._space.fingerprint, mark.change, mark.last_id, mark.token),
        )

    def _make_tables(self, connection: "Connection[Any]") -> None:
        schema = sql.Identifier(self._schema)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (number bigserial PRIMARY KEY, kind text NOT NULL, "
                "space text NOT NULL, change bigint NOT NULL, last_id bigint NOT NULL, token text, "
                "written timestamptz NOT NULL DEFAULT clock_timestamp())"
            ).format(self._marks)
        )
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (id bigint PRIMARY KEY, died bigint NOT NULL)"
            ).format(self._dead)
        )

    def _put(
        self, connection: "Connection[Any]", ids: Int64Array, born: Int64Array, rows: Float32Array,
        *, anew: bool,
    ) -> None:  # fmt: skip
        """Write rows; anew into a table that takes the place of the one there is, if any.

        Views of the latter find the same ids in it: of rows made anew it is not told when they
        were born.
        """
        table = self.rows
        if anew:
            table = sql.Identifier(self._schema, f"{self._kind}_new")
            connection.execute(
                sql.SQL("CREATE TABLE {} (id bigint PRIMARY KEY, born bigint NOT NULL, "
                        "row vector({}) NOT NULL)")
                .format(table, sql.Literal(self._space.dimension))
            )  # fmt: skip
            if self._space.dimension <= _PLAIN_DIMENSIONS:  # scanned several times as fast
                connection.execute(
                    sql.SQL("ALTER TABLE {} ALTER row SET STORAGE PLAIN").format(table)
                )
        if len(ids):
            copy_in(connection, table, ids, born, rows)
        if anew:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self.rows))
            connection.execute(sql.SQL("TRUNCATE {}").format(self._dead))
            connection.execute(
                sql.SQL("ALTER TABLE {} RENAME TO {}").format(table, sql.Identifier(self._kind))
            )

    def sweep(self, connection: "Connection[Any]") -> None:
        """Remove for good what no search sees any more."""
        found = connection.execute(
            sql.SQL(
                "SELECT number, change FROM {} WHERE kind = %s AND "
                "written < clock_timestamp() - %s * interval '1 second' "
                "ORDER BY number DESC LIMIT 1"
            ).format(self._marks),
            (self._kind, _SWEEP_AFTER_S),
        ).fetchone()
        if found is None:
            return
        connection.execute(
            sql.SQL(
                "WITH gone AS (DELETE FROM {} WHERE died <= %s RETURNING id) "
                "DELETE FROM {} AS vectors USING gone WHERE vectors.id = gone.id"
            ).format(self._dead, self.rows),
            (found[1],),
        )
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE kind = %s AND number < %s").format(self._marks),
            (self._kind, found[0]),
        )

    def make_index(self, connection: "Connection[Any]") -> None:
        """Make the index where there are as many rows as it needs, under the lock."""
        name = f"{self._kind}_hnsw"
        if self._is_there(connection, name):
            return
        counting = sql.SQL("SELECT count(*) FROM {}").format(self.rows)
        row = connection.execute(counting).fetchone()
        if row is None or row[0] < self._index_from:
            return
        connection.execute("SET LOCAL maintenance_work_mem = '1GB'")
        connection.execute(
            sql.SQL(
                "CREATE INDEX {} ON {} USING hnsw ({} halfvec_ip_ops) "
                "WITH (m = {}, ef_construction = {})"
            ).format(
                sql.Identifier(name), self.rows, sql.SQL("({})").format(self.indexed()),
                sql.Literal(_LINKS), sql.Literal(_BUILD_DEPTH),
            )
        )  # fmt: skip

    def lock(self, connection: "Connection[Any]") -> None:
        """Wait until no other process writes; until the transaction ends."""
        key = zlib.crc32(f"{self._schema}.{self._kind}".encode()) - 2**31
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, key))

    def _is_there(self, connection: "Connection[Any]", name: str) -> bool:
        quoted = f'"{self._schema}"."{name}"'
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (quoted,)).fetchone()
        return bool(row and row[0])

    def indexed(self) -> sql.Composable:
        """Return what the index is of: the rows as float16."""
        return self.halved(sql.SQL("row"))

    def halved(self, vector: sql.Composable) -> sql.Composable:
        """Return a vector as float16."""
        return sql.SQL("({}::halfvec({}))").format(vector, sql.Literal(self._space.dimension))

    def alive(self, change: int) -> sql.Composable:
        """Return the condition that a row is alive as of a change."""
        return sql.SQL("born <= {0} AND id NOT IN (SELECT id FROM {1} WHERE died <= {0})").format(
            sql.Literal(change), self._dead
        )
