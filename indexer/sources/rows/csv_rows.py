"""The rows of a CSV, whatever its encoding and delimiter.

Rows may be short. One of more cells than the first line has names is read where it can only mean
one thing, and else is none: whatever stands in it may stand in another column.
"""

import csv
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from binocle.types import Skip
from indexer.sources.encodings import encoding_of
from indexer.sources.rows.long_lines import MAX_LINE, TOO_LONG, check_cells

_PIECE_BYTES = 1024 * 1024
_MOST_ABOVE = 20  # lines of a report before its table
_OPEN_QUOTE = Skip("unreadable", "a quote in it is not closed; close it, or write it twice")


_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')


class _RowTooLongError(Exception):
    pass


class _RowLines(Iterator[str]):
    """The lines of a file for a reader of rows, which may take those of a row again.

    Attributes:
        number: Of the line that a row began with, from 1.
        is_at_end: Whether the file ended while a row was read.
    """

    def __init__(self, file: TextIO, number: int) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._taken = 0  # characters of the row
        self.number = number
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

    def has_open_quote(self, delimiter: str, width: int) -> bool:
        """Tell whether the file has ended within quotes, or those of a later row closed them.

        Behind these stands no delimiter, and lines between are rows of as many cells as others.
        """
        if self.is_at_end and sum(line.count('"') for line in self._row) % 2 == 1:
            return True
        if len(self._row) < 2 or width < 2:
            return False
        try:
            deque(csv.reader(self._row, delimiter=delimiter, strict=True), maxlen=0)
        except csv.Error:
            return any(len(row) == width for row in csv.reader(self._row[1:], delimiter=delimiter))
        return False


def read_rows(
    path: Path,
    delimiter: str | None,
    encoding: str | None = None,
    usual: Collection[str] = (),
) -> tuple[Sequence[Sequence[str]], Mapping[int, Skip], str]:
    """Read a CSV.

    Args:
        path: Where it is.
        delimiter: Between cells; None to tell from the first line.
        encoding: What it is in, where that was declared.
        usual: Names of columns that tables have, in lower case. Where lines of a report's title
            or comments stand above the first line with one of them, these are passed over.

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
    wide: dict[int, int] = {}
    count = 0
    with path.open(encoding=encoding_of(path, encoding), errors="replace", newline="") as file:
        above, delimiter = _first_line(file, delimiter, usual)
        lines = _RowLines(file, above + 1)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            problem: Skip | None = None
            try:
                row = next(reader)
            except StopIteration:
                problems |= _fit(rows, wide, delimiter)
                return rows, problems, delimiter
            except _RowTooLongError:
                row, problem = [], TOO_LONG
            else:
                if lines.has_open_quote(delimiter, len(rows[0]) if rows else 0):
                    problem = _OPEN_QUOTE
            if problem is not None:
                problems[len(rows)] = _at(lines.number, problem)
                row = []
            if rows and len(row) > len(rows[0]) and any(map(str.strip, row[len(rows[0]) :])):
                wide[len(rows)] = lines.number
            if problem is not None or not rows or any(cell.strip() for cell in row):
                rows.append(row)
                count += len(row)
                check_cells(path, count)
            lines.begin(again=problem is not None)


def _fit(rows: list[list[str]], wide: Mapping[int, int], delimiter: str) -> dict[int, Skip]:
    """Have rows of more cells than names fit, where it is clear how; empty the others.

    R writes names of rows without one for their column, so that each has one cell more. Where a
    table is of texts only, or of names and texts, the rest of the text stands in the further cells.

    Args:
        rows: All, the first with the names.
        wide: The places of such rows, with the lines they begin in.
        delimiter: Between cells.

    Returns:
        What is wrong with those that were emptied.
    """
    width = len(rows[0]) if rows else 0
    others = [row for place, row in enumerate(rows[1:], 1) if row and place not in wide]
    if wide and not others and all(len(rows[place]) == width + 1 for place in wide):
        rows[0].insert(0, "")
        return {}
    problems: dict[int, Skip] = {}
    for place, line in wide.items():
        if width <= 2:
            row = rows[place]
            rows[place] = [*row[: width - 1], delimiter.join(row[width - 1 :])]
            continue
        reason = (
            f"it has {len(rows[place])} cells, and the table {width} columns; put a cell with "
            f"{delimiter!r} in it between quotes"
        )
        problems[place] = _at(line, Skip("unreadable", reason))
        rows[place] = []
    return problems


def _at(line: int, problem: Skip) -> Skip:
    return Skip(problem.code, f"line {line}: {problem.message}")


def _first_line(file: TextIO, delimiter: str | None, usual: Collection[str]) -> tuple[int, str]:
    """Go to the line with the names; return how many are above it, and what is between cells."""
    first_line = file.readline(MAX_LINE)
    above = _lines_above(file, first_line, delimiter, usual)
    if hint := _SEPARATOR.fullmatch(first_line.strip("\ufeff\r\n")):  # Excel's
        above, delimiter = 1, hint[1]
    _pass_over(file, above)
    delimiter = delimiter or _delimiter_of(file.readline(MAX_LINE))
    _pass_over(file, above)
    return above, delimiter


def _pass_over(file: TextIO, count: int) -> None:
    """Go to behind the first lines."""
    file.seek(0)
    for _ in range(count):
        file.readline(MAX_LINE)


def _lines_above(
    file: TextIO, first_line: str, delimiter: str | None, usual: Collection[str]
) -> int:
    """Return how many lines stand above that of the columns' names."""
    if _has_usual(first_line, delimiter, usual) or _cells_of(first_line, delimiter) > 1:
        return 0
    for number in range(1, _MOST_ABOVE):
        line = file.readline(MAX_LINE)
        if _cells_of(line, delimiter) > 1:
            return number if _has_usual(line, delimiter, usual) else 0
    return 0


def _cells_of(line: str, delimiter: str | None) -> int:
    """Return how many cells of a line say something."""
    cells = next(csv.reader([line], delimiter=delimiter or _delimiter_of(line)), [])
    return sum(bool(cell.strip()) for cell in cells)


def _has_usual(line: str, delimiter: str | None, usual: Collection[str]) -> bool:
    cells = next(csv.reader([line], delimiter=delimiter or _delimiter_of(line)), [])
    return any(cell.strip(" \ufeff").lower() in usual for cell in cells)


def _delimiter_of(first_line: str) -> str:
    """Return what stands most often between the names of columns, but for within quotes."""
    bare = _QUOTED.sub("", first_line)
    return max(",;\t|", key=bare.count)
