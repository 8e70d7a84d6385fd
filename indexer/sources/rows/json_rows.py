"""The rows of JSON Lines, and of a list in JSON; one that is no object costs only itself."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from binocle.errors import SourceError
from binocle.metadata.record_limits import MAX_FIELDS, problem_of_metadata
from binocle.types import Skip
from indexer.sources.cell_values import metadata_of
from indexer.sources.encodings import encoding_of
from indexer.sources.rows.long_lines import TOO_LONG, bounded_lines, bounded_texts, check_cells

_MAX_DEPTH = 50  # of lists and objects in each other
_MAX_COLUMNS = 10_000  # different names in all rows
_NEXT = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_LONG_BYTES = 64 * 1024  # what is longer is looked at as a whole before it is kept
# A text, or what begins as one; nothing of it is looked at twice.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


Rows: TypeAlias = tuple[Sequence[Mapping[str, Any]], Sequence[str], Mapping[int, Skip]]


def read_json_lines(path: Path, encoding: str | None = None) -> Rows:
    """Read JSON Lines, one row a line that is not blank.

    Args:
        path: Where they are.
        encoding: What they are in, where that was declared.

    Returns:
        The rows, the names of all fields, and what is wrong with some rows, by their places; these
        are empty.

    Raises:
        SourceError: There is more than may be held in memory.
        OSError: It cannot be read.
    """
    numbered = enumerate(_lines(path, encoding), 1)
    said = (
        (f"line {number}", *((None, TOO_LONG) if line is None else _row_of(line)))
        for number, line in numbered
        if line is None or line.strip()
    )
    return _gathered(path, said)


def read_json(path: Path, encoding: str | None = None) -> Rows:
    """Read a file of JSON: a list of rows, alone or as the one list of an object, or JSON Lines.

    Args:
        path: Where it is.
        encoding: What it is in, where that was declared.

    Returns:
        As ``read_json_lines``. Where the list is damaged, the rows before; the next one says so.

    Raises:
        SourceError: It has no such list, or more than may be held in memory.
        OSError: It cannot be read.
    """
    text = _text_of(path, encoding)
    if text[:1] == "[":
        return _gathered(path, _items(text))
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return read_json_lines(path, encoding)
    said = document.values() if isinstance(document, dict) else ()
    lists = [one for one in said if isinstance(one, list) and any(map(_is_object, one))]
    if len(lists) != 1:
        raise SourceError(
            f"{path} is no table: a file of JSON is a list of objects, or an object with one such "
            "list, or has an object a line"
        )
    return _gathered(path, _items(json.dumps(lists[0])))


def _gathered(
    path: Path, said: Iterable[tuple[str, Mapping[str, Any] | None, Skip | None]]
) -> Rows:
    """Return the rows of what is read one by one, each with its place or what is wrong with it."""
    rows: list[Mapping[str, Any]] = []
    names: dict[str, None] = {}
    problems: dict[int, Skip] = {}
    cells = 0
    for place, read, wrong in said:
        row, problem = read, wrong
        new = [name for name in row or () if name not in names]
        if len(names) + len(new) > _MAX_COLUMNS:
            reason = f"with it there are more different fields than the limit of {_MAX_COLUMNS:,}"
            problem = Skip("too-large", f"{reason}; make them values of one field")
            row, new = None, []
        if problem is not None:
            problems[len(rows)] = Skip(problem.code, f"{place}: {problem.message}")
        rows.append(row or {})
        names.update(dict.fromkeys(new))
        cells += len(row or ())
        check_cells(path, cells)
    return rows, list(names), problems


def _text_of(path: Path, encoding: str | None) -> str:
    known = encoding_of(path, encoding, may_have_zeros=True)
    return path.read_text(known, "replace").removeprefix("\ufeff").lstrip()


def _items(text: str) -> Iterator[tuple[str, Mapping[str, Any] | None, Skip | None]]:
    """Yield the objects of a list, up to where it is damaged."""
    place, number = 1, 0
    while (found := _NEXT.match(text, place)) and text[found.end() : found.end() + 1] != "]":
        place, number = found.end(), number + 1
        try:
            end = _DECODER.raw_decode(text, place)[1]
        except (ValueError, RecursionError) as error:
            reason = f"no JSON ({error}); what is behind it cannot be read"
            yield f"item {number}", None, Skip("unreadable", reason)
            return
        yield f"item {number}", *_row_of(text[place:end].encode("utf-8", "replace"))
        place = end


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _lines(path: Path, declared: str | None) -> Iterator[bytes | None]:
    """Yield the lines in UTF-8; None for one that is too long."""
    encoding = encoding_of(path, declared, may_have_zeros=True)
    if encoding in ("utf-8", "utf-8-sig"):
        yield from bounded_lines(path)
        return
    for line in bounded_texts(path, encoding):
        yield None if line is None else line.encode("utf-8", "replace")


def _row_of(line: bytes) -> tuple[Mapping[str, Any] | None, Skip | None]:
    """Return the object of a line, or why it is none."""
    if line.count(b"[") + line.count(b"{") > _MAX_DEPTH and _depth(line) > _MAX_DEPTH:
        return None, Skip("unreadable", f"it is nested deeper than {_MAX_DEPTH} levels; flatten it")
    try:
        row = json.loads(line.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        return None, Skip("unreadable", f"no JSON ({error})")
    if not isinstance(row, dict):
        return None, Skip("unreadable", "not a JSON object")
    if len(row) > MAX_FIELDS or len(line) > _LONG_BYTES or b"\\u" in line:
        problem = problem_of_metadata(metadata_of(row))
        if problem is not None:
            return None, problem
    return row, None


def _depth(line: bytes) -> int:
    """Return how deep brackets stand in each other, but for those within texts."""
    depth = deepest = 0
    for one in _TEXT.sub(b"", line):
        if one in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif one in b"]}":
            depth -= 1
    return deepest
