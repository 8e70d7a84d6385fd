"""A tar or zip of pictures, in the WebDataset layout where it has texts and JSON.

Members that share a stem, the path up to the first dot of the file name, are one sample: a
picture, its text (``.txt``, ``.caption``) and its metadata (``.json``). Source of the layout:
https://github.com/webdataset/webdataset#the-webdataset-format.
"""

import json
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from binocle.errors import NotAPictureError, SourceError
from binocle.media.images import SUFFIXES
from binocle.types import MetadataValue, Skip
from indexer.sources.base import Candidate, ImageRef, Source, TextRef, gone, printable
from indexer.sources.cell_values import metadata_of

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ZIP_SUFFIXES = (".zip",)
_TEXT_SUFFIXES = (".txt", ".caption")
_MAX_SIDECAR_BYTES = 1024 * 1024
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    fingerprint: str
    size_bytes: int
    read: Callable[[], bytes]


@dataclass(slots=True)
class _Sidecars:
    texts: list[str] = field(default_factory=list)
    metadata: dict[str, MetadataValue] = field(default_factory=dict)


class ArchiveSource(Source):
    """A tar, compressed or not, or a zip. ``open`` is thread-safe."""

    kind = "archive"

    def __init__(self, path: Path) -> None:
        """Name an archive by its absolute path."""
        self.path = path
        self._is_zip = path.name.lower().endswith(ZIP_SUFFIXES)
        self._zip: zipfile.ZipFile | None = None
        self._count: int | None = None
        self._lock = threading.Lock()
        self._readers: dict[str, Callable[[], bytes]] = {}
        self._stamp = ""  # of the archive the readers are of

    @classmethod
    def of(cls, uri: str) -> "ArchiveSource | None":
        """Return the archive that a member's uri names; None where there is none."""
        path, mark, rest = uri.partition("!/")
        while mark:
            if path.lower().endswith(TAR_SUFFIXES + ZIP_SUFFIXES) and Path(path).is_file():
                return cls(Path(path))
            further, mark, rest = rest.partition("!/")
            path += f"!/{further}"
        return None

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the pictures and what cannot be read as one; see ``Source.scan``."""
        with self._errors():
            archive = self._now()
            sidecars = self._sidecars()
            used: set[str] = set()
            for key, member in self._keyed():
                used.add(_stem(member.name))
                yield self._candidate(f"{name}/{key}", key, archive, member, sidecars)
            for stem in sidecars.keys() - used:
                key = printable(stem + ".txt")
                skip = Skip(NotAPictureError.code, "a text without a picture of its name")
                yield Candidate(key, archive, f"{name}/{key}", self._prefix() + key, skip=skip)

    def count(self) -> int:
        """Return how many pictures and other files there are."""
        if self._count is None:
            with self._errors():
                self._count = sum(1 for _ in self._keyed())
        return self._count

    def open(self, uri: str) -> bytes:
        """Return a member again; see ``Source.open``.

        Where members lie is noted at the first call, so that each later one reads a single member.
        A compressed tar can only be read in its order: up to the member, each time.
        """
        key = uri.removeprefix(self._prefix())
        try:
            read = self._reader(key)
            if read is None:
                raise FileNotFoundError(f"{self.path} has no member {key}")
            return read()
        except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
            raise gone() from error

    def _reader(self, key: str) -> Callable[[], bytes] | None:
        """Return what reads a member; None where there is none of this key."""
        with self._lock:
            now = self._now()
            if self._stamp != now:
                self._readers, self._zip = {}, None
                if not self._is_compressed():
                    self._readers = {key: member.read for key, member in self._keyed()}
                self._stamp = now
        if self._is_compressed():
            return next((member.read for other, member in self._keyed() if other == key), None)
        return self._readers.get(key)

    def _candidate(
        self,
        record_id: str,
        key: str,
        archive: str,
        member: _Member,
        sidecars: dict[str, _Sidecars],
    ) -> Candidate:
        uri = self._prefix() + key
        path = PurePosixPath(printable(member.name))
        if path.suffix.lower() not in SUFFIXES:
            what = path.suffix.lower() or "no suffix"
            skip = Skip(NotAPictureError.code, f"{what} is not a picture format read here")
            return Candidate(key, archive, record_id, uri, skip=skip)
        beside = sidecars.get(_stem(member.name), _Sidecars())
        metadata: dict[str, MetadataValue] = {"filename": path.name, "folder": str(path.parent)}
        return Candidate(
            key,
            f"{archive}:{member.fingerprint}",
            record_id,
            uri,
            {**metadata, **beside.metadata},
            (ImageRef("image", uri, member.read, member.size_bytes),),
            tuple(TextRef("text", uri, text) for text in beside.texts),
        )

    def _prefix(self) -> str:
        return f"{printable(str(self.path))}!/"

    def _now(self) -> str:
        """Return what changes when the archive does."""
        status = self.path.stat()
        return f"{status.st_size}:{status.st_mtime_ns}"

    def _keyed(self) -> Iterator[tuple[str, _Member]]:
        """Yield the members but for sidecars, those of a name that was there with a number."""
        names: dict[str, int] = {}
        with self._members() as members:
            for member in members:
                key = printable(member.name)
                number = names[key] = names.get(key, 0) + 1
                yield key if number == 1 else f"{key}~{number}", member

    def _sidecars(self) -> dict[str, _Sidecars]:
        """Read the small texts and JSON files, by stem."""
        found: dict[str, _Sidecars] = {}
        with self._members(sidecars=True) as members:
            for member in members:
                beside = found.setdefault(_stem(member.name), _Sidecars())
                text = member.read().decode("utf-8-sig", "replace")
                if member.name.lower().endswith(".json"):
                    try:
                        document = json.loads(text)
                    except (ValueError, RecursionError):
                        document = None
                    if isinstance(document, dict):
                        beside.metadata.update(metadata_of(document))
                elif text.strip():
                    beside.texts.append(text.strip())
        for beside in found.values():
            caption = beside.metadata.get("caption")
            if not beside.texts and isinstance(caption, str):
                beside.texts.append(caption)
        return found

    @contextmanager
    def _members(self, *, sidecars: bool = False) -> Iterator[Iterator[_Member]]:
        if self._is_zip:
            # Pictures are read after the scan has moved on, so the file stays open with it.
            self._zip = self._zip or zipfile.ZipFile(self.path)
            yield _zip_members(self._zip, sidecars=sidecars)
        else:
            compressed = self._is_compressed()
            with tarfile.open(self.path) as archive:
                yield _tar_members(archive, self.path, sidecars=sidecars, compressed=compressed)

    def _is_compressed(self) -> bool:
        """Tell whether members can only be read in their order."""
        if self._is_zip:
            return False
        with self.path.open("rb") as file:
            return file.read(6).startswith(_COMPRESSED)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceError(f"cannot read {self.path} ({error.strerror or error})") from error
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
            raise SourceError(f"{self.path} is damaged or no archive ({error})") from error


def _wanted(name: str, size: int, *, sidecars: bool) -> bool:
    path = PurePosixPath(name)
    if any(_is_hidden(part) for part in path.parts):
        return False
    is_sidecar = name.lower().endswith((*_TEXT_SUFFIXES, ".json")) and size <= _MAX_SIDECAR_BYTES
    return is_sidecar == sidecars


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))


def _stem(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.split(".", 1)[0]


def _tar_members(
    archive: tarfile.TarFile, path: Path, *, sidecars: bool, compressed: bool
) -> Iterator[_Member]:
    for info in archive:
        name = info.name.removeprefix("./")
        if info.isdir() or not _wanted(name, info.size, sidecars=sidecars):
            continue
        read: Callable[[], bytes]
        if not info.isreg():
            read = _refuse_link
        elif compressed or info.sparse:
            file = archive.extractfile(info)
            data = file.read() if file else b""
            read = partial(bytes, data)  # a compressed stream can only be read in its order
        else:
            read = partial(_read_at, path, info.size, info.offset_data)
        yield _Member(name, f"{info.size}:{int(info.mtime)}", info.size, read)


def _refuse_link() -> bytes:
    raise OSError("it is a link or a device, not a file")


def _read_at(path: Path, size: int, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) < size:
        raise OSError("the archive ends before this member does")
    return data


def _zip_members(archive: zipfile.ZipFile, *, sidecars: bool) -> Iterator[_Member]:
    for info in archive.infolist():
        if info.is_dir() or not _wanted(info.filename, info.file_size, sidecars=sidecars):
            continue
        fingerprint = f"{info.file_size}:{info.CRC}"
        read = partial(_read_zipped, archive, info)
        yield _Member(info.filename, fingerprint, info.file_size, read)


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
        raise OSError(str(error)) from error  # encrypted, unknown method, bad checksum
