"""Where a backup is written: a folder, which repeated ones add to, or one compressed archive."""

import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from api.operations.backup.manifest import MANIFEST, Manifest, StoredFile
from binocle.errors import BusyError, StorageError, UsageError
from binocle.files import make_folder, replacing, sync_folder

ARCHIVE_SUFFIX = ".tar.zst"
FILES, LOCK = "files", "backup.lock"
_AT_ONCE = 1 << 20
_MAGIC = b"\x28\xb5\x2f\xfd"  # of zstd
_CONTENT = re.compile(r"[0-9a-f]{64}")


class BackupTarget(Protocol):
    """Takes the files of one backup.

    Attributes:
        before: What an earlier backup in the same place holds.
        workplace: A folder for what is copied before it is put in.
        copied: How many files were written.
        copied_bytes: Their length.
    """

    before: Manifest
    workplace: Path
    copied: int
    copied_bytes: int

    def size_of(self, sha256: str) -> int | None:
        """Return the length of a content that is there already; None where it is not."""
        ...

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Copy a file's content; return its SHA-256 and its length.

        Args:
            path: The file.
            sha256: What the content has to be.

        Raises:
            FileNotFoundError: It is not there.
            ValueError: The content is another one.
            OSError: It cannot be read or written.
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

    def __init__(self, folder: Path, before: Manifest) -> None:
        """Set up.

        Args:
            folder: Where to; it is there and locked.
            before: What it holds.
        """
        self.before, self.workplace = before, folder
        self.copied = self.copied_bytes = 0
        self._folder = folder
        self._there = {one.sha256: one.size_bytes for one in before.files()}

    def size_of(self, sha256: str) -> int | None:
        """Return a content's length; what no manifest vouches for is not there."""
        size = self._there.get(sha256)
        with suppress(OSError):
            if size is not None and self._path(sha256).stat().st_size == size:
                return size
        return None

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Copy a file's content; see ``BackupTarget``."""
        digest, size = hashlib.sha256(), 0
        draft = self._folder / f"copying.{os.getpid()}.tmp"
        try:
            with open(path, "rb") as source, open(draft, "wb", opener=_privately) as file:
                while data := source.read(_AT_ONCE):
                    digest.update(data)
                    size += len(data)
                    file.write(data)
            found = digest.hexdigest()
            if sha256 is not None and found != sha256:
                raise ValueError(f"{path} is damaged")
            if self.size_of(found) is not None:
                return found, size
            make_folder(self._path(found).parent)
            draft.replace(self._path(found))
        finally:
            draft.unlink(missing_ok=True)
        self._there[found] = size
        self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + size
        return found, size

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest when all files are on disk, and remove what none names any more."""
        os.sync()
        with replacing(self._folder / MANIFEST, mode=0o600) as file:
            file.write(manifest.to_bytes())
        named = {one.sha256 for one in manifest.files()}
        for path in (self._folder / FILES).glob("??/*"):
            if _CONTENT.fullmatch(path.name) and path.name not in named:
                path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / FILES / sha256[:2] / sha256


class ArchiveTarget:
    """A backup in a tar archive compressed with Zstandard; see ``BackupTarget``."""

    def __init__(self, tar: tarfile.TarFile, workplace: Path) -> None:
        """Set up with an archive that is open to be written."""
        self.before, self.workplace = Manifest(), workplace
        self.copied = self.copied_bytes = 0
        self._tar = tar
        self._there: dict[str, int] = {}

    def size_of(self, sha256: str) -> int | None:
        """Return the length of a content that is in the archive already."""
        return self._there.get(sha256)

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Add a file's content; see ``BackupTarget``."""
        with open(path, "rb") as source:
            found = hashlib.file_digest(source, "sha256").hexdigest()
            if sha256 is not None and found != sha256:
                raise ValueError(f"{path} is damaged")
            size = source.seek(0, os.SEEK_END)
            if found not in self._there:
                source.seek(0)
                member = tarfile.TarInfo(f"{FILES}/{found[:2]}/{found}")
                member.size, member.mode = size, 0o600
                self._tar.addfile(member, source)
                self._there[found] = size
                self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + size
        return found, size

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, the last member."""
        data = manifest.to_bytes()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))


@contextmanager
def opened_target(to: Path) -> Iterator[BackupTarget]:
    """Give where a backup is written; an archive takes its place only when all went well.

    Raises:
        UsageError: Something else is there.
        BusyError: Another backup is being written there.
        StorageError: It cannot be written.
    """
    try:
        with ExitStack() as stack:
            if to.name.endswith(ARCHIVE_SUFFIX):
                yield stack.enter_context(_opened_archive(to))
            else:
                yield stack.enter_context(_opened_folder(to))
    except OSError as error:
        raise StorageError(f"cannot write the backup {to} ({error.strerror or error})") from error


@contextmanager
def _opened_folder(to: Path) -> Iterator[FolderTarget]:
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
        raise BusyError(f"another backup is being written to {to}; wait until it ends") from error
    try:
        for left in to.glob("*.tmp"):  # of one that was killed
            _remove(left)
        manifest = to / MANIFEST
        before = Manifest.of_bytes(manifest.read_bytes(), to) if manifest.exists() else Manifest()
        yield FolderTarget(to, before)
    finally:
        lock.release()


@contextmanager
def _opened_archive(to: Path) -> Iterator[ArchiveTarget]:
    import pyarrow as pa

    if to.exists():
        if not to.is_file():
            raise UsageError(f"{to} is no file")
        with to.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise UsageError(f"{to} is no archive of a backup; it stays as it is")
    to.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    try:
        draft = workplace / "archive"
        draft.touch(mode=0o600)
        with (
            pa.OSFile(str(draft), "wb") as raw,
            pa.CompressedOutputStream(raw, "zstd") as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield ArchiveTarget(tar, workplace)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(to)
        sync_folder(to.parent)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _privately(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def stored(path: str, content: tuple[str, int]) -> StoredFile:
    """Return a file of a manifest, of the content that ``put`` returned."""
    return StoredFile(path, content[1], content[0])
