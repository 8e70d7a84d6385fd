"""Reading a table into memory: CSV, TSV, JSON Lines or Parquet, with typed values."""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binocle.catalog.text_rows import is_code
from binocle.errors import SourceError
from binocle.metadata.field_types import Reading
from indexer.sources.cell_values import as_written, read_column, read_values

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
ID_NAMES = ("id", "sku", "product_id", "asin", "uid")
IMAGE_NAMES = (
    "image", "image_path", "img", "image_file", "picture", "photo", "filepath", "file_path",
    "filename", "file_name", "file", "path",
)  # fmt: skip
TEXT_NAMES = (
    "caption", "captions", "title", "name", "product_name", "text", "description", "sentence",
)  # fmt: skip
_MAX_CELL_CHARACTERS = 16 * 1024 * 1024

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table in memory.

    Attributes:
        rows: Typed values by column.
        names: The columns.
        readings: What the columns are, but for those of ids, pictures and texts.
    """

    rows: Sequence[Row]
    names: Sequence[str]
    readings: Mapping[str, Reading]


def read_table(
    path: Path, *, declared: Collection[str] = (), plain: Collection[str] = ()
) -> SourceTable:
    """Read a whole table, with typed values.

    Args:
        path: Where it is.
        declared: Columns that a CSV keeps as they are written.
        plain: Columns of ids, pictures and texts; without those that are so by their name.

    Raises:
        SourceError: It cannot be read, or is in another format than its name says.
    """
    import pyarrow as pa

    suffix = path.suffix.lower()
    try:
        if suffix in (".parquet", ".jsonl", ".ndjson"):
            read = _read_parquet if suffix == ".parquet" else _read_json_lines
            rows, names = read(path)
            every = {
                name: read_values(row.get(name) for row in rows)
                for name in names
                if name not in declared and not _is_plain(name, plain)
            }
            return SourceTable(rows, names, {name: one for name, one in every.items() if one})
        return _read_csv(path, "\t" if suffix == ".tsv" else None, declared, plain)
    except OSError as error:
        raise SourceError(f"cannot read {path} ({error.strerror or error})") from error
    except (pa.ArrowException, csv.Error) as error:
        raise SourceError(f"{path} is damaged or no {suffix[1:]} table ({error})") from error


def read_row(path: Path, number: int) -> Row:
    """Return a row of a Parquet file, counted from 0; nothing for other tables.

    Raises:
        SourceError: The file cannot be read.
        IndexError: It has no such row.
    """
    if path.suffix.lower() != ".parquet":
        return {}
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if number < count:
                    row: Row = file.read_row_group(group).slice(number, 1).to_pylist()[0]
                    return row
                number -= count
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"cannot read {path} ({error})") from error
    raise IndexError(number)


def _is_plain(name: str, plain: Collection[str]) -> bool:
    """Tell whether a column holds ids, pictures, texts or codes, which no stray makes worse."""
    usual = (*ID_NAMES, *IMAGE_NAMES, *TEXT_NAMES)
    return name in plain or name.lower() in usual or is_code(name)


def _read_parquet(path: Path) -> tuple[list[Row], list[str]]:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    return list(table.to_pylist()), list(table.column_names)


def _read_json_lines(path: Path) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    names: dict[str, None] = {}
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceError(f"{path}, line {number}: no JSON ({error})") from error
            if not isinstance(row, dict):
                raise SourceError(f"{path}, line {number}: not a JSON object")
            rows.append(row)
            names.update(dict.fromkeys(row))
    return rows, list(names)


def _read_csv(
    path: Path, delimiter: str | None, declared: Collection[str], plain: Collection[str]
) -> SourceTable:
    """Read with the standard library: it takes ragged rows and stray quotes as they come."""
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    text = _decoded(path.read_bytes(), path)
    delimiter = delimiter or _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    if not any(names):
        raise SourceError(f"{path} is empty; its first line has to name the columns")
    cells = [row for row in reader if any(cell.strip() for cell in row)]
    parsed: dict[str, list[Any]] = {}
    readings: dict[str, Reading] = {}
    for place, name in enumerate(names):
        column = [row[place] if place < len(row) else "" for row in cells]
        if not name or name in parsed:
            continue
        if name in declared:
            parsed[name] = [as_written(cell) for cell in column]
            continue
        is_plain = _is_plain(name, plain)
        parse, reading = read_column(column, tolerant=not is_plain, decimal_commas=delimiter == ";")
        parsed[name] = [parse(cell) for cell in column]
        if reading is not None and not is_plain:
            readings[name] = reading
    rows: list[Row] = [
        dict(zip(parsed, values, strict=True)) for values in zip(*parsed.values(), strict=True)
    ]
    return SourceTable(rows, list(parsed), readings)


def _decoded(data: bytes, path: Path) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise SourceError(f"{path} is a binary file, not a text table")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    first_line = text.split("\n", 1)[0]
    return max(",;\t|", key=first_line.count)
