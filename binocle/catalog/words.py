"""Full-text search in the catalogue: FTS5 tables and the named questions to them."""

from collections.abc import Iterable

from binocle.catalog.database import Connection
from binocle.types import Int64Array


def prepare(connection: Connection) -> None:
    """Make the tables where there are none, and fill them where they are behind the records."""
    raise NotImplementedError


def update(connection: Connection, record_ids: Iterable[int]) -> None:
    """Write the words of records anew, from what the catalogue now says of them."""
    raise NotImplementedError


def remove(connection: Connection, record_ids: Iterable[int]) -> None:
    """Forget the words of records."""
    raise NotImplementedError


def part_ids(connection: Connection, record_ids: Int64Array, positions: Int64Array) -> Int64Array:
    """Return the parts at places in their records; the first part where the place is -1.

    Args:
        connection: A reading transaction.
        record_ids: ``(n,)`` int64, internal.
        positions: ``(n,)`` int64, counted from 0, or -1.

    Returns:
        ``(n,)`` int64; -1 where the record is gone.
    """
    raise NotImplementedError
