"""A small file of the data home that several processes read and change.

It is read again when it changes, so every process sees a change with its next request. Whoever
changes it holds a lock from reading it to replacing it: of two, neither undoes what the other did.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from binocle.errors import BusyError, StorageError
from binocle.files import make_folder, replacing

_PATIENCE_S = 10.0
T = TypeVar("T")


class SharedFile(Generic[T]):
    """What a file says. Thread-safe."""

    def __init__(self, path: Path, what: str, parse: Callable[[str], T], nothing: T) -> None:
        """Set up; nothing is read yet.

        Args:
            path: Of the file; it need not be there.
            what: What it holds, for messages: "the aliases".
            parse: Reads its text; ``ValueError``, ``KeyError`` and ``TypeError`` are damage.
            nothing: What is said where there is no file.
        """
        self.path = path
        self._what, self._parse, self._nothing = what, parse, nothing
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._said = nothing

    def read(self) -> T:
        """Return what it says now.

        Raises:
            StorageError: It cannot be read or is damaged.
        """
        with self._lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                self._stamp, self._said = None, self._nothing
                return self._said
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._said = self._parsed()
                self._stamp = stamp
            return self._said

    @contextmanager
    def changing(self) -> Iterator[T]:
        """Give what it says on disk, while no other process changes it.

        Raises:
            BusyError: Another process changes it and does not end.
            StorageError: It cannot be read or written, or is damaged.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path.with_suffix(".lock"), timeout=_PATIENCE_S, mode=0o600)
        try:
            make_folder(self.path.parent)
            lock.acquire()
        except Timeout as error:
            raise BusyError(
                f"another process has held {Path(lock.lock_file).name} for more than "
                f"{_PATIENCE_S:g} s; nothing was changed, try again"
            ) from error
        except OSError as error:
            raise StorageError(f"cannot write {self.path} ({error.strerror})") from error
        try:
            yield self._parsed() if self.path.exists() else self._nothing
        finally:
            lock.release()

    def write(self, text: str) -> None:
        """Replace the file, while it is being changed.

        Raises:
            StorageError: It cannot be written.
        """
        try:
            with replacing(self.path) as file:
                file.write(text.encode())
        except OSError as error:
            raise StorageError(f"cannot write {self.path} ({error.strerror})") from error

    def _parsed(self) -> T:
        try:
            return self._parse(self.path.read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{self._what} in {self.path} cannot be read ({error})") from error
