"""Pictures in a bucket or behind a listing on the web, walked as a folder is."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from binocle.errors import NotAPictureError, SourceError
from binocle.media.images import SUFFIXES
from binocle.types import Skip
from indexer.sources.base import Candidate, ImageRef, Source, gone, printable
from indexer.sources.beside.sidecars import told_by_name
from indexer.sources.left_out import LeftOut, is_systems
from indexer.sources.remote.early_reads import EarlyReads
from indexer.sources.stores.addresses import is_remote, lies_below, scheme_of
from indexer.sources.stores.object_store import ObjectStore, StoredObject

_AT_ONCE = 16
_AHEAD_BYTES = 32 * 1024 * 1024  # what is larger is read when its turn comes
_DEEPEST = 100


class RemoteSource(Source):
    """All pictures below an address; one object where it is one's.

    Listed a folder at a time. What is unchanged, by its ETag and size, is not read; the rest is
    read by several threads ahead of what takes it, once something is taken. What stands beside
    pictures is not read.
    """

    kind = "remote"

    def __init__(
        self, address: str, *, within: str | None = None, exclude: Sequence[str] = ()
    ) -> None:
        """Name an address.

        Args:
            address: As ``checked_address`` returns it.
            within: Look only below this address in it.
            exclude: Patterns of what is left out; see ``LeftOut``.

        Raises:
            UsageError: A pattern means nothing.
        """
        self.path = Path(address)  # compared only
        self._address, self._start = address, within or address
        self._exclude = tuple(exclude)
        self._left_out = LeftOut(patterns=exclude)
        self._unread: set[str] = set()
        self._knows: Callable[[str, str], bool] = lambda _key, _fingerprint: False

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
        reads = EarlyReads(_AT_ONCE)
        with ThreadPoolExecutor(_AT_ONCE) as askers:
            try:
                for one in self._described(askers):
                    yield self._candidate(name, one, reads)
            except BaseException:
                reads.end()
                raise

    def count(self) -> int:
        """Return how many objects there are."""
        return sum(1 for _ in self._objects())

    def open(self, uri: str) -> bytes:
        """Return a picture again; see ``Source.open``."""
        try:
            return self._store.read(uri)
        except (OSError, SourceError) as error:
            raise gone() from error

    def covers(self, key: str) -> bool:
        """Tell whether this walk would have seen an object of this key."""
        part = self._start[len(self._address) + 1 :]
        return (not part or lies_below(key, part)) and not key.startswith(tuple(self._unread))

    def remember(self, knows: Callable[[str, str], bool]) -> None:
        """Be told what the collection has; see ``Source.remember``."""
        self._knows = knows

    def within(self, kind: str, uri: str) -> Source | None:
        """Return a run over this part of a known address."""
        if kind != self.kind or self._address == uri or not lies_below(self._address, uri):
            return None
        return RemoteSource(uri, within=self._address, exclude=self._exclude)

    def absorbs(self, kind: str, uri: str) -> bool:
        """Tell whether a known address lies below this one."""
        return kind == self.kind and uri != self._address and lies_below(uri, self._address)

    def _objects(self) -> Iterator["_Walked"]:
        try:
            listed = self._store.listed(self._start)
        except FileNotFoundError as error:
            raise SourceError(f"there is nothing at {self._start}") from error
        except OSError as error:
            raise SourceError(f"cannot read {self._start} ({error.strerror})") from error
        part = self._start[len(self._address) + 1 :]
        if [one.address for one in listed if not one.is_folder] == [self._start]:
            yield _Walked(part or listed[0].name, listed[0])
            return
        yield from self._walk(listed, f"{part}/" if part else "", 1)

    def _walk(self, listed: Sequence[StoredObject], prefix: str, depth: int) -> Iterator["_Walked"]:
        if ".nomedia" in {one.name for one in listed}:
            return
        for one in listed:
            key = prefix + one.name
            names = one.name.split("/")
            if any(map(is_systems, names)) or self._left_out.has(key, is_folder=one.is_folder):
                continue
            if not one.is_folder:
                yield _Walked(key, one)
                continue
            try:
                if depth == _DEEPEST:
                    raise OSError(0, f"it lies more than {_DEEPEST} folders deep")
                inside = self._store.listed(one.address)
            except OSError as error:
                self._unread.add(f"{key}/")
                problem = f"the folder cannot be read ({error.strerror})"
                yield _Walked(f"{key}/", one, problem)
            else:
                yield from self._walk(inside, f"{key}/", depth + 1)

    def _described(self, askers: ThreadPoolExecutor) -> Iterator["_Walked"]:
        """Yield what there is, with sizes and versions, which the web tells one at a time."""
        waiting = self._objects()
        while some := list(islice(waiting, _AT_ONCE)):
            yield from askers.map(self._with_facts, some)

    def _with_facts(self, found: "_Walked") -> "_Walked":
        if found.problem or not found.is_picture:
            return found
        try:
            return _Walked(found.key, self._store.described(found.object))
        except OSError as error:
            return _Walked(found.key, found.object, f"the file cannot be read ({error.strerror})")

    def _candidate(self, name: str, found: "_Walked", reads: EarlyReads) -> Candidate:
        one, key = found.object, printable(found.key)
        record_id, uri = f"{name}/{key}", printable(one.address)
        size = one.size_bytes
        problem = found.problem
        if found.is_picture and not problem and size is None:
            problem = "the server does not tell its size"
        if problem:
            skip = Skip("unreadable-file", problem)
            return Candidate(key, "", record_id, uri, skip=skip)
        fingerprint = f"{size}:{one.version}"
        if not found.is_picture:
            reason = f"{found.suffix or 'no suffix'} is not a picture format read here"
            skip = Skip(NotAPictureError.code, reason)
            return Candidate(key, fingerprint, record_id, uri, skip=skip)
        is_web = self._address.startswith("http")  # where names are percent-encoded
        folder, _, file_name = (unquote(key) if is_web else key).rpartition("/")
        read: Callable[[], bytes] = partial(self._store.read, one.address)
        size = size or 0
        if size <= _AHEAD_BYTES and not self._knows(key, fingerprint):
            read = reads.planned(read)
        image = ImageRef("image", uri, read, size)
        metadata = {"filename": file_name, "folder": folder or "."}
        otherwise = told_by_name(file_name)
        return Candidate(key, fingerprint, record_id, uri, metadata, (image,), otherwise=otherwise)


@dataclass(frozen=True, slots=True)
class _Walked:
    """An object of a walk: its key, and what is wrong with it."""

    key: str
    object: StoredObject
    problem: str = ""

    @property
    def suffix(self) -> str:
        name = self.object.name.rpartition("/")[2]
        return f".{name.rpartition('.')[2].lower()}" if "." in name else ""

    @property
    def is_picture(self) -> bool:
        return not self.object.is_folder and self.suffix in SUFFIXES
