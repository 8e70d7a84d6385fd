"""Making anew what follows from the records of a catalogue, each in one transaction."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from binocle.catalog.dialect import run
from binocle.catalog.location import (
    POSTGRESQL_FILE,
    catalog_path,
    is_in_postgresql,
    open_catalog,
    rewrite_tables,
)
from binocle.catalog.query_file import QUERY_FILE
from binocle.catalog.tables.picture_checksums import drop_damaged_fingerprints, put_infos
from binocle.catalog.tables.schema import attributes, parts, points, schema
from binocle.catalog.tables.session import SqlSession
from binocle.catalog.text_rows import VERSION
from binocle.errors import BusyError, StorageError
from binocle.types import ImageInfo

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')  # of JSON, as they are written
_LABELS = "DELETE FROM waiting_labels WHERE key = ? AND key NOT IN (SELECT key FROM records)"
_UNSAID = (  # of PostgreSQL
    "WITH said AS (SELECT DISTINCT unnest(tsvector_to_array(tokens)) AS word FROM words) "
    "DELETE FROM vocabulary WHERE NOT EXISTS "
    '(SELECT 1 FROM said WHERE said.word COLLATE "C" = vocabulary.word)'
)
REWRITTEN = "rewritten"
"""Under this name ``meta`` has the change since which PostgreSQL's tables were written anew."""
_BUSY_TIMEOUT_S, _READERS_END_WITHIN_S = 30.0, 2.0


def make_indices(path: Path) -> None:
    """Make the indices of tables that are missing."""
    with _writing(path) as session:
        for table in schema.tables.values():
            for index in table.indexes:
                index.create(session.connection, checkfirst=True)
        if path.name == POSTGRESQL_FILE:  # whoever opens it makes what is missing of words
            session.meta.put("additions", 0)
    open_catalog(path).close()


def rewrite_metadata(path: Path) -> None:
    """Write the values for filters, and the points, anew from the records."""
    with _writing(path) as session:
        for table in (attributes, points):
            session.connection.execute(table.delete())
        session.fields.rewrite()
        session.meta.put("schema_changed", session.history.next_change())


def rewrite_words(path: Path) -> None:
    """Have the words read in anew from the records, as those of an older catalogue are.

    SQLite's vocabulary stays, since readers remember how far they have read it.

    Raises:
        StorageError: It cannot be written.
    """
    with _writing(path) as session:
        session.meta.put("words", f"{VERSION}:-1")
    open_catalog(path).close()


def drop_fingerprints(path: Path) -> None:
    """Remove damaged fingerprints; they are made anew as those that pictures never had.

    Raises:
        StorageError: It cannot be written.
    """
    with _writing(path) as session:
        drop_damaged_fingerprints(session.connection)
        session.fingerprints.fill({})  # whoever has them in an index reads them again


def renew_facts(path: Path, infos: Mapping[int, ImageInfo]) -> None:
    """Store anew what pictures say of themselves, by part.

    Raises:
        StorageError: It cannot be written.
    """
    written = {part_id: json.dumps(asdict(info)) for part_id, info in infos.items()}
    with _writing(path) as session:
        for part_id, info in written.items():
            own = parts.update().where(parts.c.id == part_id)
            session.connection.execute(own.values(info=info))
        put_infos(session.connection, written)


def look_again(path: Path) -> None:
    """Let the next run over a source look again at what counts as indexed and has no record.

    Raises:
        StorageError: It cannot be written.
    """
    with _writing(path) as session:
        session.connection.exec_driver_sql(
            "UPDATE items SET fingerprint = '' WHERE record_key IS NOT NULL "
            "AND record_key NOT IN (SELECT key FROM records)"
        )


def drop_traces(path: Path, record_id: str | None = None) -> None:
    """Write the file anew, without what records that were removed have left in it.

    Args:
        path: The catalogue.
        record_id: Of a record that was removed, whose waiting labels go too.

    Raises:
        BusyError: Somebody reads the catalogue, so its log keeps what was removed.
        StorageError: It cannot be written.
    """
    if path.name == POSTGRESQL_FILE:
        with _writing(path) as session:
            run(session.connection, _LABELS, record_id)
            run(session.connection, _UNSAID)
            session.meta.put(REWRITTEN, session.history.change())
        rewrite_tables(path)
        return
    with _opened(path) as database:
        database.execute("PRAGMA secure_delete=ON")
        database.execute(_LABELS, (record_id,))
        _drop_words(database)
        database.execute("VACUUM")
        _empty_log(database, path)


def clear_removed(path: Path, *, most_rows: int | None = None) -> None:
    """Drop what removed records left in the words, and in the log of recent changes.

    Args:
        path: The catalogue.
        most_rows: Leave the words as they are where there are more rows of them than that.

    Raises:
        BusyError: Somebody reads the catalogue, so its log keeps what was removed.
        StorageError: It cannot be written.
    """
    if path.name == POSTGRESQL_FILE:
        with _writing(path) as session:
            rows = session.connection.exec_driver_sql("SELECT count(*) FROM words").scalar_one()
            if most_rows is None or rows <= most_rows:
                run(session.connection, _UNSAID)
        return
    with _opened(path) as database:
        rows = database.execute("SELECT count(*) FROM words").fetchone()[0]
        if most_rows is None or rows <= most_rows:
            database.execute("PRAGMA secure_delete=ON")
            _drop_words(database)
        _empty_log(database, path)


def drop_queries(folder: Path, ids: Sequence[str]) -> None:
    """Drop the kept queries that name records.

    Raises:
        BusyError: Somebody reads them, so their log keeps what was removed.
        StorageError: They cannot be written.
    """
    path, wanted = folder / QUERY_FILE, {json.dumps(one) for one in ids}
    if ids and is_in_postgresql(folder):
        with _writing(catalog_path(folder)) as session:
            kept = session.connection.exec_driver_sql("SELECT id, query FROM turns").all()
            for (one,) in _naming(kept, wanted):
                run(session.connection, "DELETE FROM turns WHERE id = ?", one)
        return
    if not ids or not path.exists():
        return
    with _opened(path) as database:
        database.execute("PRAGMA secure_delete=ON")
        kept = database.execute("SELECT id, query FROM turns").fetchall()
        database.executemany("DELETE FROM turns WHERE id = ?", _naming(kept, wanted))
        _empty_log(database, path)


def drop_all_queries(folder: Path) -> None:
    """Drop all kept queries, in whatever state they are.

    Raises:
        StorageError: They cannot be written.
    """
    if is_in_postgresql(folder):
        with _writing(catalog_path(folder)) as session:
            session.connection.exec_driver_sql("DELETE FROM turns")
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{QUERY_FILE}{suffix}").unlink(missing_ok=True)


def _naming(kept: Iterable[Sequence[Any]], wanted: set[str]) -> list[tuple[int]]:
    return [(one,) for one, query in kept if not wanted.isdisjoint(_STRINGS.findall(query))]


def _drop_words(database: sqlite3.Connection) -> None:
    """Forget the words that no record has any more, and put the pieces of their index together."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, row)")
        database.execute("DELETE FROM vocabulary WHERE word NOT IN (SELECT term FROM temp.said)")
        database.execute("DROP TABLE temp.said")
        database.execute("INSERT INTO words (words) VALUES ('optimize')")


def _empty_log(database: sqlite3.Connection, path: Path) -> None:
    """Move the log of recent changes into the file, which whoever reads an older state hinders."""
    database.execute(f"PRAGMA busy_timeout={round(1000 * _READERS_END_WITHIN_S)}")
    (is_busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise BusyError(
            f"somebody reads {path}, so {path.name}-wal may keep what was removed; it goes with "
            "later changes, or try again"
        )


@contextmanager
def _writing(path: Path) -> Iterator[SqlSession[Any]]:
    """Give a transaction on a catalogue, of whichever engine."""
    with closing(open_catalog(path)) as catalog, catalog.writing() as session:
        assert isinstance(session, SqlSession)
        yield session


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(
            sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        ) as database:
            database.execute("PRAGMA synchronous=FULL")
            yield database
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be written ({error})") from error
