"""Files that are there whole or not at all, and files that strangers name."""

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_ABANDONED_AFTER_S = 3600.0
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@contextmanager
def replacing(
    path: Path,
    *,
    mode: int = PRIVATE_FILE,
    durable: bool = True,
    keep: bool = False,
    draft: Path | None = None,
) -> Iterator[BinaryIO]:
    """Give a file to write to that takes a path's place at the end, unless something is raised.

    Whoever reads the path meanwhile, and whoever finds it after a crash, has the whole of the old
    file or of the new one.

    Args:
        path: What is made or replaced; its folder is there.
        mode: Who may read and write it, less the process's umask; its owner alone.
        durable: Have it on disk before it takes the place, and its name before this ends. What can
            be made again need not wait.
        keep: Let a file that is there in the end stay, and drop the new one.
        draft: Where it is written; None for beside it, as ``NAME.PROCESS.THREAD.tmp``.

    Raises:
        OSError: It cannot be written.
    """
    written = draft or path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with open(written, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if keep:
            with suppress(FileExistsError):
                os.link(written, path)  # unlike a rename, it replaces nothing
        else:
            written.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        written.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are not there, and have their names on disk.

    They are their owner's alone, whatever the process's umask.

    Raises:
        OSError: It cannot be made.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(PRIVATE_FOLDER, exist_ok=True)
    path.mkdir(exist_ok=True)  # raises where it is a file
    try:
        for one in missing:
            sync_folder(one.parent)
    except OSError:
        for one in missing:  # else whoever tries again would take them for being on disk
            with suppress(OSError):
                one.rmdir()
        raise


def remove_abandoned(folder: Path, *, deep: bool = True) -> int:
    """Remove what processes that were killed have left half written; return how many files.

    Args:
        folder: Where.
        deep: Look into the folders inside it, too.
    """
    oldest, removed = time.time() - _ABANDONED_AFTER_S, 0
    for path in folder.rglob("*.tmp") if deep else folder.glob("*.tmp"):
        with suppress(OSError):  # another process was faster
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk: what was made, replaced or removed there stays so.

    A file system that cannot do this for folders is taken at its word.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def read_regular(path: str | Path, max_bytes: int | None = None) -> bytes:
    """Return the content of a file that somebody named, which may be anything.

    A pipe would be waited for without end, a device such as ``/dev/zero`` read without end; what
    they would give is no file, so they are refused before they are opened. No more is read than
    the file is said to hold.

    Args:
        path: Of the file; symbolic links are followed.
        max_bytes: Refuse what is longer; None where the caller has looked already.

    Raises:
        OSError: It cannot be read, is no regular file, or is too long; ``strerror`` says which.
    """
    try:
        _check_regular(os.stat(path), path, max_bytes)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)  # of what was opened, whatever lay there before
        _check_regular(status, path, max_bytes)
        return file.read(status.st_size)


def lies_within(path: str | Path, folders: Sequence[Path]) -> bool:
    """Tell whether what a path leads to, by all symbolic links, lies below one of some folders.

    Args:
        path: Whose; nothing need be there.
        folders: Absolute and without symbolic links; none to allow all.
    """
    if not folders:
        return True
    try:
        real = Path(path).resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL, a circle of links
        return False
    return any(folder in real.parents for folder in folders)


def read_within(path: str | Path, folders: Sequence[Path]) -> bytes:
    """Return the content of a file as ``read_regular`` does, if it ``lies_within`` some folders.

    Raises:
        OSError: It cannot be read, or lies elsewhere; it may have become a link since it was found.
    """
    if not lies_within(path, folders):
        raise OSError("it lies outside the folders that are allowed")
    return read_regular(path)


def _check_regular(status: os.stat_result, path: str | Path, max_bytes: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    if max_bytes is not None and status.st_size > max_bytes:
        reason = (
            f"its {status.st_size:,} bytes are more than the limit of {max_bytes:,}; "
            "raise it with BINOCLE_MAX_BYTES"
        )
        raise OSError(errno.EFBIG, reason, str(path))


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
