"""A tar or zip of pictures, in the WebDataset layout where it has texts and JSON.

A picture, its text (``.txt``, ``.caption``) and its metadata (``.json``, ``.xmp``) are one sample;
``sidecar_names`` tells what belongs to which.

What is damaged costs itself: a member its record, a sidecar what it says, and where the archive
cannot be read on, the records that are known stay as they were: those of what lay behind, and
those before whose texts may have lain there.
"""

import threading
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from binocle.errors import NotAPictureError, NotFoundError, SourceError
from binocle.media.images import SUFFIXES
from binocle.types import MetadataValue, Skip
from indexer.sources.base import Candidate, ImageRef, Source, gone, printable
from indexer.sources.beside.sidecar_names import is_sidecar
from indexer.sources.beside.sidecars import Sidecars, told_by_name
from indexer.sources.left_out import LeftOut
from indexer.sources.members.cut_zip import is_zip
from indexer.sources.members.member import ArchiveMember, is_hidden
from indexer.sources.members.tar_members import TarReader
from indexer.sources.members.tar_walk import held, tar_walk
from indexer.sources.members.unpacking import MAX_RATIO, MIN_UNPACKED_BYTES, is_compressed
from indexer.sources.members.zip_members import cut_zip_members, open_zip, zip_members
from indexer.sources.stores.remote_file import file_at

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ZIP_SUFFIXES = (".zip",)
_MAX_MEMBERS = 5_000_000  # each is a line of the ledger; shards have thousands
_WHOLE = "(archive)"  # the key of what is wrong with the archive itself


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a walk before the scan has found: files but for sidecars, these, and if it saw all.

    The stamp is the archive's from before the walk.
    """

    stamp: str
    count: int
    sidecars: Sidecars
    is_complete: bool


class ArchiveSource(Source):
    """A tar, compressed or not, or a zip. ``open`` is thread-safe."""

    kind = "archive"

    def __init__(
        self, path: Path, encoding: str | None = None, exclude: Sequence[str] = ()
    ) -> None:
        """Name an archive.

        Args:
            path: Where it lies, absolute.
            encoding: What its texts are in, where that was declared.
            exclude: Patterns of members that are left out; see ``LeftOut``.

        Raises:
            UsageError: A pattern means nothing.
        """
        self.path = path
        self._encoding = encoding
        self._left_out = LeftOut("", exclude)
        self._is_zip = path.name.lower().endswith(ZIP_SUFFIXES)
        self._zip: zipfile.ZipFile | None = None
        self._cut: list[ArchiveMember] | None = None  # of a zip without a list, once it was walked
        self._survey: _Survey | None = None
        self._lock = threading.Lock()
        self._readers: dict[str, Callable[[], bytes]] = {}
        self._stamp = ""  # of the archive the readers are of
        self._damages: list[str] = []  # of the last walk through it
        self._is_complete = True

    @classmethod
    def of(cls, uri: str) -> "ArchiveSource | None":
        """Return the archive that a member's uri names; None where there is none."""
        path, mark, rest = uri.partition("!/")
        while mark:
            if path.lower().endswith(TAR_SUFFIXES + ZIP_SUFFIXES) and file_at(path).is_file():
                return cls(file_at(path))
            further, mark, rest = rest.partition("!/")
            path += f"!/{further}"
        return None

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the pictures and what cannot be read as one; see ``Source.scan``."""
        with self._errors():
            survey = self._surveyed()
            archive = survey.stamp
            for key, member in self._keyed():
                held = self._held(key, member)
                if held is not None:
                    yield self._candidate(f"{name}/{key}", key, archive, held, survey)
            problems = survey.sidecars.problems()
            if self._damages:
                problems = {**problems, _WHOLE: self._damage()}
            for key, skip in problems.items():
                yield Candidate(key, archive, f"{name}/{key}", self._prefix() + key, skip=skip)

    def count(self) -> int:
        """Return how many pictures and other files there are."""
        with self._errors():
            return self._surveyed().count

    def covers(self, _key: str, /) -> bool:
        """Tell whether the last scan saw all members: not where it is damaged or cut."""
        return self._is_complete

    @property
    def is_sound(self) -> bool:
        """Whether the last scan found no damage."""
        return not self._damages

    def open(self, uri: str) -> bytes:
        """Return a member again; see ``Source.open``.

        Where members lie is noted at the first call, so that each later one reads a single member.
        A compressed tar can only be read in its order: up to the member, each time.
        """
        key = uri.removeprefix(self._prefix())
        if self._is_packed():
            _, found = next(self.open_each([uri]))
            if isinstance(found, NotFoundError):
                raise found
            return found
        try:
            with self._errors(), self._lock:
                now = self._now()
                if self._stamp != now:
                    self._zip = self._cut = None
                    self._readers = {key: member.read for key, member in self._keyed()}
                    self._stamp = now
                read = self._readers.get(key)
            if read is None:
                raise gone()
            return read()
        except (OSError, SourceError) as error:
            raise gone() from error

    def open_each(self, uris: Collection[str]) -> Iterator[tuple[str, bytes | NotFoundError]]:
        """Give several members, of a compressed tar in its order; see ``Source.open_each``."""
        if not self._is_packed():
            yield from super().open_each(uris)
            return
        wanted = {uri.removeprefix(self._prefix()): uri for uri in uris}
        with suppress(OSError, SourceError), self._errors():
            for key, member in self._keyed():
                if key in wanted:
                    yield wanted[key], member.read()
                    del wanted[key]
                if not wanted:
                    return
        for uri in wanted.values():
            yield uri, gone()

    def _is_packed(self) -> bool:
        with suppress(OSError):
            return not self._is_zip and is_compressed(self.path)
        return False

    def _candidate(
        self, record_id: str, key: str, archive: str, member: ArchiveMember, survey: _Survey
    ) -> Candidate:
        uri, path = self._prefix() + key, PurePosixPath(printable(member.name))
        if path.suffix.lower() not in SUFFIXES:
            what = path.suffix.lower() or "no suffix"
            skip = Skip(NotAPictureError.code, f"{what} is not a picture format read here")
            return Candidate(key, archive, record_id, uri, skip=skip)
        metadata: dict[str, MetadataValue] = {"filename": path.name, "folder": str(path.parent)}
        candidate = Candidate(
            key,
            f"{archive}:{member.fingerprint}",
            record_id,
            uri,
            metadata,
            (ImageRef("image", uri, member.read, member.size_bytes),),
            is_partial=not survey.is_complete,
            otherwise=told_by_name(path.name),
        )
        return survey.sidecars.of(member.name).told(candidate)

    def _held(self, key: str, member: ArchiveMember) -> ArchiveMember | None:
        """Read a member that passes by.

        Returns:
            None where the archive ends or is damaged within it, so that it stays what it was.
        """
        try:
            return held(member, lambda: ArchiveSource(self.path).open(self._prefix() + key))
        except OSError:
            self._stop(f"it cannot be read on from {key}")
            return None

    def _prefix(self) -> str:
        return f"{printable(str(self.path))}!/"

    def _now(self) -> str:
        """Return what changes when the archive does."""
        status = self.path.stat()
        return f"{status.st_size}:{status.st_mtime_ns}"

    def _damage(self) -> Skip:
        code = "truncated" if "end" in self._damages[0] else "unreadable"
        lost = "" if self._is_complete else "; what else was in it cannot be told"
        reasons = " and ".join(self._damages)
        return Skip(code, f"the archive is damaged: {reasons}{lost}; fetch or make it again")

    def _surveyed(self) -> _Survey:
        """Walk through the archive for its sidecars, once while it is the same.

        Raises:
            SourceError: There is nothing in it that can be read.
        """
        stamp = self._now()
        if self._survey is None or self._survey.stamp != stamp:
            self._zip = self._cut = None  # it may be of the archive before
            count, sidecars = 0, Sidecars(self._encoding)
            for member in self._members():
                if is_sidecar(member.name, member.size_bytes):
                    sidecars.add(member.name, member.size_bytes, member.read)
                else:
                    count += 1
                    sidecars.see([member.name])
            if not count and self._damages:
                reason = " and ".join(self._damages)
                raise SourceError(f"{self.path} is damaged or no archive ({reason})")
            self._survey = _Survey(stamp, count, sidecars, self._is_complete)
        return self._survey

    def _keyed(self) -> Iterator[tuple[str, ArchiveMember]]:
        """Yield the members but for sidecars, those of a name that was there with a number."""
        names: dict[str, int] = {}
        for member in self._members():
            if not is_sidecar(member.name, member.size_bytes):
                key = printable(member.name)
                number = names[key] = names.get(key, 0) + 1
                yield key if number == 1 else f"{key}~{number}", member

    def _members(self) -> Iterator[ArchiveMember]:
        """Yield all members that count; note what is wrong with the archive."""
        self._damages, self._is_complete = [], True
        members = self._zip_members() if self._is_zip else self._tar_members()
        kept = (member for member in members if not self._left_out.has(member.name))
        for number, member in enumerate(kept):
            if number == _MAX_MEMBERS:
                self._stop(f"it has more members than the limit of {_MAX_MEMBERS:,}; split it")
                return
            yield member

    def _stop(self, reason: str) -> None:
        self._damages, self._is_complete = [*self._damages, reason], False

    def _tar_members(self) -> Iterator[ArchiveMember]:
        reader = TarReader(self.path)
        try:
            yield from tar_walk(reader, self.path)
        finally:
            reader.close()
            self._damages += reader.damages
            self._is_complete = self._is_complete and reader.is_complete

    def _zip_members(self) -> Iterator[ArchiveMember]:
        limit = max(MIN_UNPACKED_BYTES, MAX_RATIO * self.path.stat().st_size)
        try:
            # Pictures are read after the scan has moved on, so the file stays open with it.
            self._zip = self._zip or open_zip(self.path)
            members = zip_members(self._zip)
        except SourceError:
            if not is_zip(self.path):
                raise
            self._stop("the list of its members, at its end, is cut away or cannot be read")
            self._cut = self._cut or list(cut_zip_members(self.path, limit))
            members = iter(self._cut)
        for member in members:
            if member.name.endswith("/") or is_hidden(member.name):
                continue
            limit -= member.size_bytes
            if limit < 0:
                self._stop(
                    f"its members unpack to more than {MAX_RATIO} times its size and 1 GiB; "
                    "if it is sound, unpack it and index the folder"
                )
                return
            yield member

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceError(f"cannot read {self.path} ({error.strerror or error})") from error
