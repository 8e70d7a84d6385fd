"""What stands beside the pictures of folders, read as a walk comes through them."""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
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
class _Folder:
    """The sidecars of a folder, what tells that they changed, and which of them are damaged.

    Where all is as it was they are not read, and only whose they are is known.
    """

    sidecars: Sidecars | None
    stamps: dict[str, list[str]]
    problems: dict[str, Skip]
    owned: frozenset[str]


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
            problem = folder.problems.get(printable(name))
            return None if problem is None else replace(candidate, skip=problem)
        fingerprint = "|".join((candidate.fingerprint, *folder.stamps.get(name, ())))
        if folder.sidecars is None:
            if self._knows(path, fingerprint):
                return replace(candidate, fingerprint=fingerprint)
            folder = self._folders[parent] = self._read(parent)  # it changed just now
            fingerprint = "|".join((candidate.fingerprint, *folder.stamps.get(name, ())))
        assert folder.sidecars is not None
        if name not in folder.stamps:
            return candidate
        return replace(folder.sidecars.of(name).told(candidate), fingerprint=fingerprint)

    def _of(self, folder: str) -> _Folder:
        if folder not in self._folders:
            self._folders[folder] = self._as_it_was(folder) or self._read(folder)
            if len(self._folders) > _KEPT_FOLDERS:
                self._folders.popitem(last=False)
        self._folders.move_to_end(folder)
        return self._folders[folder]

    def _as_it_was(self, folder: str) -> _Folder | None:
        """Return a folder of which the collection has all; None where something may be new."""
        states = self._listed(folder)
        pictures = [name for name in states if is_picture(name)]
        names = PictureNames(pictures)
        owners = {
            name: names.owners(name)
            for name, state in sorted(states.items())
            if is_sidecar(name, state.st_size)
        }
        stamps = _stamps_of(states, owners)
        alone = [name for name, several in owners.items() if not several]
        for name in (*pictures, *alone):
            state = states[name]
            own = f"{state.st_size}:{state.st_mtime_ns}"
            if not self._knows(f"{folder}/{name}", "|".join((own, *stamps.get(name, ())))):
                return None
        owned = frozenset(name for name, several in owners.items() if several)
        return _Folder(None, stamps, {}, owned)

    def _read(self, folder: str) -> _Folder:
        sidecars, states = Sidecars(self._encoding), self._listed(folder)
        pictures = [name for name in states if is_picture(name)]
        sidecars.see(pictures)
        names = PictureNames(pictures)
        if pictures:
            for name, state in sorted(states.items()):
                is_asked = self._only is None or self._only in names.owners(name)
                if is_asked and is_sidecar(name, state.st_size):
                    read = partial(read_within, Path(folder, name), self._allowed)
                    sidecars.add(name, state.st_size, read)
        owners = {name: sidecars.owners(name) for name in sorted(states)}
        owned = frozenset(name for name, several in owners.items() if several)
        return _Folder(sidecars, _stamps_of(states, owners), sidecars.problems(), owned)

    def _listed(self, folder: str) -> dict[str, os.stat_result]:
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
                        states[entry.name] = state
        return states


def _stamps_of(
    states: Mapping[str, os.stat_result], owners: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return for each picture what tells that its sidecars changed."""
    stamps: dict[str, list[str]] = {}
    for name, several in owners.items():
        stamp = f"{printable(name)}:{states[name].st_size}:{states[name].st_mtime_ns}"
        for owner in several:
            stamps.setdefault(owner, []).append(stamp)
    return stamps
