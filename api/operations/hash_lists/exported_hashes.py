"""The hashes of a collection's pictures as a list that others can take: CSV, or a hash a line."""

import csv
import io
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from api.operations.duplicates_report import as_cell
from api.operations.hash_lists.kept_lists import OwnHash

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ExportedHashes:
    """A list that was written to a file without a name, which goes when this does.

    Attributes:
        descriptor: Of the file with the list; closed when this goes.
        written: How many pictures are in it.
        lost: Which are not, as they cannot be read.
    """

    descriptor: int
    written: int
    lost: tuple[OwnHash, ...]

    @property
    def size_bytes(self) -> int:
        """How large the list is."""
        return os.fstat(self.descriptor).st_size

    def pieces(self) -> Iterator[bytes]:
        """Yield the list; several may read it at once."""
        place = 0
        while piece := os.pread(self.descriptor, _PIECE, place):
            yield piece
            place += len(piece)


def write_hashes(
    lines: TextIO, own: Iterable[OwnHash], *, plain: bool
) -> tuple[int, list[OwnHash]]:
    """Write hashes as they come.

    Args:
        lines: Where to.
        own: Pictures and their hashes.
        plain: Hashes only, a line each: no heading, no quality, no id.

    Returns:
        How many were written, and what has no hash.
    """
    writer, lost, written = csv.writer(lines, lineterminator="\n"), [], 0
    if not plain:
        writer.writerow(("hash", "quality", "id"))
    for one in own:
        if isinstance(one.hash, str):
            lost.append(one)
            continue
        written += 1
        if plain:
            writer.writerow((one.hash.text,))
        else:
            writer.writerow((one.hash.text, one.hash.quality, as_cell(one.record_id)))
    return written, lost


def exported(own: Iterable[OwnHash]) -> ExportedHashes:
    """Write hashes, with qualities and ids, to a file without a name.

    Raises:
        OSError: It cannot be written.
    """
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
        written, lost = write_hashes(text, own, plain=False)
        text.detach()
        file.flush()
        found = ExportedHashes(os.dup(file.fileno()), written, tuple(lost))
    weakref.finalize(found, os.close, found.descriptor)
    return found
