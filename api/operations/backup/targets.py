"""Where a backup is written: a folder, which repeated ones add to, or one compressed archive."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from api.operations.backup.archive_target import opened_archive
from api.operations.backup.manifest import FILES, MANIFEST, Manifest, StoredFile
from api.operations.backup.source_file import length_of, opened_source
from binocle.errors import BusyError, StorageError, UsageError
from binocle.files import make_folder, replacing

ARCHIVE_SUFFIX = ".tar.zst"
LOCK = "backup.lock"
_TURNS = 17  # prime, so that all come round whatever days a backup is repeated on
_CONTENT = re.compile(r"[0-9a-f]{64}")


class BackupTarget(Protocol):
    """Takes the files of one backup.

    Attributes:
        before: What an earlier backup in the same place holds.
        workplace: A folder for what is copied before it is put in.
        copied: How many files were written.
        copied_bytes: Their length.
        damaged: The SHA-256 of those that were found damaged in the place, and are so still.
        mended: How many were, and have been written anew.
    """

    before: Manifest
    workplace: Path
    copied: int
    copied_bytes: int
    damaged: set[str]
    mended: int

    def size_of(self, sha256: str) -> int | None:
        """Return the length of a content that is there already; None where it is not, or damaged.

        Not every content is read for that each time.
        """
        ...

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Copy a file's content; return its SHA-256 and its length.

        Args:
            path: The file.
            sha256: What the content has to be.

        Raises:
            FileNotFoundError: It is not there.
            UnreadableError: It cannot be read, or the content is another one.
            OSError: It cannot be written.
        """
        ...

    def spare_before(self) -> Path | None:
        """Have what is there kept beside the backup, which lacks something; return where.

        None where the backup keeps it itself, or there is nothing, or an older one is kept.
        """
        ...

    def finish(self, manifest: Manifest) -> None:
        """Make the backup whole.

        Raises:
            OSError: It cannot be written; what was there before is as it was.
        """
        ...


class FolderTarget:
    """A backup in a folder; see ``BackupTarget``."""

    def __init__(self, folder: Path, before: Manifest, turn: int | None) -> None:
        """Set up.

        Args:
            folder: Where to; it is there and locked.
            before: What it holds.
            turn: Which of the ``_TURNS`` parts of the contents there is read and held against its
                SHA-256; None for all.
        """
        self.before, self.workplace = before, folder
        self.copied = self.copied_bytes = self.mended = 0
        self.damaged: set[str] = set()
        self._folder, self._turn = folder, turn
        self._there = {one.sha256: one.size_bytes for one in before.files()}
        self._sound: set[str] = set()

    def size_of(self, sha256: str) -> int | None:
        """Return a content's length; what no manifest vouches for is not there."""
        size = self._there.get(sha256)
        if size is None or sha256 in self.damaged:
            return None
        if length_of(self._path(sha256)) != size:
            self.damaged.add(sha256)
            return None
        is_due = self._turn is None or int(sha256[:8], 16) % _TURNS == self._turn
        return size if not is_due or self._is_sound(sha256) else None

    def _is_sound(self, sha256: str) -> bool:
        if sha256 not in self._sound:
            try:
                with self._path(sha256).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                found = ""
            (self._sound if found == sha256 else self.damaged).add(sha256)
        return sha256 in self._sound

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Copy a file's content; see ``BackupTarget``."""
        draft = self._folder / f"copying.{os.getpid()}.tmp"
        try:
            with opened_source(path) as source, open(draft, "wb", opener=_privately) as file:
                found, size = source.copy(file.write, sha256)
            if self.size_of(found) is not None and self._is_sound(found):
                return found, size
            make_folder(self._path(found).parent)
            draft.replace(self._path(found))
        finally:
            draft.unlink(missing_ok=True)
        self._there[found] = size
        self._sound.add(found)
        self.mended += found in self.damaged
        self.damaged.discard(found)
        self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + size
        return found, size

    def spare_before(self) -> Path | None:
        """Return None: what an earlier backup has, and nobody else, stays in the folder."""
        return None

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest when all files are on disk, and remove what none names any more.

        Of what is damaged and cannot be had anew, the rest stays beside as ``SHA256.damaged``.
        """
        os.sync()
        with replacing(self._folder / MANIFEST, mode=0o600) as file:
            file.write(manifest.to_bytes())
        named = {one.sha256 for one in manifest.files()}
        for path in (self._folder / FILES).glob("??/*"):
            if path.name in named or not _CONTENT.fullmatch(path.name):
                continue
            if path.name in self.damaged:
                path.replace(path.with_suffix(".damaged"))
            else:
                path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / FILES / sha256[:2] / sha256


@contextmanager
def opened_target(to: Path, *, verify: bool = False) -> Iterator[BackupTarget]:
    """Give where a backup is written; an archive takes its place only when all went well.

    Args:
        to: Where.
        verify: Read all that a folder holds, and not only what it is the day's turn of.

    Raises:
        UsageError: Something else is there.
        BusyError: Another backup is being written there.
        StorageError: It cannot be written.
    """
    try:
        with ExitStack() as stack:
            if to.name.endswith(ARCHIVE_SUFFIX):
                yield stack.enter_context(opened_archive(to))
            else:
                yield stack.enter_context(_opened_folder(to, verify=verify))
    except OSError as error:
        raise StorageError(f"cannot write the backup {to} ({error.strerror or error})") from error


@contextmanager
def _opened_folder(to: Path, *, verify: bool) -> Iterator[FolderTarget]:
    if to.exists() and not to.is_dir():
        raise UsageError(f"{to} is a file; a backup goes to a folder or to NAME{ARCHIVE_SUFFIX}")
    if to.is_dir() and not (to / MANIFEST).exists():
        known = {FILES, LOCK}
        for one in to.iterdir():
            if one.name not in known and one.suffix != ".tmp":
                raise UsageError(f"{to} holds something else ({one.name}); name an empty folder")
    make_folder(to)
    lock = FileLock(to / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"another backup is being written to {to.name}; wait until it ends"
        ) from error
    try:
        for left in to.glob("*.tmp"):  # of one that was killed
            _remove(left)
        manifest = to / MANIFEST
        before = Manifest.of_bytes(manifest.read_bytes(), to) if manifest.exists() else Manifest()
        turn = None if verify else _today() % _TURNS
        yield FolderTarget(to, before, turn)
    finally:
        lock.release()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _today() -> int:
    return datetime.now(UTC).toordinal()


def _privately(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def stored(path: str, content: tuple[str, int]) -> StoredFile:
    """Return a file of a manifest, of the content that ``put`` returned."""
    return StoredFile(path, content[1], content[0])
