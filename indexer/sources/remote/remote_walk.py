"""Walking a bucket, or listings on the web, a folder at a time."""

import errno
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from binocle.errors import SourceError
from binocle.media.images import SUFFIXES
from indexer.sources.archive import TAR_SUFFIXES, ZIP_SUFFIXES
from indexer.sources.beside.folder_metadata import NAMES
from indexer.sources.beside.sidecar_names import PictureNames, is_picture, is_sidecar
from indexer.sources.left_out import LeftOut, is_systems
from indexer.sources.remote.remote_sidecars import WalkedFolders
from indexer.sources.stores.object_store import ObjectStore, StoredObject

_AT_ONCE = 16
_DEEPEST = 100
_NOT_FOR_US = (errno.ENOENT, errno.EACCES)  # many servers tell of files, and of no folders


@dataclass(frozen=True, slots=True)
class Walked:
    """An object of a walk: its key, and what is wrong with it; whether that may pass by itself."""

    key: str
    object: StoredObject
    problem: str = ""
    may_pass: bool = False

    @property
    def name(self) -> str:
        """Its name in the folder it lies in."""
        return self.object.name.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What its name ends with."""
        return f".{self.name.rpartition('.')[2].lower()}" if "." in self.name else ""

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture by its name."""
        return not self.object.is_folder and self.suffix in SUFFIXES

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive by its name."""
        return not self.object.is_folder and self.name.lower().endswith(TAR_SUFFIXES + ZIP_SUFFIXES)

    @property
    def is_described(self) -> bool:
        """Whether its size and version matter."""
        return self.is_picture or self.name in NAMES or is_sidecar(self.name, 0)


class RemoteWalk:
    """One walk below an address.

    Attributes:
        folders: What is in the folders that the walk is in.
        unread: Keys of folders that cannot be listed, with a slash behind.
        lacks_some: Whether what stands beside or above what is walked cannot be told just now.
    """

    def __init__(self, store: ObjectStore, address: str, start: str, left_out: LeftOut) -> None:
        """Set up.

        Args:
            store: Has it.
            address: Keys are below it.
            start: Walked is what lies below it, or itself.
            left_out: Tells by its key what is not looked at.

        """
        self.folders = WalkedFolders()
        self.unread: set[str] = set()
        self.lacks_some = False
        self._store, self._address, self._start, self._left_out = store, address, start, left_out
        self._askers: ThreadPoolExecutor | None = None

    def objects(self) -> Iterator[Walked]:
        """Yield what there is, as listings tell it.

        Raises:
            SourceError: There is nothing, or it cannot be listed.
        """
        try:
            listed = self._store.listed(self._start)
        except FileNotFoundError as error:
            raise SourceError(f"there is nothing at {self._start}") from error
        except OSError as error:
            raise SourceError(f"cannot read {self._start} ({error.strerror})") from error
        part = self._start[len(self._address) + 1 :]
        if [one.address for one in listed if not one.is_folder] == [self._start]:
            yield from self._one(Walked(part or listed[0].name, listed[0]))
        else:
            yield from self._walk(listed, f"{part}/" if part else "", 1)

    def described(self) -> Generator[Walked, None, None]:
        """Yield the same with sizes and versions, which the web tells one at a time."""
        with ThreadPoolExecutor(_AT_ONCE, "binocle-ask") as self._askers:
            self._enter_above()
            yield from self.objects()

    def _one(self, alone: Walked) -> Iterator[Walked]:
        """Yield the one object that was asked for; what may stand beside it is looked for."""
        if self._askers is not None and alone.is_picture:
            folder, _, name = self._start.rpartition("/")
            names = PictureNames([name])
            beside = [
                one
                for one in self._listed_or_nothing(folder)
                if one.name in NAMES or is_picture(one.name) or names.owners(one.name)
            ]
            pictures = [one for one in beside if is_picture(one.name) and one.name != name]
            others = [Walked(one.name, one) for one in beside if not is_picture(one.name)]
            (alone, *others) = self._with_facts([alone, *others])
            self.folders.enter([alone.object, *pictures, *(one.object for one in others)])
        yield alone

    def _enter_above(self) -> None:
        """Take in the tables of the folders above the one that is walked."""
        folder = self._start
        while len(folder) > len(self._address):
            folder = folder.rpartition("/")[0]
            listed = self._listed_or_nothing(folder)
            tables = [Walked(one.name, one) for one in listed if one.name in NAMES]
            told = self._with_facts(tables)
            self.folders.enter(one.object for one in told if one.may_pass or not one.problem)

    def _listed_or_nothing(self, folder: str) -> list[StoredObject]:
        prefix = f"{folder[len(self._address) + 1 :]}/".removeprefix("/")
        try:
            files = [one for one in self._store.listed(folder) if not one.is_folder]
        except OSError as error:
            self.lacks_some |= error.errno not in _NOT_FOR_US
            return []
        return [one for one in files if is_picture(one.name) or not self._is_out(prefix, one)]

    def _walk(self, listed: Sequence[StoredObject], prefix: str, depth: int) -> Iterator[Walked]:
        if ".nomedia" in {one.name for one in listed}:
            return
        kept = [
            Walked(prefix + one.name, one, one.problem)
            for one in listed
            if not self._is_out(prefix, one)
        ]
        if self._askers is not None:
            kept = self._with_facts(kept)
        hidden = {one.address for one in listed}.difference(one.object.address for one in kept)
        pictures = (one for one in listed if one.address in hidden and is_picture(one.name))
        entered = self.folders.enter([*(one.object for one in kept), *pictures])
        for one in kept:
            if one.object.is_folder:
                yield from self._walked_folder(one, depth)
            else:
                yield one
        self.folders.leave(entered)

    def _is_out(self, prefix: str, one: StoredObject) -> bool:
        if one.problem:
            return False
        is_hidden = any(map(is_systems, one.name.split("/")))
        return is_hidden or self._left_out.has(prefix + one.name, is_folder=one.is_folder)

    def _walked_folder(self, one: Walked, depth: int) -> Iterator[Walked]:
        try:
            if depth == _DEEPEST:
                raise OSError(0, f"it lies more than {_DEEPEST} folders deep")
            inside = self._store.listed(one.object.address)
        except OSError as error:
            self.unread.add(f"{one.key}/")
            problem = f"the folder cannot be read ({error.strerror})"
            yield Walked(f"{one.key}/", one.object, problem)
        else:
            yield from self._walk(inside, f"{one.key}/", depth + 1)

    def _with_facts(self, found: Sequence[Walked]) -> list[Walked]:
        assert self._askers is not None
        return list(self._askers.map(self._with_fact, found))

    def _with_fact(self, found: Walked) -> Walked:
        if found.object.is_folder or found.problem or not found.is_described:
            return found
        try:
            return replace(found, object=self._store.described(found.object))
        except OSError as error:
            problem = f"the file cannot be read ({error.strerror})"
            return replace(found, problem=problem, may_pass=error.errno != errno.ENOENT)
