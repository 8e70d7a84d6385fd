"""What a table in a folder says of the pictures in it: Hugging Face's ``metadata.jsonl``.

Of a folder with ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet`` each row names a
picture, below the table, in the column ``file_name``; its other columns are metadata, and those
called as texts are texts. Of several tables the nearest above a picture counts. Source of the
layout: https://huggingface.co/docs/datasets/image_dataset#imagefolder.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from binocle.errors import SourceError
from binocle.files import lies_within
from binocle.metadata.markup import without_markup
from binocle.types import MetadataValue, Skip
from indexer.sources.base import Candidate, TextRef, printable
from indexer.sources.beside.sidecars import FACTS
from indexer.sources.cell_values import metadata_of, texts_in
from indexer.sources.table_files import TEXT_NAMES, Row, read_table

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_COLUMN = "file_name"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table's rows by the paths of pictures below its folder, and what is wrong with it.

    One that is away cannot be read just now, so nobody knows what it says.
    """

    rows: Mapping[str, Row]
    problem: Skip | None
    is_away: bool = False


class FolderMetadata:
    """The tables of the folders that a walk comes through."""

    def __init__(
        self,
        root: str,
        allowed: Sequence[Path] = (),
        encoding: str | None = None,
        is_left_out: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Set up.

        Args:
            root: The folder above which no table counts.
            allowed: Folders outside which nothing is read; see ``lies_within``.
            encoding: What tables without a mark are in, where it was declared.
            is_left_out: Tells which files are not looked at, by their paths.
        """
        self._root = root
        self._allowed = allowed
        self._encoding = encoding
        self._is_left_out = is_left_out
        self._tables: dict[str, _Table | None] = {}

    def told(self, candidate: Candidate, path: str) -> Candidate | None:
        """Return a file's candidate with what a table says of it; None for a table.

        Args:
            candidate: Of the file; a table keeps one where something is wrong with it.
            path: Where it is.
        """
        parent, name = os.path.split(path)
        if name in NAMES and (table := self._of(parent)) is not None:
            return None if table.problem is None else replace(candidate, skip=table.problem)
        folder, table = self._nearest(path)
        if not candidate.images or table is None:
            return candidate
        if table.is_away:
            return replace(candidate, is_partial=True)
        row = table.rows.get(os.path.relpath(path, folder))
        return candidate if row is None else _told(candidate, row)

    def marked(self, path: str, fingerprint: str) -> str:
        """Return the fingerprint that a file's candidate has once it is told."""
        folder, table = self._nearest(path)
        row = table.rows.get(os.path.relpath(path, folder)) if table is not None else None
        return fingerprint if row is None else _marked(fingerprint, row)

    def _nearest(self, path: str) -> tuple[str, _Table | None]:
        """Return the table that counts for a file, and the folder it is in."""
        tables = ((one, self._of(one)) for one in self._above(os.path.split(path)[0]))
        return next((one for one in tables if one[1] is not None), ("", None))

    def _above(self, folder: str) -> Iterator[str]:
        while True:
            yield folder
            if folder == self._root or len(folder) <= len(self._root):
                return
            folder = os.path.split(folder)[0]

    def _of(self, folder: str) -> _Table | None:
        if folder not in self._tables:
            there = (one for one in self.tables_in(folder) if not self._is_left_out(str(one)))
            self._tables[folder] = next(filter(None, map(self._read, there)), None)
        return self._tables[folder]

    def tables_in(self, folder: str) -> Iterator[Path]:
        """Yield the files of a folder that may be tables of it."""
        return (one for name in NAMES if (one := Path(folder, name)).is_file())

    def lacking(self, path: Path, names: Iterable[str]) -> list[str]:
        """Return the files that a table names and that are not there."""
        return [name for name in names if not (path.parent / name).exists()]

    def _read(self, path: Path) -> _Table | None:
        """Return a table; None for one that names no files."""
        if not lies_within(path, self._allowed):
            return None
        try:
            table = read_table(path, plain=(_COLUMN,), encoding=self._encoding)
        except SourceError as error:
            is_away = isinstance(error.__cause__, OSError)
            return _Table({}, Skip("unreadable", str(error)), is_away)
        if _COLUMN not in table.names:
            return None
        rows = {
            os.path.normpath(name.replace("\\", "/")): row
            for row in table.rows
            for name in texts_in(row.get(_COLUMN))
        }
        problems = [one.message for one in table.problems.values()]
        if missing := self.lacking(path, rows):
            shown = printable(missing[0])
            problems.append(f"files it names are not there: {len(missing):,}, such as {shown}")
        problem = Skip("unreadable", "; ".join(problems[:3])) if problems else None
        return _Table(rows, problem)


def _told(candidate: Candidate, row: Row) -> Candidate:
    said = metadata_of({name: value for name, value in row.items() if name != _COLUMN})
    metadata: dict[str, MetadataValue] = {
        f"sidecar.{name}" if name in FACTS else name: value for name, value in said.items()
    }
    texts = tuple(
        TextRef(name, candidate.uri, text)
        for name in row
        if name.lower() in TEXT_NAMES
        for text in map(without_markup, texts_in(row[name]))
        if text not in {one.text for one in candidate.texts}
    )
    return replace(
        candidate,
        fingerprint=_marked(candidate.fingerprint, row),
        metadata={**candidate.metadata, **metadata},
        texts=(*texts, *candidate.texts),
    )


def _marked(fingerprint: str, row: Row) -> str:
    document = json.dumps(row, default=str, sort_keys=True).encode("utf-8", "replace")
    return f"{fingerprint}|{hashlib.blake2b(document, digest_size=16).hexdigest()}"
