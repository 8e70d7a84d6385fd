"""Which columns of a table are what, by their usual names and by what is in them."""

from collections.abc import Sequence

from indexer.sources.picture_cells import embedded, holds_pictures
from indexer.sources.table_files import IMAGE_NAMES, Row

_LOOKED_AT = 20  # rows, to tell whether a column is of pictures


def first_of(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the first of some names that a table has, as it writes it."""
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


def column_of(row: Row) -> str | None:
    """Return the column of a row's embedded pictures where nobody named one."""
    names = [first_of(IMAGE_NAMES, list(row)), *row]
    return next((one for one in names if one and any(embedded(row.get(one)))), None)


def pictures_among(names: Sequence[str], rows: Sequence[Row]) -> str | None:
    """Return the first column whose first cells are all of pictures."""
    for name in names:
        cells = [row[name] for row in rows[:_LOOKED_AT] if row.get(name) not in (None, "", [])]
        if cells and all(map(holds_pictures, cells)):
            return name
    return None
