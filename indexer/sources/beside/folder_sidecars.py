"""What stands beside the pictures of folders, read as a walk comes through them."""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Sequence
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
    """The sidecars of a folder, what tells that they changed, and which of them are damaged."""

    sidecars: Sidecars
    stamps: dict[str, list[str]]
    problems: dict[str, Skip]


class FolderSidecars:
    """The sidecars of the folders that a walk comes through. Symbolic links are none."""

    def __init__(
        self,
        allowed: Sequence[Path] = (),
        encoding: str | None = None,
        is_left_out: Callable[[str], bool] = lambda _: False,
        *,
        only: str | None = None,
    ) -> None:
        """Set up.

        Args:
            allowed: Folders outside which nothing is read; see ``lies_within``.
            encoding: What texts without a mark are in, where it was declared.
            is_left_out: Tells which files are not looked at, by their paths.
            only: The name of the one picture that is asked for; of others no sidecar is read.
        """
        self._only = only
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
            if not folder.sidecars.owners(name):
                return candidate
            problem = folder.problems.get(printable(name))
            return None if problem is None else replace(candidate, skip=problem)
        if name not in folder.stamps:
            return candidate
        fingerprint = "|".join((candidate.fingerprint, *folder.stamps[name]))
        return replace(folder.sidecars.of(name).told(candidate), fingerprint=fingerprint)

    def _of(self, folder: str) -> _Folder:
        if folder not in self._folders:
            self._folders[folder] = self._read(folder)
            if len(self._folders) > _KEPT_FOLDERS:
                self._folders.popitem(last=False)
        self._folders.move_to_end(folder)
        return self._folders[folder]

    def _read(self, folder: str) -> _Folder:
        sidecars, states = Sidecars(self._encoding), self._listed(folder)
        pictures = [name for name in states if is_picture(name)]
        sidecars.see(pictures)
        stamps: dict[str, list[str]] = {}
        names = PictureNames(pictures)
        if pictures:
            for name, state in sorted(states.items()):
                is_asked = self._only is None or self._only in names.owners(name)
                if is_asked and is_sidecar(name, state.st_size):
                    read = partial(read_within, Path(folder, name), self._allowed)
                    sidecars.add(name, state.st_size, read)
        for name, state in sorted(states.items()):
            for owner in sidecars.owners(name):
                stamp = f"{printable(name)}:{state.st_size}:{state.st_mtime_ns}"
                stamps.setdefault(owner, []).append(stamp)
        return _Folder(sidecars, stamps, sidecars.problems())

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
