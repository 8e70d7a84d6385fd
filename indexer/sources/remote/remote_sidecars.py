"""What stands beside pictures in buckets and on the web, as it does in folders."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from indexer.sources.beside.folder_metadata import NAMES, FolderMetadata
from indexer.sources.beside.folder_sidecars import FileState, FolderSidecars
from indexer.sources.beside.sidecar_names import is_picture, is_sidecar
from indexer.sources.stores.object_store import StoredObject
from indexer.sources.stores.remote_file import remote_file

_AT_ONCE, _AHEAD = 16, 64


class WalkedFolders:
    """What a walk found in the folders that it is in, by their addresses."""

    def __init__(self) -> None:
        """Set up."""
        self._states: dict[str, dict[str, FileState]] = {}

    def enter(self, objects: Iterable[StoredObject]) -> list[str]:
        """Take in what is in a folder; return the folders that it is of, for ``leave``."""
        entered: dict[str, None] = {}
        for one in objects:
            folder, _, name = one.address.rpartition("/")
            size = one.size_bytes or 0  # the web does not tell all
            if is_picture(name) or name in NAMES or is_sidecar(name, size):
                state = FileState(size, f"{one.size_bytes}:{one.version}")
                self._states.setdefault(folder, {})[name] = state
                entered[folder] = None
        return list(entered)

    def leave(self, folders: Iterable[str]) -> None:
        """Forget folders."""
        for one in folders:
            self._states.pop(one, None)

    def of(self, folder: str) -> Mapping[str, FileState]:
        """Return the files of a folder that are pictures or may stand beside some."""
        return self._states.get(folder, {})


class RemoteSidecars(FolderSidecars):
    """The sidecars of the folders that a walk is in, several read at a time."""

    def __init__(
        self,
        walked: WalkedFolders,
        read: Callable[[str], bytes],
        encoding: str | None,
        knows: Callable[[str, str], bool],
    ) -> None:
        """Set up.

        Args:
            walked: What there is.
            read: Returns what lies at an address; may raise OSError.
            encoding: As for folders, and so are the others.
            knows: Likewise.
        """
        super().__init__(encoding=encoding, knows=knows)
        self._walked, self._read_at = walked, read

    def listed(self, folder: str) -> dict[str, FileState]:
        """Return the states of a folder's files; see ``FolderSidecars.listed``."""
        return {name: state for name, state in self._walked.of(folder).items() if name not in NAMES}

    def contents(
        self, folder: str, names: Sequence[str]
    ) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """Yield some files, while the next are read; see ``FolderSidecars.contents``."""
        waiting = iter(names)
        with ThreadPoolExecutor(_AT_ONCE, "binocle-beside") as readers:

            def begun(count: int) -> Iterator[tuple[str, Future[bytes]]]:
                for name in islice(waiting, count):
                    yield name, readers.submit(self._read_at, f"{folder}/{name}")

            ahead = deque(begun(_AHEAD))
            while ahead:
                name, content = ahead.popleft()
                yield name, content.result
                ahead.extend(begun(1))


class RemoteMetadata(FolderMetadata):
    """The tables of the folders that a walk is in; that all they name is there is not asked."""

    def __init__(self, root: str, walked: WalkedFolders, encoding: str | None) -> None:
        """Set up.

        Args:
            root: The address above which no table counts.
            walked: What there is.
            encoding: As for folders.
        """
        super().__init__(root, encoding=encoding)
        self._walked = walked

    def tables_in(self, folder: str) -> Iterator[Path]:
        """Yield the tables of a folder; see ``FolderMetadata.tables_in``."""
        there = self._walked.of(folder)
        return (remote_file(f"{folder}/{name}") for name in NAMES if name in there)

    def lacking(self, _path: Path, _names: Iterable[str]) -> list[str]:
        """Return nothing: each would be a request."""
        return []
