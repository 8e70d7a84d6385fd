"""Reading a backup again: its manifest, and its files, each held against its SHA-256."""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from api.operations.backup.manifest import FILES, MANIFEST, Manifest
from api.operations.backup.source_file import SourceFile, UnreadableError, opened_source
from binocle.errors import NotFoundError, StorageError

_AT_ONCE = 1 << 20
_MOST_MANIFEST_BYTES = 4 << 30


class BackupSource(Protocol):
    """A whole backup.

    Attributes:
        path: Where it lies.
    """

    path: Path

    def manifest(self) -> Manifest:
        """Return what it holds.

        Raises:
            StorageError: It is no whole backup.
        """
        ...

    def extract(self, wanted: Mapping[str, Sequence[Path]]) -> dict[str, str]:
        """Write contents to files whose folders are there.

        Args:
            wanted: By SHA-256, where each goes; nowhere to have it checked only.

        Returns:
            By SHA-256, what is wrong with those that are damaged or missing.

        Raises:
            OSError: A file cannot be written.
        """
        ...


class BackupFolder:
    """A backup in a folder; see ``BackupSource``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def manifest(self) -> Manifest:
        """Return what it holds; see ``BackupSource``."""
        try:
            return Manifest.of_bytes((self.path / MANIFEST).read_bytes(), self.path)
        except FileNotFoundError as error:
            raise StorageError(_not_whole(self.path)) from error

    def extract(self, wanted: Mapping[str, Sequence[Path]]) -> dict[str, str]:
        """Write contents to files; see ``BackupSource``."""
        wrong = {}
        for sha256, places in wanted.items():
            try:
                with opened_source(self.path / FILES / sha256[:2] / sha256) as source:
                    if _written(source, places) != sha256:
                        wrong[sha256] = "it is damaged"
            except FileNotFoundError:
                wrong[sha256] = "it is missing"
            except UnreadableError as error:
                wrong[sha256] = str(error)
        return wrong


class BackupArchive:
    """A backup in a compressed archive; see ``BackupSource``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def manifest(self) -> Manifest:
        """Return what it holds; see ``BackupSource``. Its manifest is its last member."""
        data = None
        for member, content in self._members():
            if member.name == MANIFEST and member.size <= _MOST_MANIFEST_BYTES:
                data = content.read()
        if data is None:
            raise StorageError(_not_whole(self.path))
        return Manifest.of_bytes(data, self.path)

    def extract(self, wanted: Mapping[str, Sequence[Path]]) -> dict[str, str]:
        """Write contents to files; see ``BackupSource``."""
        wrong = dict.fromkeys(wanted, "it is missing")
        for member, content in self._members():
            folder, _, sha256 = member.name.rpartition("/")
            if folder != f"{FILES}/{sha256[:2]}" or sha256 not in wrong:
                continue
            if _written(content, wanted[sha256]) == sha256:
                del wrong[sha256]
            else:
                wrong[sha256] = "it is damaged"
        return wrong

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
        import pyarrow as pa

        try:
            with (
                pa.OSFile(str(self.path), "rb") as raw,
                pa.CompressedInputStream(raw, "zstd") as packed,
                tarfile.open(fileobj=packed, mode="r|") as tar,
            ):
                for member in tar:
                    content = tar.extractfile(member) if member.isreg() else None
                    if content is not None:
                        yield member, content
        except (tarfile.TarError, EOFError, pa.ArrowInvalid) as error:
            raise StorageError(_not_whole(self.path)) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise StorageError(_not_whole(self.path)) from error  # what pyarrow says of bad data


@contextmanager
def opened_backup(path: Path) -> Iterator[BackupSource]:
    """Give a backup that lies somewhere.

    Raises:
        NotFoundError: There is nothing.
    """
    if path.is_dir():
        yield BackupFolder(path)
    elif path.is_file():
        yield BackupArchive(path)
    else:
        raise NotFoundError(f"there is no backup at {path}")


def _not_whole(path: Path) -> str:
    return (
        f"{path} is no whole backup: it has no manifest, which is written last; the backup was "
        "interrupted, or this is something else"
    )


def _written(source: IO[bytes] | SourceFile, places: Sequence[Path]) -> str:
    """Write a content to files, readable for their owner only; return its SHA-256."""
    digest = hashlib.sha256()
    files = [os.open(one, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for one in places]
    try:
        while data := source.read(_AT_ONCE):
            digest.update(data)
            for file in files:
                _write_all(file, data)
    finally:
        for file in files:
            os.close(file)
    return digest.hexdigest()


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
