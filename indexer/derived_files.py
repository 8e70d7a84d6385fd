"""Files made of others, kept while there is room: the least used ones go first."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from binocle.files import make_folder, replacing

_log = logging.getLogger(__name__)
_KEPT_SHARE = 0.8  # of the limit, after making room
_USED_EVERY_S = 3600.0  # noted on disk no more often
_SPARED_S = 10.0  # somebody may be about to open it


class DerivedFiles:
    """The files in some folders, which take so much room at most. Thread-safe.

    Several processes may share the folders; then each looks anew when it makes room.
    """

    def __init__(self, folders: Sequence[Path], max_bytes: int) -> None:
        """Set up; nothing is looked at before the first file is kept.

        Args:
            folders: Where they are.
            max_bytes: What all of them may take together.
        """
        self._folders, self._max_bytes = tuple(folders), max_bytes
        self._size_bytes: int | None = None
        self._lock = threading.Lock()

    def has(self, path: Path) -> bool:
        """Tell whether a file is kept, and note that it is used."""
        try:
            used_at = path.stat().st_mtime
        except OSError:
            return False
        if time.time() - used_at > _USED_EVERY_S:
            with suppress(OSError):  # on a disk that is only read
                os.utime(path)
        return True

    def keep(self, path: Path, data: bytes) -> bool:
        """Keep a file; return whether that was possible."""
        try:
            make_folder(path.parent)
            with replacing(path, durable=False) as file:
                file.write(data)
        except OSError as error:
            _log.warning("cannot keep %s (%s); it is made each time", path, error.strerror)
            return False
        with self._lock:
            if self._size_bytes is None:
                self._size_bytes = sum(size for _, size, _ in self._all())
            else:
                self._size_bytes += len(data)
            if self._size_bytes > self._max_bytes:
                self._make_room()
        return True

    def _make_room(self) -> None:
        files = sorted(self._all())
        left = sum(size for _, size, _ in files)
        spared_since = time.time() - _SPARED_S
        for used_at, size, path in files:
            if left <= _KEPT_SHARE * self._max_bytes or used_at > spared_since:
                break
            with suppress(OSError):
                path.unlink(missing_ok=True)
                left -= size
        self._size_bytes = left

    def _all(self) -> list[tuple[float, int, Path]]:
        """Return all files with when they were used last, seconds, and their sizes, bytes."""
        found = []
        for folder in self._folders:
            for parent, _, names in os.walk(folder):
                for name in names:
                    path = Path(parent, name)
                    with suppress(OSError):  # another process has removed it
                        status = path.stat()
                        found.append((status.st_mtime, status.st_size, path))
        return found
