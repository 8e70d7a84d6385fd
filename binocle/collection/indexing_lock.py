"""The lock of indexing runs, and of what must not happen during one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from binocle.errors import BusyError, StorageError
from binocle.files import PRIVATE_FILE

LOCK = "indexing.lock"


@contextmanager
def indexing_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a collection's folder; the system drops it when the process ends.

    Raises:
        BusyError: Another run holds it.
        StorageError: It cannot be made.
    """
    lock = FileLock(folder / LOCK, mode=PRIVATE_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"another run is indexing into the collection {folder.name!r}; wait until it "
            "ends, or use another one with -c NAME"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot lock {folder} ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()
