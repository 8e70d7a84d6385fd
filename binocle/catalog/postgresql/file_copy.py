"""A catalogue of PostgreSQL as a file of SQLite, as of one moment: for backups and examinations."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import migrations
from binocle.catalog.postgresql.catalog import PostgresCatalog, PostgresSession
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.schema import schema
from binocle.catalog.tables.session import SqliteSession
from binocle.catalog.text_rows import VERSION
from binocle.errors import StorageError

_AT_ONCE = 5000
_WORDS = {
    "words": ("SELECT number, text, joined FROM words ORDER BY number",
              "INSERT INTO words (rowid, text, joined) VALUES (?, ?, ?)"),
    "vocabulary": ("SELECT id, word, stem FROM vocabulary ORDER BY id",
                   "INSERT INTO vocabulary (id, word, stem) VALUES (?, ?, ?)"),
}  # fmt: skip


def copy_to_file(address: sa.URL, name: str, to: Path) -> None:
    """Write all rows of a catalogue, with their ids, numbers of changes and words, to a file.

    Writers go on meanwhile, and none of what they write is in it.

    Args:
        address: Of the database.
        name: The catalogue's schema.
        to: A file that is made; it needs no log of recent changes beside it.

    Raises:
        StorageError: The catalogue cannot be read, or the file not be written.
    """
    source = PostgresCatalog(address, name, make=False)
    try:
        target = SqliteCatalog(to)
        try:
            with source.reading() as old:
                for table in schema.sorted_tables:
                    _copy_table(old, target, table)
                _copy_words(old, target)
        finally:
            target.close()
    finally:
        source.close()
    try:
        with closing(sqlite3.connect(to)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StorageError(f"the catalogue cannot be copied to {to} ({error})") from error


def _copy_table(old: PostgresSession, target: SqliteCatalog, table: sa.Table) -> None:
    with target.writing() as new:
        new.connection.execute(sa.delete(table))  # there are rows of a new catalogue in one
    options = {"yield_per": _AT_ONCE}  # the driver would read all of them at once
    rows = old.connection.execute(sa.select(table), execution_options=options).mappings()
    for chunk in batched(rows, _AT_ONCE):
        with target.writing() as new:
            new.connection.execute(sa.insert(table), [dict(row) for row in chunk])


def _copy_words(old: PostgresSession, target: SqliteCatalog) -> None:
    """Copy the words as they are there, and note that they and the checksums are all there."""
    for query, insertion in _WORDS.values():
        options = {"yield_per": _AT_ONCE}
        found = old.connection.execution_options(**options).exec_driver_sql(query)
        for chunk in batched(found, _AT_ONCE):
            with target.writing() as new:
                new.connection.exec_driver_sql(insertion, [_plain(row) for row in chunk])
    with target.writing() as new:
        _note_words(new)
        migrations.note_checksums(new)


def _note_words(new: SqliteSession) -> None:
    (change,) = new.meta.get("change")
    new.meta.put("words", f"{VERSION}:{change or 0}")


def _plain(row: sa.Row[Any]) -> tuple[Any, ...]:
    """Return a row without the spaces that PostgreSQL has around the tokens of a text."""
    number, *texts = tuple[Any, ...](row)
    return (number, *(one and one.strip(" ") for one in texts))
