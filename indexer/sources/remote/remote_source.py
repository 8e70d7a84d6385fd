"""Pictures in a bucket or behind a listing on the web, walked as a folder is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import unquote

from binocle.errors import NotAPictureError, SourceError
from binocle.types import Skip
from indexer.sources.archive import ArchiveSource
from indexer.sources.base import Below, Candidate, ImageRef, Knows, Source, gone, printable
from indexer.sources.beside.sidecars import told_by_name
from indexer.sources.left_out import LeftOut
from indexer.sources.remote.early_reads import EarlyReads
from indexer.sources.remote.remote_archive import RemoteArchive
from indexer.sources.remote.remote_sidecars import RemoteMetadata, RemoteSidecars
from indexer.sources.remote.remote_walk import RemoteWalk, Walked
from indexer.sources.stores.addresses import is_remote, lies_below, scheme_of
from indexer.sources.stores.object_store import ObjectStore

_AT_ONCE = 16
_AHEAD_BYTES = 32 * 1024 * 1024  # what is larger is read when its turn comes


class RemoteSource(Source):
    """All pictures below an address, also those in archives; one object where it is one's.

    Listed a folder at a time. What is unchanged, by its ETag and size, is not read; the rest is
    read by several threads ahead of what takes it, once something is taken.
    """

    kind = "remote"

    def __init__(
        self,
        address: str,
        *,
        within: str | None = None,
        encoding: str | None = None,
        exclude: Sequence[str] = (),
    ) -> None:
        """Name an address.

        Args:
            address: As ``checked_address`` returns it.
            within: Look only below this address in it.
            encoding: What texts beside pictures are in, where that was declared.
            exclude: Patterns of what is left out; see ``LeftOut``.

        Raises:
            UsageError: A pattern means nothing.
        """
        self.path = Path(address)  # compared only
        self._address, self._start = address, within or address
        self._encoding, self._exclude = encoding, tuple(exclude)
        self._left_out = LeftOut(patterns=exclude)
        self._unread: set[str] = set()
        self._knows: Knows = lambda _key, _fingerprint: False
        self._below: Below = lambda _prefix: None

    @classmethod
    def of(cls, uri: str) -> "RemoteSource | None":
        """Return what can open again what has this uri; None where it is none of a network's."""
        return cls(uri) if is_remote(uri) else None

    @property
    def uri(self) -> str:
        """The address."""
        return self._address

    @property
    def looked_at(self) -> str:
        """The address, or the one in it to look below."""
        return self._start

    @cached_property
    def _store(self) -> ObjectStore:
        return ObjectStore(scheme_of(self._address))

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the objects below the address; see ``Source.scan``."""
        reads, walk = EarlyReads(_AT_ONCE), self._walk()
        self._unread = walk.unread
        tables = RemoteMetadata(self._address, walk.folders, self._encoding)

        def has_object(address: str, fingerprint: str) -> bool:
            return self._knows(self._key(address), tables.marked(address, fingerprint))

        sidecars = RemoteSidecars(walk.folders, self._store.read, self._encoding, has_object)
        with closing(walk.described()) as objects:
            try:
                for one in objects:
                    if one.is_archive:
                        yield from self._members(name, one)
                        continue
                    beside = sidecars.told(self._candidate(name, one), one.object.address)
                    told = None if beside is None else tables.told(beside, one.object.address)
                    if told is not None:
                        is_partial = told.is_partial or walk.lacks_some
                        yield self._ahead(replace(told, is_partial=is_partial), reads)
            except BaseException:
                reads.end()
                raise

    def count(self) -> int:
        """Return how many objects there are."""
        return sum(1 for _ in self._walk().objects())

    def open(self, uri: str) -> bytes:
        """Return a picture again; see ``Source.open``."""
        try:
            archive = ArchiveSource.of(uri) if "!/" in uri else None
            return archive.open(uri) if archive is not None else self._store.read(uri)
        except (OSError, SourceError) as error:
            raise gone() from error

    def covers(self, key: str) -> bool:
        """Tell whether this walk would have seen an object of this key."""
        part = self._start[len(self._address) + 1 :]
        return (not part or lies_below(key, part)) and not key.startswith(tuple(self._unread))

    def remember(self, knows: Knows, below: Below) -> None:
        """Be told what the collection has; see ``Source.remember``."""
        self._knows, self._below = knows, below

    def within(self, kind: str, uri: str) -> Source | None:
        """Return a run over this part of a known address."""
        if kind != self.kind or self._address == uri or not lies_below(self._address, uri):
            return None
        return self.part_of(uri)

    def absorbs(self, kind: str, uri: str) -> bool:
        """Tell whether a known address lies below this one."""
        is_either = kind in (self.kind, RemoteArchive.kind)
        return is_either and uri != self._address and lies_below(uri, self._address)

    def part_of(self, whole: str) -> "RemoteSource":
        """Return this as a part of what lies at a known address."""
        return RemoteSource(
            whole, within=self._address, encoding=self._encoding, exclude=self._exclude
        )

    def _walk(self) -> RemoteWalk:
        return RemoteWalk(self._store, self._address, self._start, self._left_out)

    def _key(self, address: str) -> str:
        return printable(address[len(self._address) + 1 :] or address.rpartition("/")[2])

    def _members(self, name: str, found: Walked) -> Iterator[Candidate]:
        """Yield what is in an archive; one that cannot be read costs itself."""
        key, address = printable(found.key), found.object.address
        inside = f"{key}!/"
        archive = RemoteArchive(address, self._encoding, self._exclude)
        archive.remember(
            lambda one, fingerprint: self._knows(inside + one, fingerprint),
            lambda _all: _without(inside, self._below(inside)),
        )
        try:
            for one in archive.scan(f"{name}/{key}"):
                yield replace(one, key=inside + one.key)
        except SourceError as error:
            skip = Skip("unreadable-file", str(error))
            yield Candidate(key, "", f"{name}/{key}", printable(address), skip=skip)
            self._unread.add(inside)
        if not archive.covers(""):
            self._unread.add(inside)

    def _candidate(self, name: str, found: Walked) -> Candidate:
        one, key = found.object, printable(found.key)
        record_id, uri = f"{name}/{key}", printable(one.address)
        size = one.size_bytes
        problem = found.problem
        if found.is_picture and not problem and size is None:
            problem = "the server does not tell its size"
        if problem:
            skip = Skip("unreadable-file", problem)
            return Candidate(key, "", record_id, uri, skip=skip, is_partial=found.may_pass)
        fingerprint = f"{size}:{one.version}"
        if not found.is_picture:
            reason = f"{found.suffix or 'no suffix'} is not a picture format read here"
            skip = Skip(NotAPictureError.code, reason)
            return Candidate(key, fingerprint, record_id, uri, skip=skip)
        is_web = self._address.startswith("http")  # where names are percent-encoded
        folder, _, file_name = (unquote(key) if is_web else key).rpartition("/")
        image = ImageRef("image", uri, partial(self._store.read, one.address), size or 0)
        metadata = {"filename": file_name, "folder": folder or "."}
        otherwise = told_by_name(file_name)
        return Candidate(key, fingerprint, record_id, uri, metadata, (image,), otherwise=otherwise)

    def _ahead(self, candidate: Candidate, reads: EarlyReads) -> Candidate:
        """Have the pictures of a candidate read early, where they will be read."""
        if self._knows(candidate.key, candidate.fingerprint):
            return candidate
        images = tuple(
            replace(one, read=reads.planned(one.read)) if one.size_bytes <= _AHEAD_BYTES else one
            for one in candidate.images
        )
        return replace(candidate, images=images)


def _without(prefix: str, lines: Mapping[str, str] | None) -> Mapping[str, str] | None:
    return None if lines is None else {key[len(prefix) :]: one for key, one in lines.items()}
