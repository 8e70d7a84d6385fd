"""A folder of pictures, walked recursively; also a single picture."""

import os
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from binocle.errors import NotAPictureError, SourceError
from binocle.files import lies_within, read_within
from binocle.media.images import SUFFIXES
from binocle.types import Skip
from indexer.sources.base import (
    NOT_ALLOWED,
    Below,
    Candidate,
    ImageRef,
    Knows,
    Source,
    escaped,
    path_of,
    read_file,
)
from indexer.sources.beside.folder_metadata import FolderMetadata
from indexer.sources.beside.folder_sidecars import FolderSidecars
from indexer.sources.beside.sidecars import told_by_name
from indexer.sources.left_out import LeftOut, is_systems


class FileSource(Source):
    """One picture, and what stands beside it."""

    kind = "file"

    def __init__(
        self, path: Path, *, allowed: Sequence[Path] = (), encoding: str | None = None
    ) -> None:
        """Name a picture file.

        Args:
            path: The file, absolute.
            allowed: Folders outside which nothing is read; see ``lies_within``.
            encoding: What texts beside it are in, where that was declared.
        """
        self.path = path
        self._allowed = allowed
        self._encoding = encoding

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the picture; see ``Source.scan``."""
        try:
            self.path.stat()
        except OSError as error:
            raise SourceError(f"cannot read {self.path} ({error.strerror})") from error
        problem = "" if lies_within(self.path, self._allowed) else NOT_ALLOWED
        path = str(self.path)
        plain = _candidate(name, self.path.name, path, problem, self._allowed)
        known = (self._allowed, self._encoding)
        sidecars = FolderSidecars(*known, only=self.path.name)
        beside = sidecars.told(plain, path) or plain
        yield FolderMetadata(str(self.path.parent), *known).told(beside, path) or beside

    def count(self) -> int:
        """Return 1."""
        return 1

    def open(self, uri: str) -> bytes:
        """Return a picture again; see ``Source.open``."""
        return read_file(uri)

    def file_of(self, uri: str) -> Path:
        """Return the picture's file."""
        return path_of(uri)

    def within(self, kind: str, uri: str) -> "Source | None":
        """Return a run over the folder of a picture that lies in a known one."""
        path = Path(uri)
        if not _lies_in(self, kind, path):
            return None
        return FolderSource(
            path, within=self.path.parent, allowed=self._allowed, encoding=self._encoding
        )


class FolderSource(FileSource):
    """All pictures below a folder; symbolic links are followed once.

    Left out are hidden names, what storage systems keep for themselves, folders with a file
    ``.nomedia``, and what ``LeftOut`` says. What a subfolder had that is empty now is kept: it may
    be an unmounted disk's.
    """

    kind = "folder"

    def __init__(
        self,
        path: Path,
        *,
        within: Path | None = None,
        allowed: Sequence[Path] = (),
        encoding: str | None = None,
        exclude: Sequence[str] = (),
        followed: bool = False,
    ) -> None:
        """Name a folder.

        Args:
            path: The folder, absolute.
            within: Look only below this subfolder of it.
            allowed: Folders outside which nothing is read, whatever links lead there; see
                ``lies_within``.
            encoding: What texts beside pictures are in, where that was declared.
            exclude: Patterns of what is left out; see ``LeftOut``.
            followed: It is looked at again as soon as something in it changes.

        Raises:
            UsageError: A pattern means nothing.
        """
        super().__init__(path, allowed=allowed, encoding=encoding)
        self.is_followed = followed
        self._exclude = tuple(exclude)
        self._left_out = LeftOut(str(path), exclude, allowed=allowed)
        self._start = within or path
        self._unread: set[str] = set()
        self._knows: Knows = lambda _key, _fingerprint: False

    @property
    def looked_at(self) -> Path:
        """The folder, or the subfolder to look below."""
        return self._start

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the files below the folder; see ``Source.scan``."""
        files = self._files()
        known = (self._allowed, self._encoding, self._left_out.has)
        tables = FolderMetadata(str(self.path), *known)

        def has_file(path: str, fingerprint: str) -> bool:
            return self._has_file(path, tables.marked(path, fingerprint))

        sidecars = FolderSidecars(*known, knows=has_file)
        for key, path, problem in files:
            plain = _candidate(f"{name}/{key}", key, path, problem, self._allowed)
            beside = sidecars.told(plain, path)
            candidate = None if beside is None else tables.told(beside, path)
            if candidate is not None:
                yield candidate

    def count(self) -> int:
        """Return how many files there are."""
        return sum(1 for _ in self._files())

    def covers(self, key: str) -> bool:
        """Tell whether this walk would have seen a file of this key."""
        return key.startswith(self._prefix()) and not key.startswith(tuple(self._unread))

    def within(self, kind: str, uri: str) -> "Source | None":
        """Return a run over this part of a known folder."""
        path = Path(uri)
        if not _lies_in(self, kind, path):
            return None
        return FolderSource(
            path,
            within=self.path,
            allowed=self._allowed,
            encoding=self._encoding,
            exclude=self._exclude,
            followed=self.is_followed,
        )

    def warnings(self) -> Sequence[str]:
        """Tell of ignore files that are not followed."""
        return tuple(self._left_out.problems.values())

    def absorbs(self, kind: str, uri: str) -> bool:
        """Tell whether a known folder lies below this one."""
        return kind == "folder" and self.path in Path(uri).parents

    def remember(self, knows: Knows, _below: Below) -> None:
        """Be told what the collection has; see ``Source.remember``."""
        self._knows = knows

    def _has_file(self, path: str, fingerprint: str) -> bool:
        return self._knows(escaped(os.path.relpath(path, self.path)), fingerprint)

    def _prefix(self) -> str:
        if self._start == self.path:
            return ""
        return escaped(self._start.relative_to(self.path).as_posix()) + "/"

    def _files(self) -> Iterator[tuple[str, str, str]]:
        """Yield key and path of each file, and what is wrong with it."""
        try:
            os.scandir(self._start).close()
        except OSError as error:
            message = f"cannot read the folder {self._start} ({error.strerror})"
            raise SourceError(message) from error
        for above in reversed(self._start.parents):
            if self.path == above or self.path in above.parents:
                self._left_out.enter(str(above))
        yield from self._walk(str(self._start), self._prefix(), set())

    def _walk(
        self, folder: str, prefix: str, seen: set[tuple[int, int]]
    ) -> Iterator[tuple[str, str, str]]:
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:  # a loop, or a second link to it
                return
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._unread.add(prefix)
            yield prefix, folder, f"the folder cannot be read ({error.strerror})"
            return
        self._left_out.enter(folder)
        names = {entry.name for entry in entries}
        if ".nomedia" in names:
            return
        if not names and folder != str(self._start):  # as where a disk is not mounted just now
            self._unread.add(prefix)
        for entry in (one for one in entries if not is_systems(one.name)):
            key, problem = prefix + escaped(entry.name), ""
            try:
                is_folder = entry.is_dir()
                if self._left_out.has(entry.path, is_folder=is_folder):
                    continue
                if entry.is_symlink() and not lies_within(entry.path, self._allowed):
                    self._unread.add(key + "/")  # whether it is a folder is not told
                    problem = NOT_ALLOWED
                elif is_folder:
                    yield from self._walk(entry.path, key + "/", seen)
                    continue
            except OSError as error:
                problem = f"the file cannot be read ({error.strerror})"
            yield key, entry.path, problem


def _lies_in(source: Source, kind: str, path: Path) -> bool:
    return kind == "folder" and path in source.path.parents


def _candidate(
    record_id: str, key: str, path: str, problem: str, allowed: Sequence[Path]
) -> Candidate:
    uri = escaped(path)
    fingerprint, size = "", 0
    folder, _, file_name = key.rpartition("/")
    try:
        if not problem:
            status = os.stat(path)
            size = status.st_size
            if stat.S_ISREG(status.st_mode):
                fingerprint = f"{size}:{status.st_mtime_ns}"
            else:  # reading a pipe would wait forever
                problem = "it is not a regular file"
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
    if problem:
        skip = Skip("unreadable-file", problem)
        return Candidate(key, fingerprint, record_id, uri, skip=skip)
    suffix = os.path.splitext(file_name)[1].lower()
    if suffix not in SUFFIXES:
        reason = f"{suffix or 'no suffix'} is not a picture format read here"
        skip = Skip(NotAPictureError.code, reason)
        return Candidate(key, fingerprint, record_id, uri, skip=skip)
    metadata = {"filename": file_name, "folder": folder or "."}
    image = ImageRef("image", uri, partial(read_within, path, allowed), size)
    otherwise = told_by_name(file_name)
    return Candidate(key, fingerprint, record_id, uri, metadata, (image,), otherwise=otherwise)
