"""What of a folder or an archive is left out: by the caller, by ignore files, by its nature.

Patterns are those of ``.gitignore`` (https://git-scm.com/docs/gitignore): ``*.png``, ``drafts/``,
``/raw/**``, ``!keep.png``. A file ``.binocleignore`` counts for the folder it lies in and all
below; of several the nearest that says something decides, and what the caller says goes before all.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from binocle.errors import UsageError
from binocle.files import read_within

IGNORE_FILE = ".binocleignore"
# What storage systems keep beside a person's files: thumbnails, what was deleted, snapshots.
_OF_SYSTEMS = frozenset({"@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin"})
_MOST_BYTES = 1024 * 1024


def is_systems(name: str) -> bool:
    """Tell whether a file or folder of this name is a storage system's own, or hidden."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


class LeftOut:
    """Tells what is left out below a folder; an archive's members are below the empty one."""

    def __init__(
        self, root: str = "", patterns: Sequence[str] = (), *, allowed: Sequence[Path] = ()
    ) -> None:
        """Set up.

        Args:
            root: The folder that patterns start from.
            patterns: What the caller leaves out.
            allowed: Folders outside which no ignore file is read; see ``lies_within``.

        Raises:
            UsageError: A pattern means nothing.
        """
        self._start = len(root.rstrip("/")) + 1 if root else 0
        self._allowed = allowed
        self._patterns = checked_patterns(patterns)
        self._files: dict[str, GitIgnoreSpec] = {}
        self.problems: dict[str, str] = {}

    def enter(self, folder: str) -> None:
        """Read the ignore file of a folder, if it has one."""
        path = f"{folder}/{IGNORE_FILE}"
        try:
            if not os.path.lexists(path):
                return
            data = read_within(path, self._allowed)[:_MOST_BYTES]
        except OSError as error:
            self.problems[path] = f"{path} cannot be read ({error.strerror or error})"
            return
        kept = []
        for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
            try:
                kept += list(GitIgnoreSpec.from_lines([line]).patterns)
            except ValueError:
                self.problems[path] = f"{path}, line {number}: {line[:80]!r} is no pattern"
        self._files[folder[self._start :]] = GitIgnoreSpec(kept)

    def has(self, path: str, *, is_folder: bool = False) -> bool:
        """Tell whether a file or folder is left out.

        Args:
            path: Below the root, and as that is written.
            is_folder: What is in a folder that is left out is not looked at at all.
        """
        if not self._patterns and not self._files:
            return False
        name = path[self._start :] + "/" * is_folder
        if (said := self._patterns.check_file(name).include) is not None:
            return said
        nearest = sorted((one for one in self._files if name.startswith(_inside(one))), key=len)
        for folder in reversed(nearest):
            said = self._files[folder].check_file(name[len(_inside(folder)) :]).include
            if said is not None:
                return said
        return False


def checked_patterns(patterns: Sequence[str]) -> GitIgnoreSpec:
    """Return patterns as they match.

    Raises:
        UsageError: One means nothing.
    """
    for one in patterns:
        try:
            is_empty = not GitIgnoreSpec.from_lines([one]).patterns[0].regex
        except (ValueError, IndexError):
            is_empty = True
        if is_empty:
            raise UsageError(
                f"the pattern {one!r} leaves nothing out; write it as in .gitignore: '*.png', "
                "'drafts/', '!keep.png'"
            )
    return GitIgnoreSpec.from_lines(patterns)


def _inside(folder: str) -> str:
    return f"{folder}/" if folder else ""
