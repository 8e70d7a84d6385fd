"""Checksums of stored vectors: CRC-32 of a vector's bytes, in a table beside them.

Beside them, so that giving them to the vectors of an older catalogue rewrites no vector. One that
has none, as those have that an older program wrote meanwhile, counts as whole.
"""

import zlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.damage import DamagedVector
from binocle.catalog.tables.schema import parts, records, vector_checksums, vectors

_BATCH = 5000
SUMMED = vectors.outerjoin(vector_checksums, vector_checksums.c.part_id == vectors.c.part_id)
"""Vectors with their checksums, NULL for none."""


def is_whole(vector: bytes, crc32: int | None) -> bool:
    """Tell whether a vector is what was stored, as far as can be told."""
    return crc32 is None or zlib.crc32(vector) == crc32


def put_vectors(connection: sa.Connection, stored: Mapping[int, bytes]) -> None:
    """Store new vectors with their checksums, by part."""
    if stored:
        rows = [{"part_id": one, "vector": vector} for one, vector in stored.items()]
        connection.execute(vectors.insert(), rows)
        _put_checksums(connection, stored)


def fill_checksums(connection: sa.Connection, after: int) -> int | None:
    """Give checksums to vectors that have none, a few thousand at a time.

    Args:
        connection: Inside a transaction.
        after: The part after which to go on.

    Returns:
        The last part that was looked at; None when there is none left.
    """
    query = (
        sa.select(vectors.c.part_id, vectors.c.vector, vector_checksums.c.crc32)
        .select_from(SUMMED)
        .where(vectors.c.part_id > after)
        .order_by(vectors.c.part_id)
        .limit(_BATCH)
    )
    found = connection.execute(query).all()
    _put_checksums(connection, {row[0]: row[1] for row in found if row[2] is None})
    return found[-1][0] if found else None


def damaged_vectors(
    connection: sa.Connection, part_ids: Iterable[int] | None = None
) -> list[DamagedVector]:
    """Return the vectors that are not what was stored; see ``PartReader.damaged_vectors``."""
    query = (
        sa.select(vectors.c.part_id, vectors.c.vector, vector_checksums.c.crc32)
        .select_from(SUMMED)
        .order_by(vectors.c.part_id)
    )
    chunks = [query] if part_ids is None else [
        query.where(vectors.c.part_id.in_(chunk)) for chunk in batched(part_ids)
    ]  # fmt: skip
    damaged: list[int] = []
    for chunk in chunks:
        rows = connection.execute(chunk.execution_options(yield_per=_BATCH))
        damaged += [part_id for part_id, vector, crc32 in rows if not is_whole(vector, crc32)]
    found: list[DamagedVector] = []
    for ids in batched(damaged):
        owners = (
            sa.select(parts.c.id, parts.c.kind, records.c.key)
            .join(records, records.c.id == parts.c.record_id)
            .where(parts.c.id.in_(ids))
            .order_by(parts.c.id)
        )
        found += [DamagedVector(*row) for row in connection.execute(owners)]
    return found


def _put_checksums(connection: sa.Connection, stored: Mapping[int, bytes]) -> None:
    rows = [{"part_id": one, "crc32": zlib.crc32(vector)} for one, vector in stored.items()]
    if rows:
        connection.execute(vector_checksums.insert(), rows)
