"""A file that is read for a backup or of one: its faults are told apart from those of writing."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from binocle.errors import StorageError

_AT_ONCE = 1 << 20


class UnreadableError(StorageError):
    """A file that is read for a backup, or of one, is damaged or cannot be read."""


class SourceFile:
    """A file that is open to be read."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most so many; none at the end; all where it is negative.

        Raises:
            UnreadableError: They cannot be read.
        """
        try:
            return self._file.read(size)
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def copy(self, write: Callable[[bytes], object], sha256: str | None) -> tuple[str, int]:
        """Hand all on piece by piece; return its SHA-256 and its length.

        Args:
            write: Told each piece.
            sha256: What the content has to be; None for anything.

        Raises:
            UnreadableError: It cannot be read, or the content is another one.
        """
        digest, size = hashlib.sha256(), 0
        while data := self.read(_AT_ONCE):
            digest.update(data)
            size += len(data)
            write(data)
        if sha256 not in (None, digest.hexdigest()):
            raise UnreadableError(f"{self._path} is damaged")
        return digest.hexdigest(), size

    def rewind(self) -> None:
        """Begin anew."""
        self._file.seek(0)


@contextmanager
def opened_source(path: Path) -> Iterator[SourceFile]:
    """Open a file that is to be backed up, or put back.

    Raises:
        FileNotFoundError: It is not there.
        UnreadableError: It cannot be opened.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb", opener=_at_once))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unreadable(path, error) from error
        yield SourceFile(path, file)


def length_of(path: Path) -> int | None:
    """Return a file's length; None where it is not there, or cannot be reached."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _at_once(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)  # a pipe would be waited for


def _unreadable(path: Path, error: OSError) -> UnreadableError:
    return UnreadableError(f"{path} cannot be read ({error.strerror})")
