"""An object in a store as a file that is read in ranges: archives and tables without a copy."""

import errno
import hashlib
import io
import os
import stat
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, cast

from indexer.sources.stores.addresses import is_remote, scheme_of
from indexer.sources.stores.object_store import ObjectStore

_AHEAD_BYTES = 1 << 20
if TYPE_CHECKING:
    _PlainPath = Path
else:
    _PlainPath = type(Path())  # of this system; what it is a path of is only found out there


@cache
def store_of(scheme: str) -> ObjectStore:
    """Return what reads the addresses of a scheme.

    Raises:
        SourceError: The package that does is not installed.
    """
    return ObjectStore(scheme)


class RemoteFile(_PlainPath):
    """The path of an object: ``open`` and ``stat`` ask its store, of whatever else it is a name.

    Made by ``remote_file``.
    """

    address = ""

    def __str__(self) -> str:
        """Return the address."""
        return self.address or super().__str__()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return length and what stands for the time of the last change: that of its version.

        Raises:
            OSError: It is not there, or cannot be asked for.
        """
        if not self.address:
            return super().stat(follow_symlinks=follow_symlinks)
        size, version = self._store.facts(self.address)
        digest = hashlib.sha256(version.encode()).digest()
        mode, mark = stat.S_IFREG | 0o444, int.from_bytes(digest[:7])
        found = SimpleNamespace(st_size=size, st_mtime_ns=mark, st_mode=mode)
        return cast("os.stat_result", found)

    def open(self, *arguments: Any, **options: Any) -> Any:
        """Open it to be read, as ``Path.open`` does; a range is asked for when it is.

        Raises:
            OSError: It is not there.
        """
        return self._opened(*arguments, **options)

    def _opened(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        raw = _Ranges(self._store, self.address, self.stat().st_size)
        buffered = io.BufferedReader(raw, buffering if buffering > 0 else _AHEAD_BYTES)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, encoding, errors, newline)

    def read_range(self, start: int, size: int) -> bytes:
        """Return some bytes, fewer where it ends.

        Raises:
            OSError: They cannot be read.
        """
        return self._store.read_range(self.address, start, start + size)

    @property
    def _store(self) -> ObjectStore:
        return store_of(scheme_of(self.address))


def remote_file(address: str) -> RemoteFile:
    """Return the path of what lies at an address."""
    file = RemoteFile(address)
    file.address = address
    return file


def file_at(place: str) -> Path:
    """Return the path of a file on this machine, or of an object where it is an address."""
    return remote_file(place) if is_remote(place) else Path(place)


class _Ranges(io.RawIOBase):
    """Reads where it is told to, and as much."""

    def __init__(self, store: ObjectStore, address: str, size: int) -> None:
        super().__init__()
        self._store, self._address, self._size, self._place = store, address, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "it would begin before the file does")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        stop = min(self._size, self._place + len(view))
        if stop <= self._place:
            return 0
        data = self._store.read_range(self._address, self._place, stop)
        view[: len(data)] = data
        self._place += len(data)
        return len(data)
