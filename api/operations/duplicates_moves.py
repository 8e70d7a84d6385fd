"""A script that moves the copies that are not kept out of the way; running it is left to people."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from api.operations.plurals import counted
from indexer.sources.base import path_of
from search.copies.clusters import Member
from search.copies.duplicates import Duplicates

_EXACT = frozenset({"same-file", "same-pixels"})


def moves_of(found: Duplicates, folder: Path, *, exact_only: bool) -> str:
    """Return a POSIX shell script that moves copies into a folder, numbered, and deletes nothing.

    What lies in an archive or was uploaded is no file of its own, and named in a comment instead.
    So is a file that is the one kept under another name.

    Args:
        found: The clusters.
        folder: Where to.
        exact_only: Leave out what is not the same file or the same pixels.
    """
    chosen = [
        (cluster.keep, one)
        for cluster in found.clusters
        for one in cluster.spare
        if one.verdict in _EXACT or not exact_only
    ]
    lines = [
        "#!/bin/sh",
        f"# Moves {counted(len(chosen), 'picture')} that others are copies of into one folder;",
        "# nothing is deleted and nothing overwritten. Read it before you run it.",
        "set -u; failed=0",
        f"mkdir -p -- {shlex.quote(str(folder))} || exit 1",
        *(line for number, pair in enumerate(chosen, 1) for line in _move(*pair, folder, number)),
        "exit $failed",
    ]
    return "\n".join(lines) + "\n"


def _move(keep: Member, copy: Member, folder: Path, number: int) -> Iterator[str]:
    path, kept = path_of(copy.part.uri), path_of(keep.part.uri)
    yield _comment(f"{copy.verdict} of {keep.part.uri}: {copy.why}")
    if not path.is_absolute() or not path.is_file():
        yield _comment(f"no file of its own: {copy.part.uri}")
        return
    if kept.is_file() and path.samefile(kept):
        yield _comment(f"a link to what is kept: {copy.part.uri}")
        return
    target = folder / f"{number:05}-{path.name}"
    yield f"mv -n -- {shlex.quote(str(path))} {shlex.quote(str(target))} || failed=1"


def _comment(said: str) -> str:
    return "# " + said.replace("\n", " ").replace("\r", " ")
