"""A folder of pictures, walked recursively; also a single picture."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from binocle.errors import NotAPictureError, SourceError
from binocle.media.images import SUFFIXES
from binocle.types import Skip
from indexer.sources.base import Candidate, ImageRef, printable


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    key: str
    fingerprint: str
    problem: str | None = None
    size_bytes: int = 0


class FolderSource:
    """All pictures below a folder. Hidden names are left out, symbolic links are followed once."""

    kind = "folder"

    def __init__(self, path: Path, *, within: Path | None = None) -> None:
        """Name a folder.

        Args:
            path: The folder, absolute.
            within: Look only below this subfolder of it.
        """
        self.path = path
        self.within = within
        self._files: list[_File] | None = None
        self._unread: list[str] = []

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the files below the folder; see ``Source.scan``."""
        for file in self._listed():
            yield _candidate(name, file)

    def count(self) -> int:
        """Return how many files there are."""
        return len(self._listed())

    def covers(self, key: str) -> bool:
        """Tell whether this walk would have seen a file of this key."""
        prefix = self._prefix()
        return key.startswith(prefix) and not any(key.startswith(one) for one in self._unread)

    def _prefix(self) -> str:
        if self.within is None or self.within == self.path:
            return ""
        return printable(self.within.relative_to(self.path).as_posix()) + "/"

    def _listed(self) -> list[_File]:
        if self._files is None:
            start = self.within or self.path
            try:
                os.scandir(start).close()
            except OSError as error:
                raise SourceError(f"cannot read the folder {start} ({error.strerror})") from error
            self._files = list(self._walk(str(start), self._prefix(), set()))
        return self._files

    def _walk(self, folder: str, prefix: str, seen: set[tuple[int, int]]) -> Iterator[_File]:
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:  # a loop, or a second link to it
                return
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._unread.append(prefix)
            yield _File(folder, prefix, "", f"the folder cannot be read ({error.strerror})")
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            key = prefix + printable(entry.name)
            try:
                if entry.is_dir():
                    yield from self._walk(entry.path, key + "/", seen)
                    continue
                yield _file(entry.path, key, entry.stat())
            except OSError as error:
                yield _File(entry.path, key, "", f"the file cannot be read ({error.strerror})")


class FileSource:
    """One picture."""

    kind = "file"

    def __init__(self, path: Path) -> None:
        """Name a picture file by its absolute path."""
        self.path = path

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the picture; see ``Source.scan``."""
        try:
            file = _file(str(self.path), self.path.name, self.path.stat())
        except OSError as error:
            raise SourceError(f"cannot read {self.path} ({error.strerror})") from error
        candidate = _candidate("", file)
        yield Candidate(
            candidate.key,
            candidate.fingerprint,
            name,
            candidate.uri,
            candidate.metadata,
            candidate.images,
            skip=candidate.skip,
        )

    def count(self) -> int:
        """Return 1."""
        return 1

    def covers(self, key: str) -> bool:  # noqa: ARG002 - there is nothing it leaves out
        """Return True."""
        return True


def _candidate(name: str, file: _File) -> Candidate:
    uri = printable(file.path)
    folder, _, file_name = file.key.rpartition("/")
    metadata = {"filename": file_name, "folder": folder or "."}
    record_id = f"{name}/{file.key}"
    if file.problem:
        skip = Skip("unreadable-file", file.problem)
        return Candidate(file.key, file.fingerprint, record_id, uri, skip=skip)
    suffix = os.path.splitext(file_name)[1].lower()
    if suffix not in SUFFIXES:
        skip = Skip(
            NotAPictureError.code, f"{suffix or 'no suffix'} is not a picture format read here"
        )
        return Candidate(file.key, file.fingerprint, record_id, uri, skip=skip)
    image = ImageRef("image", uri, partial(_read, file.path), file.size_bytes)
    return Candidate(file.key, file.fingerprint, record_id, uri, metadata, (image,))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _file(path: str, key: str, status: os.stat_result) -> _File:
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait forever
        return _File(path, key, "", "it is not a regular file")
    fingerprint = f"{status.st_size}:{status.st_mtime_ns}"
    return _File(path, key, fingerprint, size_bytes=status.st_size)
