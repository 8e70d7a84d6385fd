"""Pairs of pictures and texts to measure on, from a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.errors import SourceError
from binocle.types import Int64Array
from indexer.sources.base import Candidate
from indexer.sources.table import ColumnRoles, TableSource, resolve_columns
from indexer.sources.table_files import read_table


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures with their texts, as a table tells them.

    Attributes:
        path: The table, absolute.
        columns: Which of its columns mean what.
        pictures: One candidate for every picture the table names, with all its texts; the key is
            the cell that named it.
        incomplete: How many had to be left out because they have no picture or no text.
    """

    path: Path
    columns: ColumnRoles
    pictures: tuple[Candidate, ...]
    incomplete: int


@dataclass(frozen=True, slots=True)
class PairMatches:
    """Which text belongs to which picture, with equal texts joined.

    Attributes:
        texts: The different texts, as first written; texts that differ in case and spaces only
            are one.
        pair_text: ``(p,)`` int64 places in ``texts``.
        pair_picture: ``(p,)`` int64 numbers of pictures; each pair is there once.
    """

    texts: tuple[str, ...]
    pair_text: Int64Array
    pair_picture: Int64Array


def read_pairs(path: Path, columns: ColumnRoles) -> Pairs:
    """Read a table of pictures and texts; no picture is opened.

    Rows that name the same picture are one picture with several texts. Columns that are not named
    are found by their usual names, as when a table is indexed.

    Raises:
        SourceError: The table cannot be read, is empty, or a column is missing.
    """
    absolute = path.expanduser().resolve()
    table = read_table(absolute)
    if not table.rows:
        raise SourceError(f"{path} has no rows; it takes pairs of a picture and a text")
    found = _both_columns(columns, table.names, path)
    # Rows are put together by picture, whatever other id they have.
    by_picture = ColumnRoles(found.image, found.image, found.text, found.image_root)
    candidates = list(TableSource(absolute, by_picture).scan(absolute.name))
    complete = tuple(one for one in candidates if one.images and one.texts)
    if not complete:
        wanted = ", ".join([str(found.image), *found.text])
        raise SourceError(f"no row of {path} has both a picture and a text (columns {wanted})")
    return Pairs(absolute, found, complete, len(candidates) - len(complete))


def match_texts(
    texts_of_pictures: Sequence[Sequence[str]], content: Sequence[object]
) -> PairMatches:
    """Join equal texts, and pictures of equal content.

    Args:
        texts_of_pictures: The texts of each picture.
        content: What each picture shows, such as its hash; equal ones are one picture.

    Returns:
        The pairs; a picture's number is its place among the different contents.
    """
    numbers: dict[object, int] = {}
    places: dict[str, int] = {}
    texts: list[str] = []
    pairs: dict[tuple[int, int], None] = {}
    for one, picture_texts in zip(content, texts_of_pictures, strict=True):
        picture = numbers.setdefault(one, len(numbers))
        for text in picture_texts:
            key = " ".join(text.casefold().split())
            if key not in places:
                places[key] = len(texts)
                texts.append(text)
            pairs[places[key], picture] = None
    joined = np.array(list(pairs), np.int64).reshape(-1, 2)
    return PairMatches(tuple(texts), joined[:, 0].copy(), joined[:, 1].copy())


def _both_columns(asked: ColumnRoles, names: Sequence[str], path: Path) -> ColumnRoles:
    image, text = asked.image, asked.text
    if not image or not text:
        usual = resolve_columns(ColumnRoles(), names, path)
        image, text = image or usual.image, text or usual.text
    for column, option, what in ((image, "--image-column", "pictures"),
                                 (text, "--text-column", "texts")):  # fmt: skip
        if not column:
            raise SourceError(
                f"cannot tell which column of {path} holds {what}; name it with {option} "
                f"(columns: {', '.join(names)})"
            )
    return resolve_columns(ColumnRoles(None, image, text, asked.image_root), names, path)
