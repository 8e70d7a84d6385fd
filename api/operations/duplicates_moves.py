"""A script that moves the copies that are not kept out of the way; running it is left to people."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from api.operations.plurals import counted
from search.copies.clusters import Member
from search.copies.duplicates import Duplicates

_EXACT = frozenset({"same-file", "same-pixels"})


def moves_of(found: Duplicates, folder: Path, *, exact_only: bool) -> str:
    """Return a POSIX shell script that moves copies into a folder, numbered, and deletes nothing.

    What lies in an archive or was uploaded is no file of its own, and named in a comment instead.

    Args:
        found: The clusters.
        folder: Where to.
        exact_only: Leave out what is not the same file or the same pixels.
    """
    chosen = [
        (cluster.keep, one)
        for cluster in found.clusters
        for one in cluster.others
        if one.verdict in _EXACT or not exact_only
    ]
    lines = [
        "#!/bin/sh",
        f"# Moves {counted(len(chosen), 'picture')} that others are copies of into one folder;",
        "# nothing is deleted and nothing overwritten. Read it before you run it.",
        "set -eu",
        f"mkdir -p -- {shlex.quote(str(folder))}",
        *(line for number, pair in enumerate(chosen, 1) for line in _move(*pair, folder, number)),
    ]
    return "\n".join(lines) + "\n"


def _move(keep: Member, copy: Member, folder: Path, number: int) -> Iterator[str]:
    path = Path(copy.part.uri)
    said = f"{copy.verdict} of {keep.part.uri}: {copy.why}"
    yield "# " + said.replace("\n", " ").replace("\r", " ")
    if not path.is_absolute() or not path.is_file():
        yield "# no file of its own: " + copy.part.uri.replace("\n", " ").replace("\r", " ")
        return
    target = folder / f"{number:05}-{path.name}"
    yield f"mv -n -- {shlex.quote(str(path))} {shlex.quote(str(target))}"
