"""What stands beside the pictures of folders, read as a walk comes through them."""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from binocle.files import read_within
from binocle.types import Skip
from indexer.sources.base import Candidate, printable
from indexer.sources.beside.sidecar_names import (
    SIDECAR_SUFFIXES,
    PictureNames,
    is_picture,
    is_sidecar,
)
from indexer.sources.beside.sidecars import Sidecars

_KEPT_FOLDERS = 16  # a walk comes back to a folder after those in it


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of a folder: its length, and what tells that it changed."""

    size_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """The sidecars of a folder, what tells that they changed, and which of them are damaged.

    Where all is as it was they are not read, and only whose they are is known; nor are those of
    pictures that are as they were: unread are both. Doubtful are pictures of which one could not
    be read just now.
    """

    sidecars: Sidecars | None
    stamps: dict[str, list[str]]
    problems: dict[str, Skip]
    owned: frozenset[str]
    unread: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


class FolderSidecars:
    """The sidecars of the folders that a walk comes through. Symbolic links are none."""

    def __init__(
        self,
        allowed: Sequence[Path] = (),
        encoding: str | None = None,
        is_left_out: Callable[[str], bool] = lambda _: False,
        *,
        only: str | None = None,
        knows: Callable[[str, str], bool] = lambda _path, _fingerprint: False,
    ) -> None:
        """Set up.

        Args:
            allowed: Folders outside which nothing is read; see ``lies_within``.
            encoding: What texts without a mark are in, where it was declared.
            is_left_out: Tells which files are not looked at, by their paths.
            only: The name of the one picture that is asked for; of others no sidecar is read.
            knows: Tells by a file's path and fingerprint whether the collection has it so; of
                folders where it has all, no sidecar is read.
        """
        self._only = only
        self._knows = knows
        self._is_left_out = is_left_out
        self._allowed = allowed
        self._encoding = encoding
        self._folders: OrderedDict[str, _Folder] = OrderedDict()

    def told(self, candidate: Candidate, path: str) -> Candidate | None:
        """Return a file's candidate with what stands beside it; None for a sidecar.

        Args:
            candidate: Of the file; damaged sidecars keep one, which says what is wrong.
            path: Where it is.
        """
        parent, name = os.path.split(path)
        folder = self._of(parent)
        if not candidate.images:
            if name not in folder.owned:
                return candidate
            if folder.sidecars is None:
                return candidate if self._knows(path, candidate.fingerprint) else None
            if name in folder.unread and self._knows(path, candidate.fingerprint):
                return candidate  # it is damaged still
            problem = folder.problems.get(printable(name))
            return None if problem is None else replace(candidate, skip=problem)
        fingerprint = "|".join((candidate.fingerprint, *folder.stamps.get(name, ())))
        if folder.sidecars is None or name in folder.unread:
            if self._knows(path, fingerprint):
                return replace(candidate, fingerprint=fingerprint)
            folder = self._folders[parent] = self._look_at(parent, [name])
            fingerprint = "|".join((candidate.fingerprint, *folder.stamps.get(name, ())))
        assert folder.sidecars is not None
        if name not in folder.stamps:
            return candidate
        told = folder.sidecars.of(name).told(candidate)
        if name in folder.doubtful:  # what is known stays, what is new is tried again
            return replace(told, fingerprint="", is_partial=True)
        return replace(told, fingerprint=fingerprint)

    def _of(self, folder: str) -> _Folder:
        if folder not in self._folders:
            self._folders[folder] = self._look_at(folder)
            if len(self._folders) > _KEPT_FOLDERS:
                self._folders.popitem(last=False)
        self._folders.move_to_end(folder)
        return self._folders[folder]

    def _look_at(self, folder: str, changed: Sequence[str] = ()) -> _Folder:
        """Return a folder as it is now; of where the collection has all, nothing is read.

        Args:
            folder: Which one.
            changed: The names of pictures that were changed meanwhile.
        """
        states = self.listed(folder)
        owners = _owners_by_name(states)
        stamps = _stamps_of(states, owners)
        if self._only is not None:
            news = {self._only}
        else:
            news = {*changed, *(self._news(folder, states, stamps, owners) if owners else ())}
        if news or not owners:
            return self._read(folder, states, owners, news)
        owned = frozenset(name for name, several in owners.items() if several)
        return _Folder(None, stamps, {}, owned)

    def _news(
        self,
        folder: str,
        states: Mapping[str, FileState],
        stamps: Mapping[str, Sequence[str]],
        owners: Mapping[str, Sequence[str]],
    ) -> set[str]:
        """Return the pictures, and sidecars of nobody, that the collection has not so."""
        alone = [name for name, several in owners.items() if not several]
        return {
            name
            for name in (*filter(is_picture, states), *alone)
            if not self._knows(
                f"{folder}/{name}", "|".join((states[name].stamp, *stamps.get(name, ())))
            )
        }

    def _read(
        self,
        folder: str,
        states: Mapping[str, FileState],
        by_name: Mapping[str, Sequence[str]],
        news: set[str],
    ) -> _Folder:
        sidecars = Sidecars(self._encoding)
        sidecars.see(filter(is_picture, states))
        asked = [name for name, several in by_name.items() if news.intersection((name, *several))]
        unread = by_name.keys() - set(asked)
        failed: dict[str, Skip] = {}
        for name, read in self.contents(folder, asked):
            try:
                sidecars.add(name, states[name].size_bytes, partial(bytes, read()))
            except OSError as error:
                reason = f"the file cannot be read ({error.strerror or error})"
                failed[name] = Skip("unreadable-file", reason)
        owners = {**by_name, **{one: sidecars.owners(one) for one in asked if one not in failed}}
        return _Folder(
            sidecars,
            _stamps_of(states, owners),
            {**sidecars.problems(), **{printable(name): skip for name, skip in failed.items()}},
            frozenset(name for name, several in owners.items() if several),
            frozenset(chain.from_iterable((one, *by_name[one]) for one in unread)),
            frozenset(owner for name in failed for owner in by_name[name]),
        )

    def contents(
        self, folder: str, names: Sequence[str]
    ) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """Yield some files of a folder, each with what reads it; that may raise OSError."""
        for name in names:
            yield name, partial(read_within, Path(folder, name), self._allowed)

    def listed(self, folder: str) -> dict[str, FileState]:
        """Return the states of a folder's files, but for hidden ones."""
        try:
            with os.scandir(folder) as listing:
                names = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError:  # what cannot be read is told of by the walk
            return {}
        states = {}
        for entry in names:
            is_either = is_picture(entry.name) or entry.name.lower().endswith(SIDECAR_SUFFIXES)
            if is_either and (is_picture(entry.name) or not self._is_left_out(entry.path)):
                with suppress(OSError):  # it was removed just now
                    state = entry.stat(follow_symlinks=is_picture(entry.name))
                    if stat.S_ISREG(state.st_mode):
                        stamp = f"{state.st_size}:{state.st_mtime_ns}"
                        states[entry.name] = FileState(state.st_size, stamp)
        return states


def _owners_by_name(states: Mapping[str, FileState]) -> dict[str, list[str]]:
    """Return the sidecars of a folder, each with the pictures that its name says."""
    pictures = list(filter(is_picture, states))
    if not pictures:
        return {}
    names = PictureNames(pictures)
    return {
        name: names.owners(name)
        for name, state in sorted(states.items())
        if is_sidecar(name, state.size_bytes)
    }


def _stamps_of(
    states: Mapping[str, FileState], owners: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return for each picture what tells that its sidecars changed."""
    stamps: dict[str, list[str]] = {}
    for name, several in owners.items():
        stamp = f"{printable(name)}:{states[name].stamp}"
        for owner in several:
            stamps.setdefault(owner, []).append(stamp)
    return stamps
