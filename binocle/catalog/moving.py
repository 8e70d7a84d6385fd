"""A catalogue of SQLite, copied into a schema of PostgreSQL: all rows, with their ids."""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import damage
from binocle.catalog.location import (
    BEGUN_FILE,
    POSTGRESQL_FILE,
    SQLITE_FILE,
    SchemaLocation,
    is_in_postgresql,
    keep_location,
    new_location,
    read_location,
)
from binocle.catalog.postgresql.catalog import PostgresCatalog, PostgresSession, drop_schema
from binocle.catalog.query_file import QUERY_FILE
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.schema import schema
from binocle.errors import StorageError

_AT_ONCE = 2000
Progress = Callable[[str, int], None]


def copy_catalog(
    source: SqliteCatalog, location: SchemaLocation, tell: Progress = lambda _table, _rows: None
) -> int:
    """Make a catalogue with the rows of another one, as one moment of that has them.

    Numbers of changes and what tells them from others are copied, too, so files that were made
    beside the one fit the other.

    Args:
        source: Is read, and may be written meanwhile.
        location: Of the copy; a schema that is there is emptied.
        tell: Told how many rows of a table are copied.

    Returns:
        How many rows were copied.

    Raises:
        StorageError: One of them cannot be read or written.
    """
    count = 0
    target = PostgresCatalog(location.address, location.schema)
    try:
        with source.reading() as old, target.writing() as new:
            for table in reversed(schema.sorted_tables):
                new.connection.execute(sa.delete(table))
            for table in schema.sorted_tables:
                rows = old.connection.execute(sa.select(table)).mappings()
                copied = 0
                for chunk in batched(rows, _AT_ONCE):
                    new.connection.execute(sa.insert(table), [dict(row) for row in chunk])
                    copied += len(chunk)
                    tell(table.name, copied)
                there = new.connection.execute(sa.select(sa.func.count()).select_from(table))
                if there.scalar_one() != copied:
                    raise StorageError(f"not all rows of {table.name!r} were copied; try again")
                count += copied
            _read_words(new)
    finally:
        target.close()
    return count


def _read_words(new: PostgresSession) -> None:
    """Read the words of all records in: SQLite keeps them in another form."""
    new.connection.execute(sa.delete(schema.tables["meta"]).where(sa.text("key = 'words'")))
    new.words.renew()


def move_catalog(folder: Path, address: str, tell: Progress = lambda _table, _rows: None) -> int:
    """Move a collection's catalogue from SQLite to PostgreSQL, while it is searched and written.

    Where somebody has written meanwhile it is copied once more, and then, where that was so again,
    while whoever writes waits. Who waited is refused, and writes to PostgreSQL when they ask again.
    A process that is killed at any moment leaves one catalogue that is whole; moving it again
    finishes what is left.

    Args:
        folder: The collection's, where nobody runs an index.
        address: Of the database.
        tell: Told how many rows of a table are copied.

    Returns:
        How many rows were copied; 0 where the catalogue was moved already.

    Raises:
        UsageError: The address cannot be used.
        StorageError: The catalogue cannot be read, or not be made there; it is where it was.
    """
    count = 0
    with damage.moving(folder):
        drop_begun(folder)
        if not is_in_postgresql(folder):
            count = _switch(folder, new_location(address, folder.name), tell)
        for name in (SQLITE_FILE, QUERY_FILE):
            for suffix in ("", "-wal", "-shm"):
                (folder / f"{name}{suffix}").unlink(missing_ok=True)
    return count


def _switch(folder: Path, location: SchemaLocation, tell: Progress) -> int:
    """Copy a catalogue and name the copy as the catalogue; return how many rows that were."""
    path, count = folder / SQLITE_FILE, 0
    keep_location(folder / BEGUN_FILE, location)
    try:
        with closing(SqliteCatalog(path)) as source:
            stamp = None
            for _ in range(2):
                if stamp != (stamp := _stamp_of(path)):
                    count = copy_catalog(source, location, tell)
            with source.writing() as session:
                if stamp != _stamp_of(path):
                    count = copy_catalog(source, location, tell)
                session.connection.exec_driver_sql(damage.REFUSE)
            try:
                keep_location(folder / POSTGRESQL_FILE, location)
            except BaseException:
                with source.writing() as session:
                    session.connection.exec_driver_sql(damage.ALLOW)
                raise
    except BaseException:
        drop_schema(location.address, location.schema)
        (folder / BEGUN_FILE).unlink(missing_ok=True)
        raise
    (folder / BEGUN_FILE).unlink(missing_ok=True)
    return count


def drop_begun(folder: Path) -> None:
    """Drop the copy of a process that was killed while it moved the catalogue."""
    begun = folder / BEGUN_FILE
    if not begun.is_file():
        return
    location = read_location(begun)
    is_switched = is_in_postgresql(folder) and read_location(folder / POSTGRESQL_FILE) == location
    if not is_switched:
        with suppress(StorageError):  # that server may be gone; then so is what it has
            drop_schema(location.address, location.schema)
    begun.unlink()


def _stamp_of(path: Path) -> tuple[tuple[int, int], ...]:
    """Return what changes when somebody writes to a catalogue."""
    there = [one for one in (path, path.with_name(f"{path.name}-wal")) if one.exists()]
    return tuple((status.st_mtime_ns, status.st_size) for status in map(Path.stat, there))
