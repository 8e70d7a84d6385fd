"""The tables of a catalogue in PostgreSQL: those of SQLite, and the words."""

import functools

import sqlalchemy as sa

from binocle.catalog.tables.schema import schema

_WORDS = (
    """CREATE TABLE IF NOT EXISTS words (number BIGINT PRIMARY KEY,
       text TEXT COLLATE "C" NOT NULL, joined TEXT COLLATE "C" NOT NULL,
       tokens TSVECTOR NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS words_by_token ON words USING gin (tokens)",
    """CREATE TABLE IF NOT EXISTS vocabulary (id BIGSERIAL PRIMARY KEY,
       word TEXT COLLATE "C" NOT NULL UNIQUE, stem TEXT COLLATE "C")""",
    "CREATE INDEX IF NOT EXISTS vocabulary_by_stem ON vocabulary (stem)",
)
_QUERIES = """CREATE TABLE IF NOT EXISTS turns (id BIGSERIAL PRIMARY KEY,
    name BYTEA NOT NULL UNIQUE, at DOUBLE PRECISION NOT NULL, query TEXT NOT NULL)"""


def make_tables(connection: sa.Connection) -> None:
    """Make the tables that are missing from the schema of a connection, inside a transaction."""
    _tables().create_all(connection)
    for statement in (*_WORDS, _QUERIES):
        connection.exec_driver_sql(statement)


@functools.cache
def _tables() -> sa.MetaData:
    """Return the tables with texts in the order of their characters, as SQLite has them."""
    copies = sa.MetaData()
    for table in schema.sorted_tables:
        for column in table.to_metadata(copies).columns:
            if isinstance(column.type, sa.String):
                column.type = sa.Text(collation="C")
    return copies
