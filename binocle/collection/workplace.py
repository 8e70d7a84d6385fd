"""Folders beside the collections in which one is being made, and what a killed process left there.

Whoever works in one holds the lock inside it; the system drops that when the process ends. A switch
takes what is not in the catalogue along and renames two folders. One that was killed half-way is
undone before its workplace is removed, and what cannot be undone is never removed.
"""

import errno
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from binocle.catalog.location import COPYING, POSTGRESQL_FILE, SQLITE_FILE, discard_schema
from binocle.collection.indexing_lock import indexing_lock
from binocle.errors import StorageError
from binocle.files import PRIVATE_FILE, make_folder, sync_folder
from binocle.vectors.location import discard_vectors

RESTORING, REEMBEDDING = ".restoring-", ".reembedding-"
_LOCK, _NEW, _OLD = ".lock", "new", "old"
_TAKEN_ALONG = ("uploads", "thumbnails", "originals", "quarantine", "signing.key")
_ABANDONED_AFTER_S = 3600.0  # where there is no lock
_LOCK_WITHIN_S, _ATTEMPTS = 1.0, 5
_log = logging.getLogger(__name__)


@contextmanager
def workplace(collections: Path, prefix: str) -> Iterator[Path]:
    """Give a folder of one's own beside the collections; it is removed in the end.

    Args:
        collections: Where it is made; it is there.
        prefix: ``RESTORING`` or ``REEMBEDDING``.

    Raises:
        OSError: It cannot be made.
    """
    folder, lock = _locked(collections, prefix)
    try:
        yield folder
    finally:
        try:
            _discard(folder)
        except (OSError, StorageError) as error:
            _log.warning("%s stays, and 'binocle doctor --repair' sees to it: %s", folder, error)
        finally:
            lock.release()


def workplaces(collections: Path) -> list[Path]:
    """Return the folders in which collections are made, or were until a process was killed."""
    there = sorted(collections.glob(".*"))
    return [one for one in there if one.name.startswith((RESTORING, REEMBEDDING, COPYING))]


def is_held(folder: Path) -> bool:
    """Tell whether somebody works in a workplace, as far as that can be told."""
    try:
        if not (folder / _LOCK).exists():
            return time.time() - folder.stat().st_mtime < _ABANDONED_AFTER_S
        with FileLock(folder / _LOCK, timeout=0, mode=PRIVATE_FILE):
            return False
    except (Timeout, OSError):
        return True


def discard_abandoned(folder: Path) -> None:
    """Undo a switch that was killed half-way, and remove the workplace, unless somebody is there.

    What holds something that its collection lacks, and that cannot be put back, stays.

    Raises:
        BusyError: A run is indexing into the collection.
        StorageError: What is on a server cannot be removed from there.
        OSError: Something cannot be moved or removed.
    """
    if is_held(folder):
        return
    with ExitStack() as locks:
        try:
            locks.enter_context(FileLock(folder / _LOCK, timeout=0, mode=PRIVATE_FILE))
        except Timeout:
            return
        for name in _switched(folder):
            if (folder.parent / name).is_dir():
                locks.enter_context(indexing_lock(folder.parent / name))
        _discard(folder)


def place_for_new(folder: Path, name: str) -> Path:
    """Return where the collection is made that a workplace's ``switch`` puts in place of another.

    Raises:
        OSError: The folder around it cannot be made.
    """
    make_folder(folder / _NEW)
    return folder / _NEW / name


def switch(folder: Path, name: str) -> None:
    """Let the collection made in a workplace take the place of the one of its name beside it.

    Uploads and what else is not in the catalogue go over to it; the other one stays in the
    workplace until that is removed.

    Raises:
        StorageError: It cannot be done; the collection is as it was, or the message says how it
            will be.
    """
    collection, new, old = folder.parent / name, folder / _NEW / name, folder / _OLD / name
    try:
        make_folder(old.parent)
        for entry in _TAKEN_ALONG:
            if (collection / entry).exists():
                (collection / entry).rename(new / entry)
        collection.rename(old)
        new.rename(collection)
    except BaseException as error:
        try:
            put_back(folder)
        except OSError:
            _log.exception("the switch of %s cannot be undone now", collection)
        if not isinstance(error, OSError):
            raise
        message = f"cannot switch {collection} ({error.strerror})"
        if lacking(folder):
            message += f"; {folder} has what it lacks: 'binocle doctor --repair' puts that back"
        raise StorageError(message) from error
    try:
        sync_folder(folder.parent)
    except OSError as error:  # it is done, and is not taken back any more
        _log.warning("the switch of %s may not survive a power cut: %s", collection, error)


def lacking(folder: Path) -> list[str]:
    """Return the collections that lack what a workplace holds of them."""
    return [name for name in _switched(folder) if _holds(folder, name)]


def stuck(folder: Path) -> list[str]:
    """Return those of ``lacking`` that nothing is put back to: removed, or made anew, since."""
    return [
        name
        for name in lacking(folder)
        if (folder.parent / name).exists() == (folder / _OLD / name).exists()
    ]


def put_back(folder: Path) -> None:
    """Undo a switch that was not completed, as far as it was done.

    Raises:
        OSError: Something cannot be moved; nothing is lost, and it can be done again.
    """
    for name in lacking(folder):
        collection, new, old = folder.parent / name, folder / _NEW / name, folder / _OLD / name
        if old.exists() and not collection.exists():
            old.rename(collection)
            sync_folder(old.parent)
        if not old.exists() and collection.is_dir():
            for entry in _TAKEN_ALONG:
                _give_back(new / entry, collection / entry)
            sync_folder(collection)
        sync_folder(folder.parent)


def _locked(collections: Path, prefix: str) -> tuple[Path, FileLock]:
    """Make a folder and lock it; again where somebody took it for abandoned in between."""
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=collections))
        lock = FileLock(folder / _LOCK, timeout=_LOCK_WITHIN_S, mode=PRIVATE_FILE)
        try:
            lock.acquire()
        except (Timeout, FileNotFoundError):
            continue
        if (folder / _LOCK).exists():
            return folder, lock
        lock.release()
    raise OSError(errno.EBUSY, "another process keeps removing it", str(collections))


def _discard(folder: Path) -> None:
    put_back(folder)
    if names := lacking(folder):
        raise OSError(errno.EEXIST, f"it has what the collection {names[0]!r} lacks", str(folder))
    held = [folder / part for part in (_NEW, _OLD)] if _is_switch(folder) else [folder]
    for path in (one for place in held for one in place.glob("*")):
        discard_vectors(path)
        discard_schema(path)
    shutil.rmtree(folder)


def _is_switch(folder: Path) -> bool:
    return folder.name.startswith(REEMBEDDING)


def _switched(folder: Path) -> list[str]:
    """Return the collections that a workplace was to switch, or may have begun to."""
    if not _is_switch(folder):
        return []
    found = [
        path.parent.name
        for part in (_NEW, _OLD)
        for catalog in (SQLITE_FILE, POSTGRESQL_FILE)
        for path in (folder / part).glob(f"*/{catalog}")
    ]
    return sorted(set(found))


def _holds(folder: Path, name: str) -> bool:
    new, old = folder / _NEW / name, folder / _OLD / name
    if old.exists():
        return new.exists() or not (folder.parent / name).exists()
    return any((new / entry).exists() for entry in _TAKEN_ALONG)


def _give_back(source: Path, target: Path) -> None:
    """Move a file, or a folder file by file where there is one; what is there already stays."""
    if not source.exists():
        return
    if not target.exists():
        source.rename(target)
    elif source.is_dir():
        make_folder(target)
        for one in sorted(source.iterdir()):
            _give_back(one, target / one.name)
        sync_folder(target)
        source.rmdir()
    else:
        source.unlink()
