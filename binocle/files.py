"""Files that are there whole or not at all."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(
    path: Path,
    *,
    mode: int = 0o666,
    durable: bool = True,
    keep: bool = False,
    draft: Path | None = None,
) -> Iterator[BinaryIO]:
    """Give a file to write to that takes a path's place at the end, unless something is raised.

    Whoever reads the path meanwhile, and whoever finds it after a crash, has the whole of the old
    file or of the new one.

    Args:
        path: What is made or replaced; its folder is there.
        mode: Who may read and write it, less the process's umask.
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

    Raises:
        OSError: It cannot be made.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


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
