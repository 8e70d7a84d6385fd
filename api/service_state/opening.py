"""Where the state of a data home's services is."""

from contextlib import closing
from pathlib import Path

from api.service_state.postgresql_state import ServiceSchema
from api.service_state.sqlite_file import SERVICE_FILE, ServiceFile
from api.service_state.state import ServiceState
from binocle.catalog.location import keep_location, new_location, read_location
from binocle.errors import UsageError
from binocle.files import make_folder

SCHEMA_FILE = "service.postgresql"
_COLUMNS = {  # of what is moved; deliveries refer to webhooks
    "webhooks": "id, url, secret, events, collections, owner, created_at, ended",
    "jobs": "id, service, collection, kind, state, owner, document, is_cancelled, result",
    "deliveries": "id, webhook, type, body, state, attempts, due_at, created_at, tried_at, "
    "status, error",
}


def open_state(home: Path, address: str | None = None) -> ServiceState:
    """Return the state of a home's services: where it is already, or is to be.

    Args:
        home: The data home.
        address: Of a PostgreSQL database for one that is not there yet; None for SQLite.

    Raises:
        UsageError: The address cannot be used.
        StorageError: The state cannot be made there, or the file that names it not be read.
    """
    path = home / SCHEMA_FILE
    if path.is_file():
        return _schema(path)
    if address is None or (home / SERVICE_FILE).exists():
        return ServiceFile(home)
    make_folder(home)
    location = new_location(address, "service")
    with closing(ServiceSchema(location)) as made:
        made.make()
    keep_location(path, location)
    return _schema(path)


def move_state(home: Path, address: str) -> int:
    """Move the state from SQLite to PostgreSQL, while no service of the home runs.

    Args:
        home: The data home.
        address: Of the database.

    Returns:
        How many rows were moved; 0 also where the state is in PostgreSQL already.

    Raises:
        UsageError: The address cannot be used, or a service of the home runs.
        StorageError: The state cannot be read, or not be made there.
    """
    path, count = home / SCHEMA_FILE, 0
    if path.is_file():
        return 0
    make_folder(home)
    location = new_location(address, "service")
    with closing(ServiceFile(home)) as old, closing(ServiceSchema(location)) as new:
        if old.exists():
            if any(map(old.is_alive, old.others())):
                raise UsageError(
                    f"a service of {home} runs; stop it, and start it again once its state is moved"
                )
            with old.using() as source, new.using() as target:
                for table, columns in _COLUMNS.items():
                    query = f"SELECT {columns} FROM {table} ORDER BY rowid"  # noqa: S608
                    places = ", ".join("?" * len(columns.split(",")))
                    put = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
                    for row in source.execute(query):
                        target.execute(put, row)
                        count += 1
        keep_location(path, location)
    for suffix in ("", "-wal", "-shm"):
        (home / f"{SERVICE_FILE}{suffix}").unlink(missing_ok=True)
    return count


def _schema(path: Path) -> ServiceSchema:
    return ServiceSchema(read_location(path))
