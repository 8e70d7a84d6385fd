"""Checksums of parts: CRC-32 of what a part is of, where it stands and where it lies.

Its content has a SHA-256, which is among that, and its vector and facts have checksums of their
own. As those they lie in a table beside, and a part that has none counts as whole.
"""

import json
import zlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.history import put
from binocle.catalog.tables.schema import part_checksums, parts

_BATCH = 2000
_SUMMED = sa.select(
    parts.c.id,
    parts.c.record_id,
    parts.c.kind,
    parts.c.role,
    parts.c.position,
    parts.c.uri,
    parts.c.sha256,
)


def part_crc32(record_id: int, kind: str, role: str, position: int, uri: str, sha256: bytes) -> int:
    """Return the checksum of a part, of the columns as they are stored."""
    row = [record_id, kind, role, position, uri, sha256.hex()]
    return zlib.crc32(json.dumps(row).encode())


def put_part_checksums(connection: sa.Connection, part_ids: Iterable[int]) -> None:
    """Store the checksums of parts that are new, or stand or lie elsewhere now."""
    for chunk in batched(part_ids):
        found = connection.execute(_SUMMED.where(parts.c.id.in_(chunk))).all()
        _put(connection, {row[0]: part_crc32(*row[1:]) for row in found})


def fill_part_checksums(connection: sa.Connection, after: int) -> int | None:
    """Give checksums to parts that have none, some at a time.

    Args:
        connection: Inside a transaction.
        after: The part after which to go on.

    Returns:
        The last part that was looked at; None when there is none left.
    """
    query = (
        _SUMMED.add_columns(part_checksums.c.crc32)
        .select_from(parts.outerjoin(part_checksums, part_checksums.c.part_id == parts.c.id))
        .where(parts.c.id > after)
        .order_by(parts.c.id)
        .limit(_BATCH)
    )
    found = connection.execute(query).all()
    _put(connection, {row[0]: part_crc32(*row[1:-1]) for row in found if row[-1] is None})
    return found[-1][0] if found else None


def _put(connection: sa.Connection, sums: Mapping[int, int]) -> None:
    put(connection, part_checksums, [{"part_id": one, "crc32": crc} for one, crc in sums.items()])
