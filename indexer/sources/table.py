"""A table of products or captions: CSV, TSV, JSON, JSON Lines or Parquet."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote

from binocle.errors import SourceError
from binocle.metadata.field_types import Reading
from binocle.metadata.markup import without_markup
from binocle.types import MetadataValue, Skip
from indexer.sources.base import (
    Below,
    Candidate,
    ImageRef,
    Knows,
    Source,
    TextRef,
    gone,
    path_of,
    printable,
    read_file,
)
from indexer.sources.cell_values import merged, metadata_of, texts_in
from indexer.sources.picture_cells import UNREACHABLE, PictureCells, embedded
from indexer.sources.remote.asked_ahead import asked_ahead
from indexer.sources.remote.web_pictures import by_storable_name
from indexer.sources.stores.remote_file import file_at
from indexer.sources.table_files import (
    ID_NAMES,
    IMAGE_NAMES,
    SUFFIXES,
    TEXT_NAMES,
    Row,
    SourceTable,
    read_row,
    read_table,
)
from indexer.sources.usual_columns import column_of, first_of, pictures_among

_ROW = "#row="


@dataclass(frozen=True, slots=True)
class ColumnRoles:
    """Which columns of a table mean what.

    Attributes:
        id: The record's id; rows that share it are one record.
        image: Picture paths.
        text: Texts to embed.
        image_root: Where relative picture paths start; None for the table's own folder.
        encoding: What texts without a mark are in, of tables and others; None to tell by them.
    """

    id: str | None = None
    image: str | None = None
    text: tuple[str, ...] = ()
    image_root: Path | None = None
    encoding: str | None = None

    @property
    def named(self) -> bool:
        """Whether any column was named."""
        return bool(self.id or self.image or self.text)


class TableSource(Source):
    """The rows of a table, one record each, or one for all rows of the same id or picture."""

    kind = "table"

    def __init__(
        self,
        path: Path,
        columns: ColumnRoles,
        *,
        allowed: Sequence[Path] = (),
        fetch: bool = False,
    ) -> None:
        """Name a table.

        Args:
            path: Its absolute path.
            columns: What its columns mean.
            allowed: Folders outside which it may name no picture; see ``PictureCells``.
            fetch: Whether it may name pictures elsewhere; likewise.
        """
        self.path = path
        self._allowed, self._fetch = allowed, fetch
        self._knows: Knows = lambda _key, _fingerprint: False
        self._asked = self._columns = columns
        self._groups: dict[str, list[int]] | None = None
        self._rows: Sequence[Row] = ()
        self._problems: Mapping[int, Skip] = {}
        self._declared: Collection[str] = ()
        self._readings: Mapping[str, Reading] = {}

    @classmethod
    def of(cls, uri: str) -> "TableSource | None":
        """Return the table that a row's uri names; None where it is no row's."""
        path, mark, _ = uri.rpartition(_ROW)
        is_row = mark and path.lower().endswith(SUFFIXES)
        return cls(file_at(path), ColumnRoles()) if is_row else None

    def readings(self, declared: Callable[[], Collection[str]]) -> Mapping[str, Reading]:
        """Return what the columns that nobody declared are; see ``Source.readings``."""
        self._declared = declared()
        self._grouped()
        return self._readings

    def warnings(self) -> Sequence[str]:
        """Tell of ids that several rows have, which differ in more than texts and pictures."""
        column = self._columns.id
        ids = [
            key
            for key, numbers in self._grouped().items()
            if len(numbers) > 1 and column and self._differ([self._rows[one] for one in numbers])
        ]
        if not ids:
            return ()
        times = "twice" if (n := len(self._grouped()[ids[0]])) == 2 else f"{n:,} times"
        more = f" and {len(ids) - 1:,} more ids several times" if len(ids) > 1 else ""
        told = (
            f"{self.path.name}: id {ids[0]} {times}{more}, in the column {column!r}; the rows of "
            "an id are one record, where they differ it has a list of their values"
        )
        return (told,)

    def _differ(self, rows: Sequence[Row]) -> bool:
        """Tell whether rows say different things beside their texts and pictures."""
        others = {self._columns.id, self._columns.image, *self._columns.text}
        said = [
            metadata_of({name: row[name] for name in row if name not in others}) for row in rows
        ]
        return any(one != said[0] for one in said)

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the records the rows make; see ``Source.scan``."""
        groups = self._grouped()
        root = self._columns.image_root
        pictures = PictureCells(self.path, root, self._allowed, fetch=self._fetch)
        if not pictures.may_be_elsewhere:
            yield from (self._candidate(name, pictures, one) for one in groups.items())
            return
        yield from asked_ahead(
            groups.items(), partial(self._candidate, name, pictures), self._knows
        )

    def remember(self, knows: Knows, _below: Below) -> None:
        """Be told what the collection has; see ``Source.remember``."""
        self._knows = knows

    def count(self) -> int:
        """Return how many records the rows make."""
        return len(self._grouped())

    def covers(self, _key: str, /) -> bool:
        """Tell whether all rows could be read: what one that cannot was, nobody can tell."""
        return not self._problems

    def open(self, uri: str) -> bytes:
        """Return a picture again, from its file or out of its row; see ``Source.open``."""
        if not uri.startswith(self._row_uri()):
            return read_file(uri)
        number, place, column = (*uri.removeprefix(self._row_uri()).split(","), "", "")[:3]
        try:
            cells = read_row(self.path, int(number) - 1)
            name = unquote(column) or self._asked.image or column_of(cells) or ""
            return list(embedded(cells.get(name)))[int(place or 1) - 1]
        except (SourceError, ValueError, IndexError) as error:
            raise gone() from error

    def file_of(self, uri: str) -> Path | None:
        """Return the file of a picture that is not inside the table."""
        return None if uri.startswith(self._row_uri()) else path_of(uri)

    def _row_uri(self, number: int | str = "") -> str:
        return f"{printable(str(self.path))}{_ROW}{number}"

    def read(self) -> SourceTable:
        """Return its rows; raises SourceError where it cannot be read."""
        roles = self._asked
        plain = {name for name in (roles.id, roles.image, *roles.text) if name}
        return read_table(self.path, declared=self._declared, plain=plain, encoding=roles.encoding)

    def _grouped(self) -> dict[str, list[int]]:
        """Read the table and return its row numbers by record."""
        if self._groups is not None:
            return self._groups
        table = self.read()
        self._rows, self._readings, self._problems = table.rows, table.readings, table.problems
        self._columns = resolve_columns(self._asked, table.names, self.path, table.rows)
        groups: dict[str, list[int]] = {}
        key_column = self._columns.id or self._columns.image
        for number, row in enumerate(self._rows):
            cell = row.get(key_column) if key_column else None
            if isinstance(cell, list | tuple):
                cell = cell[0] if cell else None
            if isinstance(cell, Mapping):
                cell = cell.get("path")
            if number in self._problems:
                cell = None
            key = printable(str(cell).strip()) if isinstance(cell, str | int | float) else ""
            groups.setdefault(key or f"#{number + 1}", []).append(number)
        self._groups = groups if self._columns.id else by_storable_name(groups)
        return self._groups

    def _candidate(
        self, name: str, pictures: PictureCells, group: tuple[str, Sequence[int]]
    ) -> Candidate:
        key, numbers = group
        rows, columns = [self._rows[number] for number in numbers], self._columns
        record_id = key if columns.id and not key.startswith("#") else f"{name}/{key}"
        row_uri = self._row_uri(numbers[0] + 1)
        said = json.dumps([columns.id, columns.image, columns.text])
        digest = hashlib.blake2b(said.encode(), digest_size=16)
        digest.update(json.dumps(rows, default=str, sort_keys=True).encode("utf-8", "replace"))
        role = columns.image or "image"
        images = list(self._embedded_images(role, numbers))
        cells = [] if images else _cells(rows, columns.image)
        found = [pictures.find(cell, role) for cell in pictures.names_of(cells)]
        for image, fingerprint in found:
            digest.update(fingerprint.encode())
            images.append(image)
        texts = [
            TextRef(column, row_uri, text)
            for column in columns.text
            for text in dict.fromkeys(map(without_markup, _cells(rows, column)))
        ]
        skip = self._problems.get(numbers[0])
        if skip is None and not images and not texts:
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
            is_partial=any(fingerprint == UNREACHABLE for _, fingerprint in found),
        )

    def _embedded_images(self, role: str, numbers: Sequence[int]) -> Iterator[ImageRef]:
        for number in numbers:
            row = self._rows[number]
            for place, picture in enumerate(embedded(row.get(role)), 1):
                where = str(number + 1) if place == 1 else f"{number + 1},{place}"
                if column_of(row) != role:
                    where = f"{number + 1},{place},{quote(role, safe='')}"
                uri = self._row_uri(where)
                yield ImageRef(role, uri, partial(bytes, picture), len(picture))

    def _metadata(self, rows: Sequence[Row]) -> dict[str, MetadataValue]:
        """Return what rows of one record say; where they differ, their values in a list."""
        columns = self._columns
        several_texts = (one for one in columns.text if len(set(_cells(rows, one))) > 1)
        left_out = {columns.image, *several_texts}  # none is the record's own
        left_out |= {columns.id} if (columns.id or "").lower() == "id" else set()  # it has one
        several: dict[str, list[MetadataValue]] = {}
        for row in rows:
            values = {name: value for name, value in row.items() if name not in left_out}
            for name, value in metadata_of(values).items():
                several.setdefault(name, []).append(value)
        return {name: merged(values) for name, values in several.items()}


def resolve_columns(
    asked: ColumnRoles, names: Sequence[str], path: Path, rows: Sequence[Row] = ()
) -> ColumnRoles:
    """Check the columns asked for, or find them by their usual names, pictures by what they are.

    Raises:
        SourceError: A column is not there, or there is nothing to embed.
    """
    wanted = [asked.id, asked.image, *asked.text]
    for name in filter(None, wanted):
        if name not in names:
            raise SourceError(f"{path} has no column {name!r}; it has: {', '.join(names)}")
    id_column = asked.id or first_of(ID_NAMES, names)
    image, text = asked.image, asked.text
    if not image and not text:
        image = first_of(IMAGE_NAMES, names) or pictures_among(names, rows)
        text = tuple(name for name in names if name.lower() in TEXT_NAMES)
    if not image and not text:
        raise SourceError(
            f"cannot tell which columns of {path} hold pictures or texts; name them with "
            f"--image-column or --text-column (columns: {', '.join(names)})"
        )
    return ColumnRoles(id_column, image, text, asked.image_root, asked.encoding)


def _cells(rows: Sequence[Row], column: str | None) -> Iterator[str]:
    return (text for row in rows for text in texts_in(row.get(column) if column else None))
