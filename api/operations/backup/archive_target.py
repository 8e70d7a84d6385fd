"""A backup that is written as one compressed archive."""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.operations.backup.manifest import FILES, MANIFEST, Manifest
from api.operations.backup.source_file import opened_source
from binocle.errors import UsageError
from binocle.files import sync_folder

_MAGIC = b"\x28\xb5\x2f\xfd"  # of zstd


class ArchiveTarget:
    """A backup in a tar archive compressed with Zstandard; see ``BackupTarget``."""

    def __init__(self, tar: tarfile.TarFile, workplace: Path, to: Path) -> None:
        """Set up with an archive that is open to be written, and where it goes in the end."""
        self.before, self.workplace = Manifest(), workplace
        self.copied = self.copied_bytes = self.mended = 0
        self.damaged: set[str] = set()
        self._tar, self._to = tar, to
        self.is_whole = True
        self._there: dict[str, int] = {}

    def size_of(self, sha256: str) -> int | None:
        """Return the length of a content that is in the archive already."""
        return self._there.get(sha256)

    def put(self, path: Path, *, sha256: str | None = None) -> tuple[str, int]:
        """Add a file's content; see ``BackupTarget``."""
        with opened_source(path) as source:
            found, size = source.copy(lambda _: None, sha256)
            if found not in self._there:
                source.rewind()
                member = tarfile.TarInfo(f"{FILES}/{found[:2]}/{found}")
                member.size, member.mode = size, 0o600
                self._tar.addfile(member, source)
                self._there[found] = size
                self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + size
        return found, size

    def spare_before(self) -> Path | None:
        """Have the archive of that name kept; see ``BackupTarget``."""
        self.is_whole = False
        return before_of(self._to) if self._spares() else None

    def _spares(self) -> bool:
        return self._to.exists() and not before_of(self._to).exists()

    def settle(self, draft: Path) -> None:
        """Let the archive, which is on disk, take its place."""
        if not self.is_whole and self._spares():
            self._to.replace(before_of(self._to))
        draft.replace(self._to)
        if self.is_whole:
            before_of(self._to).unlink(missing_ok=True)
        sync_folder(self._to.parent)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, the last member."""
        data = manifest.to_bytes()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))


@contextmanager
def opened_archive(to: Path) -> Iterator[ArchiveTarget]:
    """Give an archive to write; it takes its place only when all went well.

    Raises:
        UsageError: Something else is there.
        OSError: It cannot be written.
    """
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
            target = ArchiveTarget(tar, workplace, to)
            yield target
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        target.settle(draft)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def before_of(archive: Path) -> Path:
    """Return where the last archive without problems is kept, while newer ones have some."""
    return archive.with_name(f"{archive.name}.before")
