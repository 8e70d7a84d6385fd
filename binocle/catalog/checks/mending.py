"""Making anew what follows from the records of a catalogue, each in one transaction."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from binocle.catalog.query_file import QUERY_FILE
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.schema import attributes, points, schema
from binocle.catalog.text_rows import VERSION
from binocle.errors import StorageError

_BUSY_TIMEOUT_S = 30.0


def make_indices(path: Path) -> None:
    """Make the indices of tables that are missing."""
    catalog = SqliteCatalog(path)
    try:
        with catalog.writing() as session:
            for table in schema.tables.values():
                for index in table.indexes:
                    index.create(session.connection, checkfirst=True)
    finally:
        catalog.close()


def rewrite_metadata(path: Path) -> None:
    """Write the values for filters, and the points, anew from the records."""
    catalog = SqliteCatalog(path)
    try:
        with catalog.writing() as session:
            for table in (attributes, points):
                session.connection.execute(table.delete())
            session.fields.rewrite()
            session.meta.put("schema_changed", session.history.next_change())
    finally:
        catalog.close()


def rewrite_words(path: Path) -> None:
    """Have the words read in anew from the records, as those of an older catalogue are.

    The vocabulary stays, since readers remember how far they have read it.
    """
    with closing(_raw(path)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(
            "INSERT INTO meta (key, value) VALUES ('words', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (f"{VERSION}:-1",),
        )
    SqliteCatalog(path).close()


def look_again(path: Path) -> None:
    """Let the next run over a source look again at what counts as indexed and has no record."""
    with closing(_raw(path)) as database, database:
        database.execute(
            "UPDATE items SET fingerprint = '' WHERE record_key IS NOT NULL "
            "AND record_key NOT IN (SELECT key FROM records)"
        )


def drop_traces(path: Path) -> None:
    """Write the file anew, without what records that were removed have left in it.

    Raises:
        StorageError: Somebody else holds the catalogue, or it cannot be written.
    """
    clear_removed(path)
    try:
        with closing(_raw(path)) as database:
            gone = "key NOT IN (SELECT key FROM records)"
            database.execute(f"DELETE FROM waiting_labels WHERE {gone}")  # noqa: S608
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(
            f"the catalogue {path} cannot be written anew ({error}); try again while nothing else "
            "has it open"
        ) from error


def clear_removed(path: Path, *, most_rows: int | None = None) -> None:
    """Drop what removed records left in the words, and in the log of recent changes.

    Args:
        path: The catalogue.
        most_rows: Leave the words as they are where there are more rows of them than that.

    Raises:
        StorageError: It cannot be written.
    """
    try:
        with closing(_raw(path)) as database:
            rows = database.execute("SELECT count(*) FROM words").fetchone()[0]
            if most_rows is None or rows <= most_rows:
                database.execute("PRAGMA secure_delete=ON")
                database.execute("BEGIN IMMEDIATE")
                database.execute("CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, row)")
                database.execute(
                    "DELETE FROM vocabulary WHERE word NOT IN (SELECT term FROM temp.said)"
                )
                database.execute("INSERT INTO words (words) VALUES ('optimize')")
                database.execute("COMMIT")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(f"the catalogue {path} cannot be cleared ({error})") from error


def drop_queries(folder: Path, ids: Sequence[str]) -> None:
    """Drop the kept queries that name records.

    Raises:
        StorageError: They cannot be written.
    """
    path = folder / QUERY_FILE
    if not ids or not path.exists():
        return
    try:
        with closing(_raw(path)) as database:
            database.execute("PRAGMA secure_delete=ON")
            named = [(json.dumps(one),) for one in ids]
            database.executemany("DELETE FROM turns WHERE instr(query, ?)", named)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(f"the queries in {path} cannot be dropped ({error})") from error


def _raw(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    database.execute("PRAGMA synchronous=FULL")
    return database
