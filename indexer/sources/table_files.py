"""Reading a table into memory: CSV, TSV, JSON (Lines) or Parquet, with typed values."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from binocle.catalog.text_rows import is_code
from binocle.errors import SourceError
from binocle.metadata.field_types import Reading
from binocle.types import Skip
from indexer.sources.cell_values import as_written, read_column, read_values
from indexer.sources.rows.csv_rows import read_rows
from indexer.sources.rows.json_rows import read_json, read_json_lines
from indexer.sources.rows.long_lines import check_size
from indexer.sources.rows.parquet_rows import as_arrow_reads, read_parquet

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
ID_NAMES = ("id", "sku", "product_id", "asin", "uid")
IMAGE_NAMES = (
    "image", "image_path", "img", "image_file", "picture", "photo", "filepath", "file_path",
    "filename", "file_name", "file", "path",
)  # fmt: skip
TEXT_NAMES = (
    "caption", "captions", "title", "name", "product_name", "text", "description", "sentence",
)  # fmt: skip

_OTHERS = {  # files that exports and mail give the name of a table
    b"PK\x03\x04": "a ZIP archive, as a workbook of Excel is",
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel",
    b"\x1f\x8b": "compressed with gzip",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table in memory.

    Attributes:
        rows: Typed values by column.
        names: The columns.
        readings: What the columns are, but for those of ids, pictures and texts.
        problems: Why rows cannot be read, by their places; these are empty.
    """

    rows: Sequence[Row]
    names: Sequence[str]
    readings: Mapping[str, Reading]
    problems: Mapping[int, Skip] = field(default_factory=dict)


def read_table(
    path: Path,
    *,
    declared: Collection[str] = (),
    plain: Collection[str] = (),
    encoding: str | None = None,
) -> SourceTable:
    """Read a whole table, with typed values.

    Args:
        path: Where it is.
        declared: Columns that a CSV keeps as they are written.
        plain: Columns of ids, pictures and texts; without those that are so by their name.
        encoding: What a CSV or JSON Lines are in, where that was declared.

    Raises:
        SourceError: It cannot be read, or is in another format than its name says.
    """
    import pyarrow as pa

    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return _with_readings(*read_parquet(path), {*declared, *plain})
        check_size(path)
        if suffix in (".jsonl", ".ndjson"):
            return _with_readings(*read_json_lines(path, encoding), {*declared, *plain})
        if suffix == ".json":
            return _with_readings(*read_json(path, encoding), {*declared, *plain})
        return _read_csv(path, "\t" if suffix == ".tsv" else None, declared, plain, encoding)
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
        with pyarrow.parquet.ParquetFile(as_arrow_reads(path)) as file:
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


def _with_readings(
    rows: Sequence[Row], names: Sequence[str], problems: Mapping[int, Skip], left: Collection[str]
) -> SourceTable:
    """Return a table of typed values with what its columns are, but for those left out."""
    columns: dict[str, list[object]] = {
        name: [] for name in names if name not in left and not _is_plain(name, ())
    }
    for row in rows:
        for name, value in row.items():
            if name in columns and value is not None:
                columns[name].append(value)
    every = {name: read_values(values) for name, values in columns.items()}
    readings = {name: one for name, one in every.items() if one}
    return SourceTable(rows, names, readings, problems)


def _refuse_others(path: Path) -> None:
    """Raise SourceError for what only its name makes a table of text."""
    with path.open("rb") as file:
        start = file.read(8)
    kind = next((kind for magic, kind in _OTHERS.items() if start.startswith(magic)), None)
    if kind is not None:
        suffix = path.suffix.lower()
        raise SourceError(
            f"{path} is {kind}, whatever its name says; save its table as {suffix}, or name it "
            "by what it is"
        )


def _read_csv(
    path: Path,
    delimiter: str | None,
    declared: Collection[str],
    plain: Collection[str],
    encoding: str | None,
) -> SourceTable:
    """Read with the standard library: it takes ragged rows and stray quotes as they come."""
    _refuse_others(path)
    usual = (*ID_NAMES, *IMAGE_NAMES, *TEXT_NAMES)
    lines, problems, delimiter = read_rows(path, delimiter, encoding, usual)
    names = [name.strip() for name in lines[0]] if lines else []
    if not any(names):
        raise SourceError(f"{path} is empty; its first line has to name the columns")
    cells = lines[1:]
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
        parse, reading = read_column(column, tolerant=not is_plain, decimal_commas=delimiter != ",")
        parsed[name] = [parse(cell) for cell in column]
        if reading is not None and not is_plain:
            readings[name] = reading
    rows: list[Row] = [
        dict(zip(parsed, values, strict=True)) for values in zip(*parsed.values(), strict=True)
    ]
    rows_without = {place - 1: problem for place, problem in problems.items()}
    return SourceTable(rows, list(parsed), readings, rows_without)
