"""A table of products or captions: CSV, TSV, JSON Lines or Parquet."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from binocle.catalog.text_rows import is_code
from binocle.errors import SourceError
from binocle.metadata.field_types import Reading
from binocle.types import MetadataValue, Skip
from indexer.sources.base import Candidate, ImageRef, TextRef, printable
from indexer.sources.cell_values import as_written, metadata_of, read_column, read_values, texts_in

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_ID_NAMES = ("id", "sku", "product_id", "asin", "uid")
_IMAGE_NAMES = (
    "image", "image_path", "img", "image_file", "picture", "photo", "filepath", "file_path",
    "filename", "file_name", "file", "path",
)  # fmt: skip
_TEXT_NAMES = (
    "caption", "captions", "title", "name", "product_name", "text", "description", "sentence",
)  # fmt: skip
_IMAGE_FOLDERS = ("", "images", "Images", "image", "photos", "pictures", "img")
_REMOTE = ("http://", "https://", "s3://", "gs://", "ftp://")
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


@dataclass(frozen=True, slots=True)
class ColumnRoles:
    """Which columns of a table mean what.

    Attributes:
        id: The record's id; rows that share it are one record.
        image: Picture paths.
        text: Texts to embed.
        image_root: Where relative picture paths start; None for the table's own folder.
    """

    id: str | None = None
    image: str | None = None
    text: tuple[str, ...] = ()
    image_root: Path | None = None

    @property
    def named(self) -> bool:
        """Whether any column was named."""
        return bool(self.id or self.image or self.text)


class TableSource:
    """The rows of a table, one record each, or one for all rows of the same id or picture."""

    kind = "table"

    def __init__(self, path: Path, columns: ColumnRoles) -> None:
        """Name a table by its absolute path."""
        self.path = path
        self._asked = columns
        self._groups: dict[str, list[int]] | None = None
        self._rows: Sequence[Row] = ()
        self._columns = columns
        self._declared: frozenset[str] = frozenset()
        self._readings: Mapping[str, Reading] = {}

    def declare(self, names: Iterable[str]) -> None:
        """Leave columns of declared types as they are written; the catalogue converts them."""
        self._declared = frozenset(names)

    def readings(self) -> Mapping[str, Reading]:
        """Return what the columns that nobody declared are.

        Raises:
            SourceError: The table cannot be read.
        """
        self._grouped()
        return self._readings

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the records the rows make; see ``Source.scan``."""
        groups = self._grouped()
        folders = _image_folders(self.path, self._columns.image_root)
        for key, numbers in groups.items():
            yield self._candidate(name, key, numbers, folders)

    def count(self) -> int:
        """Return how many records the rows make."""
        return len(self._grouped())

    def covers(self, key: str) -> bool:  # noqa: ARG002 - a scan sees the whole table
        """Return True."""
        return True

    def _grouped(self) -> dict[str, list[int]]:
        """Read the table and return its row numbers by record."""
        if self._groups is not None:
            return self._groups
        asked = self._asked
        plain = {name for name in (asked.id, asked.image, *asked.text) if name}
        table = read_table(self.path, declared=self._declared, plain=plain)
        self._rows, self._readings = table.rows, table.readings
        self._columns = resolve_columns(self._asked, table.names, self.path)
        groups: dict[str, list[int]] = {}
        key_column = self._columns.id or self._columns.image
        for number, row in enumerate(self._rows):
            cell = row.get(key_column) if key_column else None
            if isinstance(cell, list | tuple):
                cell = cell[0] if cell else None
            if isinstance(cell, Mapping):
                cell = cell.get("path")
            key = str(cell).strip() if isinstance(cell, str | int | float) else ""
            groups.setdefault(printable(key) or f"#{number + 1}", []).append(number)
        self._groups = groups
        return groups

    def _candidate(
        self, name: str, key: str, numbers: Sequence[int], folders: Sequence[Path]
    ) -> Candidate:
        rows = [self._rows[number] for number in numbers]
        columns = self._columns
        record_id = key if columns.id and not key.startswith("#") else f"{name}/{key}"
        row_uri = f"{printable(str(self.path))}#row={numbers[0] + 1}"
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps([columns.id, columns.image, columns.text]).encode())
        digest.update(json.dumps(rows, default=str, sort_keys=True).encode("utf-8", "replace"))
        role = columns.image or "image"
        embedded = [one for row in rows for one in _embedded(row.get(role))]
        images = [ImageRef(role, row_uri, partial(bytes, one), len(one)) for one in embedded]
        for cell in dict.fromkeys([] if embedded else _cells(rows, columns.image)):
            image, fingerprint = _image(cell, role, folders)
            digest.update(fingerprint.encode())
            images.append(image)
        texts = [
            TextRef(column, row_uri, text)
            for column in columns.text
            for text in dict.fromkeys(_cells(rows, column))
        ]
        skip = None
        if not images and not texts:
            wanted = ", ".join(filter(None, [columns.image, *columns.text]))
            skip = Skip("empty", f"the columns {wanted} are empty")
        return Candidate(
            key,
            digest.hexdigest(),
            record_id,
            images[0].uri if images else row_uri,
            self._metadata(rows),
            tuple(images),
            tuple(texts),
            skip,
        )

    def _metadata(self, rows: Sequence[Row]) -> dict[str, MetadataValue]:
        columns = self._columns
        left_out = {columns.id, columns.image}
        if len(rows) > 1:
            left_out.update(columns.text)  # of five captions none is the record's own
        merged: dict[str, MetadataValue] = {}
        for row in rows:
            values = {name: value for name, value in row.items() if name not in left_out}
            for name, value in metadata_of(values).items():
                merged.setdefault(name, value)
        return merged


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


def _is_plain(name: str, plain: Collection[str]) -> bool:
    """Tell whether a column holds ids, pictures, texts or codes, which no stray makes worse."""
    usual = (*_ID_NAMES, *_IMAGE_NAMES, *_TEXT_NAMES)
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


def resolve_columns(asked: ColumnRoles, names: Sequence[str], path: Path) -> ColumnRoles:
    """Check the columns asked for, or find them by their usual names.

    Raises:
        SourceError: A column is not there, or there is nothing to embed.
    """
    wanted = [asked.id, asked.image, *asked.text]
    for name in filter(None, wanted):
        if name not in names:
            raise SourceError(f"{path} has no column {name!r}; it has: {', '.join(names)}")
    id_column = asked.id or _first(_ID_NAMES, names)
    image, text = asked.image, asked.text
    if not image and not text:
        image = _first(_IMAGE_NAMES, names)
        text = tuple(name for name in names if name.lower() in _TEXT_NAMES)
    if not image and not text:
        raise SourceError(
            f"cannot tell which columns of {path} hold pictures or texts; name them with "
            f"--image-column or --text-column (columns: {', '.join(names)})"
        )
    return ColumnRoles(id_column, image, text, asked.image_root)


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


def _cells(rows: Sequence[Row], column: str | None) -> Iterator[str]:
    for row in rows:
        yield from texts_in(row.get(column)) if column else ()


def _embedded(cell: object) -> Iterator[bytes]:
    """Yield the pictures inside a cell: bytes, or the bytes and path that datasets keep."""
    if isinstance(cell, bytes):
        yield cell
    elif isinstance(cell, Mapping) and isinstance(cell.get("bytes"), bytes):
        yield cell["bytes"]
    elif isinstance(cell, list | tuple):
        for one in cell:
            yield from _embedded(one)


def _image_folders(table: Path, image_root: Path | None) -> list[Path]:
    """Return where to look for pictures: beside the table, then in the folders usual there."""
    if image_root is not None:
        return [image_root]
    return [table.parent / name for name in _IMAGE_FOLDERS if (table.parent / name).is_dir()]


def _image(cell: str, role: str, folders: Sequence[Path]) -> tuple[ImageRef, str]:
    """Return a picture and what tells whether it changed."""
    if cell.lower().startswith(_REMOTE):
        return ImageRef(role, cell, partial(_refuse_remote, cell)), "remote"
    for folder in folders:
        path = folder / Path(cell.removeprefix("file://")).expanduser()
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        uri = printable(str(path.absolute()))
        image = ImageRef(role, uri, partial(_read, path), status.st_size)
        return image, f"{status.st_size}:{status.st_mtime_ns}"
    path = folders[0] / cell
    return ImageRef(role, printable(str(path)), partial(_read, path)), "missing"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except ValueError as error:  # a NUL in the name
        raise OSError(str(error)) from error


def _refuse_remote(cell: str) -> bytes:
    raise OSError(f"{cell} is not on this machine; download it first")
