"""What is not as it was stored, or was left half done.

Who moves a catalogue to PostgreSQL refuses writers of SQLite's file by a trigger, at last, and
names the schema then. A process that was killed between the two has left a catalogue that is whole,
and that nobody can write to.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from binocle.errors import StorageError
from binocle.files import PRIVATE_FILE
from binocle.types import Kind

SQLITE_FILE, POSTGRESQL_FILE = "catalog.sqlite", "catalog.postgresql"
BEGUN_FILE = "catalog.moving"  # names a schema that may not have all yet
_LOCK = "catalog.moving.lock"
_ANOTHER_LOOKS_S = 0.5  # as long as another one that asks may hold the lock
REFUSE = (
    "CREATE TRIGGER IF NOT EXISTS moved BEFORE UPDATE ON meta "
    "BEGIN SELECT RAISE(ABORT, 'the catalogue was moved to PostgreSQL just now; ask again'); END"
)
REFUSAL = "moved"
"""The name of that trigger, and of another one where another model's vectors take over."""
ALLOW = "DROP TRIGGER IF EXISTS moved"
_IS_REFUSED = (
    "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = 'moved' "
    "AND sql LIKE '%moved to PostgreSQL%'"
)


@dataclass(frozen=True, slots=True)
class DamagedVector:
    """A vector that is not what was stored.

    Attributes:
        part_id: Its part.
        kind: The part's kind.
        record_id: The id that users see of the record.
    """

    part_id: int
    kind: Kind
    record_id: str


@contextmanager
def moving(folder: Path) -> Iterator[None]:
    """Hold the lock of a move; the system drops it when the process ends."""
    with FileLock(folder / _LOCK, mode=PRIVATE_FILE):
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)


def is_moving(folder: Path) -> bool:
    """Tell whether somebody moves the catalogue now."""
    if not (folder / _LOCK).exists():
        return False
    try:
        with FileLock(folder / _LOCK, timeout=_ANOTHER_LOOKS_S, mode=PRIVATE_FILE):
            return False
    except (Timeout, OSError):
        return True


def move_cut_off(folder: Path) -> str | None:
    """Return what is so where a catalogue was left unwritable by a move; None where it was not."""
    if is_moving(folder) or (folder / POSTGRESQL_FILE).exists() or not _is_refused(folder):
        return None
    return (
        f"the catalogue of {folder.name} takes no changes, since a move of it to PostgreSQL was "
        "cut off at its last step, and nothing is lost"
    )


def move_remedy(name: str) -> str:
    """Return what to do about that in a collection."""
    return (
        f"'binocle move {name} --catalog ADDRESS' completes the move, and 'binocle doctor {name} "
        "--repair' takes it back"
    )


def allow_writing(folder: Path) -> None:
    """Let a catalogue in a file of SQLite be written to again.

    Raises:
        StorageError: It cannot be opened or written.
    """
    try:
        with closing(sqlite3.connect(folder / SQLITE_FILE)) as database, database:
            database.execute(ALLOW)
    except sqlite3.Error as error:
        message = f"the catalogue of {folder.name} cannot be written to ({error})"
        raise StorageError(message) from error


def _is_refused(folder: Path) -> bool:
    uri = f"file:{quote(str((folder / SQLITE_FILE).absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return database.execute(_IS_REFUSED).fetchone() is not None
    except sqlite3.Error:
        return False
