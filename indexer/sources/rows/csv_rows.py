"""The rows of a CSV, whatever its encoding and delimiter; ragged ones come as they are."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from binocle.errors import SourceError
from binocle.types import Skip
from indexer.sources.rows.long_lines import MAX_LINE, TOO_LONG, check_cells

_PIECE_BYTES = 1024 * 1024
_OPEN_QUOTE = Skip("unreadable", "a quote in it is not closed; close it, or write it twice")


class _RowTooLongError(Exception):
    pass


class _RowLines(Iterator[str]):
    """The lines of a file for a reader of rows, which may take those of a row again.

    Attributes:
        number: Of the line that a row began with, from 1.
        is_at_end: Whether the file ended while a row was read.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._taken = 0  # characters of the row
        self.number = 1
        self.is_at_end = False

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._file.readline(MAX_LINE + 1)
        if not line:
            self.is_at_end = True
            raise StopIteration
        self._row.append(line)
        self._taken += len(line)
        if self._taken > MAX_LINE:
            while line and not line.endswith(("\n", "\r")):
                line = self._file.readline(_PIECE_BYTES)
            raise _RowTooLongError
        return line

    def begin(self, *, again: bool = False) -> None:
        """Begin a row: behind the last one, or with the second line of that ``again``."""
        self.number += 1 if again else len(self._row)
        if again:
            self._again.extendleft(reversed(self._row[1:]))
        self._row, self._taken, self.is_at_end = [], 0, False

    def has_open_quote(self) -> bool:
        """Tell whether the file has ended within quotes."""
        return self.is_at_end and sum(line.count('"') for line in self._row) % 2 == 1


def read_rows(
    path: Path, delimiter: str | None
) -> tuple[Sequence[Sequence[str]], Mapping[int, Skip], str]:
    """Read a CSV.

    Args:
        path: Where it is.
        delimiter: Between cells; None to tell from the first line.

    Returns:
        The rows that are not blank, the first with the columns' names; what is wrong with some, by
        their places, which are empty; the delimiter.

    Raises:
        SourceError: It is no text, or has too many cells.
        OSError: It cannot be read.
    """
    csv.field_size_limit(MAX_LINE + 1)
    rows: list[list[str]] = []
    problems: dict[int, Skip] = {}
    count = 0
    with path.open(encoding=_encoding_of(path), errors="replace", newline="") as file:
        if delimiter is None:
            first_line = file.readline(MAX_LINE).split("\n", 1)[0]
            delimiter = max(",;\t|", key=first_line.count)
            file.seek(0)
        lines = _RowLines(file)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            problem: Skip | None = None
            try:
                row = next(reader)
            except StopIteration:
                return rows, problems, delimiter
            except _RowTooLongError:
                row, problem = [], TOO_LONG
            else:
                if lines.has_open_quote():
                    problem = _OPEN_QUOTE
            if problem is not None:
                reason = f"line {lines.number}: {problem.message}"
                problems[len(rows)] = Skip(problem.code, reason)
                row = []
            if problem is not None or not rows or any(cell.strip() for cell in row):
                rows.append(row)
                count += len(row)
                check_cells(path, count)
            lines.begin(again=problem is not None)


def _encoding_of(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        piece = file.read(_PIECE_BYTES)
        if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\x00" in piece[:4096]:
            raise SourceError(f"{path} is a binary file, not a text table")
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(_PIECE_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
