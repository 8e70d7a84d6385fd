"""Where a collection has its catalogue: in a file of its folder, or in a schema of PostgreSQL.

The latter is named by a small file, which has no password: libpq takes that from ``PGPASSWORD`` or
from ``~/.pgpass``.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from binocle.catalog import catalog_file, damage
from binocle.catalog.base import Catalog
from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.sqlite import SqliteCatalog
from binocle.errors import StorageError, UsageError
from binocle.files import replacing

if TYPE_CHECKING:
    from binocle.catalog.postgresql.shared_schema import SharedSchema

SQLITE_FILE, POSTGRESQL_FILE = damage.SQLITE_FILE, damage.POSTGRESQL_FILE
BEGUN_FILE = damage.BEGUN_FILE
COPYING = ".copying-"  # begins the name of a folder with a copy that is removed when it was read
_DRIVER = "postgresql+psycopg"
_FORMAT = 1
_SECRETS = {"password", "sslpassword"}
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXAMPLE = f"{_DRIVER}://user@host/database"


@dataclass(frozen=True, slots=True)
class SchemaLocation:
    """A schema of a PostgreSQL database."""

    address: sa.URL
    schema: str


def catalog_path(folder: Path) -> Path:
    """Return the file that is, or names, the catalogue of a folder; by default SQLite's."""
    named = folder / POSTGRESQL_FILE
    return named if named.is_file() else folder / SQLITE_FILE


def is_in_postgresql(folder: Path) -> bool:
    """Tell whether a collection's catalogue is in PostgreSQL."""
    return catalog_path(folder).name == POSTGRESQL_FILE


def copy_as_file(folder: Path, to: Path) -> None:
    """Copy a collection's catalogue to an SQLite file as of one moment, wherever it is.

    Args:
        folder: The collection's.
        to: A file that is made; it needs no log of recent changes beside it.

    Raises:
        StorageError: It cannot be read or written.
    """
    if not is_in_postgresql(folder):
        catalog_file.copy_catalog(folder / SQLITE_FILE, to)
        return
    location = read_location(folder / POSTGRESQL_FILE)
    require_driver()
    from binocle.catalog.postgresql.file_copy import copy_to_file

    copy_to_file(location.address, location.schema, to)


@contextmanager
def reading_as_file(folder: Path) -> Iterator[CatalogFile]:
    """Give one state of a collection's catalogue as SQLite reads it, wherever it is.

    Of one in PostgreSQL a copy is made beside the collections, and removed in the end.

    Raises:
        StorageError: It cannot be read, or the copy not be made.
    """
    if not is_in_postgresql(folder):
        with catalog_file.reading(folder / SQLITE_FILE) as file:
            yield file
        return
    beside = folder.parent if os.access(folder.parent, os.W_OK) else None
    with TemporaryDirectory(prefix=COPYING, dir=beside) as place:
        copy = Path(place, SQLITE_FILE)
        copy_as_file(folder, copy)
        with catalog_file.reading(copy, partial(reading_as_file, folder)) as file:
            yield file


def checked_address(text: str) -> sa.URL:
    """Return the address of a database.

    Raises:
        UsageError: It is none of PostgreSQL, or has a password.
    """
    try:
        address = sa.make_url(text)
    except (ArgumentError, ValueError):  # the latter is of a port that is no number
        address = None
    if address is None or address.drivername != _DRIVER or not address.database:
        raise UsageError(f"the address of the catalogue is not understood; it is as {_EXAMPLE}")
    if address.password is not None or not _SECRETS.isdisjoint(map(str.lower, address.query)):
        raise UsageError(
            "the address of the catalogue has a password, which would be stored with each "
            "collection: leave it out, and set PGPASSWORD or write it to ~/.pgpass"
        )
    return address


def open_catalog(path: Path) -> Catalog:
    """Open the catalogue that a file is, or names.

    Raises:
        StorageError: It cannot be opened.
    """
    if path.name != POSTGRESQL_FILE:
        return SqliteCatalog(path)
    location = read_location(path)
    opened: Catalog = _postgresql().PostgresCatalog(location.address, location.schema, make=False)
    return opened


def make_in_postgresql(folder: Path, address: str) -> Path:
    """Make a catalogue for a new collection in a schema of its own; return the file that names it.

    Where another process makes one at the same time, the one whose file is there first is it.

    Raises:
        UsageError: The address cannot be used.
        StorageError: The catalogue cannot be made, or the file not be written.
    """
    location = new_location(address, folder.name)
    _postgresql().PostgresCatalog(location.address, location.schema).close()
    path = folder / POSTGRESQL_FILE
    keep_location(path, location)
    return path


def new_location(address: str, name: str) -> SchemaLocation:
    """Return a schema that is not there yet.

    Args:
        address: Of a database.
        name: Of whose it will be, which its own begins with.

    Raises:
        UsageError: The address cannot be used.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())[:32]
    return SchemaLocation(checked_address(address), f"binocle_{plain}_{secrets.token_hex(4)}")


def keep_location(path: Path, location: SchemaLocation) -> SchemaLocation:
    """Write a file that names a schema, unless one is there; return which one it names.

    A schema that is not named is removed.

    Raises:
        StorageError: The file can be neither written nor read.
    """
    address = location.address.render_as_string()
    document = {"format": _FORMAT, "address": address, "schema": location.schema}
    try:
        with replacing(path, keep=True) as file:
            file.write(json.dumps(document, indent=2).encode() + b"\n")
    except OSError as error:
        _postgresql().drop_schema(location.address, location.schema)
        raise StorageError(f"cannot write {path} ({error.strerror})") from error
    named = read_location(path)
    if named.schema != location.schema:
        _postgresql().drop_schema(location.address, location.schema)
    return named


def discard_schema(folder: Path) -> None:
    """Remove what a collection has in PostgreSQL, where it has anything there.

    Raises:
        StorageError: It cannot be reached, or the file that names it not be read.
    """
    for path in (folder / POSTGRESQL_FILE, folder / BEGUN_FILE):
        if path.is_file():
            location = read_location(path)
            _postgresql().drop_schema(location.address, location.schema)


def rewrite_tables(path: Path) -> None:
    """Write the tables of a catalogue in PostgreSQL anew, without what was removed from them.

    Raises:
        BusyError: Somebody keeps one of them.
        StorageError: They cannot be written.
    """
    location = read_location(path)
    _postgresql().rewrite_tables(location.address, location.schema)


def read_location(path: Path) -> SchemaLocation:
    """Return which schema a file names.

    Raises:
        StorageError: It cannot be read, or was made by a newer Binocle.
    """
    try:
        found = json.loads(path.read_bytes())
        if found["format"] > _FORMAT:
            raise StorageError(f"{path} was made by a newer Binocle: upgrade this one")
        address, schema = checked_address(found["address"]), str(found["schema"])
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise StorageError(
            f"{path}, which names a schema, cannot be read ({error}); restore it from a copy"
        ) from error
    if not _SCHEMA.fullmatch(schema):
        raise StorageError(f"{path} names the schema {schema!r}, which cannot be one of Binocle's")
    return SchemaLocation(address, schema)


def shared_schema(location: SchemaLocation, what: str, number: int) -> "SharedSchema":
    """Return a schema that processes share for what is no catalogue; see ``SharedSchema``.

    Args:
        location: Where it is, or will be.
        what: It is, for messages.
        number: Of this process, 64 bits.

    Raises:
        StorageError: The driver of PostgreSQL is not installed.
    """
    require_driver()
    from binocle.catalog.postgresql.shared_schema import SharedSchema

    return SharedSchema(location.address, location.schema, what, number)


def newest_change(folder: Path) -> tuple[int, str | None]:
    """Return the number and the token of the newest change of a collection's catalogue.

    Raises:
        StorageError: It cannot be read.
    """
    with closing(open_catalog(catalog_path(folder))) as catalog, catalog.reading() as session:
        change = session.history.change()
        return change, session.history.token(change)


def address_of(folder: Path) -> str:
    """Return the address of the database that a collection's catalogue is in."""
    return read_location(folder / POSTGRESQL_FILE).address.render_as_string()


def size_bytes(folder: Path) -> int:
    """Return how much room a collection's catalogue takes.

    Raises:
        StorageError: It cannot be read.
    """
    if not is_in_postgresql(folder):
        return (folder / SQLITE_FILE).stat().st_size
    location = read_location(folder / POSTGRESQL_FILE)
    size: int = _postgresql().size_bytes(location.address, location.schema)
    return size


def require_driver() -> None:
    """Refuse what needs PostgreSQL where its driver is not installed.

    Raises:
        StorageError: It is not.
    """
    _postgresql()


def _postgresql() -> ModuleType:
    try:
        from binocle.catalog.postgresql import catalog
    except ImportError as error:
        raise StorageError(
            f"PostgreSQL needs psycopg ({error}): pip install 'binocle[postgresql]'"
        ) from error
    return catalog
