"""Lines of a text file, each within a limit: one that is longer costs only itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import AnyStr

from binocle.errors import SourceError
from binocle.types import Skip

MAX_LINE = 16 * 1024 * 1024  # bytes or characters; sixteen times the longest text a record may have
MAX_TABLE_BYTES = 4 * 1024**3  # tables and texts are held in memory while they are indexed
MAX_CELLS = 50_000_000  # a cell takes 60 bytes and more in memory
_DROPPED = 1024 * 1024

TOO_LONG = Skip(
    "too-large",
    f"it is longer than the limit of {MAX_LINE:,} characters, as when a quote is not closed; "
    "shorten or mend it",
)


def check_size(path: Path) -> None:
    """Refuse a file that is too large to be held in memory.

    Raises:
        SourceError: It is.
        OSError: It cannot be looked at.
    """
    size = path.stat().st_size
    if size > MAX_TABLE_BYTES:
        raise SourceError(
            f"{path} has {size:,} bytes, more than the limit of {MAX_TABLE_BYTES:,}; split it"
        )


def check_cells(path: Path, count: int) -> None:
    """Refuse a table that has too many cells to be held in memory.

    Raises:
        SourceError: It has.
    """
    if count > MAX_CELLS:
        raise SourceError(f"{path} has more cells than the limit of {MAX_CELLS:,}; split it")


def bounded_lines(path: Path) -> Iterator[bytes | None]:
    """Yield the lines of a file as they are; None for one that is too long.

    Raises:
        SourceError: It has more bytes than a file may have, as devices do that never end.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        read = _counted(path, file.readline)
        while line := read(MAX_LINE + 1):
            if len(line) <= MAX_LINE:
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = read(_DROPPED)
            yield None


def bounded_texts(path: Path, encoding: str) -> Iterator[str | None]:
    """Yield the lines of a text file, which end where a line feed is; None for one too long.

    Where there is none at all, lines end as on old Macs.

    Raises:
        SourceError: It has more characters than a file may have bytes.
        OSError: It cannot be read.
    """
    with path.open(encoding=encoding, errors="replace", newline="\n") as file:
        has_ends, read = False, _counted(path, file.readline)
        while line := read(MAX_LINE + 1):
            if len(line) <= MAX_LINE:
                has_ends = has_ends or line.endswith("\n")
                yield from [line] if has_ends else line.split("\r")
                continue
            has_ends = True
            while line and not line.endswith("\n"):
                line = read(_DROPPED)
            yield None


def _counted(path: Path, read: Callable[[int], AnyStr]) -> Callable[[int], AnyStr]:
    """Return what reads, and refuses to once it has read as much as a file may have."""
    total = 0

    def counting(size: int) -> AnyStr:
        nonlocal total
        found = read(size)
        total += len(found)
        if total > MAX_TABLE_BYTES:
            raise SourceError(
                f"{path} goes on beyond the limit of {MAX_TABLE_BYTES:,} bytes; split it"
            )
        return found

    return counting
