"""Checksums of vectors and of parts: CRC-32s in tables beside them.

Beside them, so that giving them to the vectors of an older catalogue rewrites no vector. One that
has none, as those have that an older program wrote meanwhile, counts as whole. That of a vector is
over its bytes, that of a part over what it is of, where it stands and where it lies.
"""

import json
import zlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.damage import DamagedVector
from binocle.catalog.tables.history import put
from binocle.catalog.tables.schema import (
    part_checksums,
    parts,
    records,
    vector_checksums,
    vectors,
)

_BATCH = 5000
SUMMED = vectors.outerjoin(vector_checksums, vector_checksums.c.part_id == vectors.c.part_id)
"""Vectors with their checksums, NULL for none."""
_PARTS = sa.select(
    parts.c.id,
    parts.c.record_id,
    parts.c.kind,
    parts.c.role,
    parts.c.position,
    parts.c.uri,
    parts.c.sha256,
)


def source_checksum(name: str, uri: str, kind: str) -> int:
    """Return what a source's row is held against; it is kept in ``meta``."""
    return zlib.crc32(repr((name, uri, kind)).encode("utf-8", "surrogatepass"))


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


def part_crc32(record_id: int, kind: str, role: str, position: int, uri: str, sha256: bytes) -> int:
    """Return the checksum of a part, of the columns as they are stored."""
    row = [record_id, kind, role, position, uri, sha256.hex()]
    return zlib.crc32(json.dumps(row).encode())


def put_part_checksums(connection: sa.Connection, part_ids: Iterable[int]) -> None:
    """Store the checksums of parts that are new, or stand or lie elsewhere now."""
    for chunk in batched(part_ids):
        found = connection.execute(_PARTS.where(parts.c.id.in_(chunk))).all()
        sums = [{"part_id": row[0], "crc32": part_crc32(*row[1:])} for row in found]
        put(connection, part_checksums, sums)


def fill_part_checksums(connection: sa.Connection, after: int) -> int | None:
    """Give checksums to parts that have none, some at a time.

    Args:
        connection: Inside a transaction.
        after: The part after which to go on.

    Returns:
        The last part that was looked at; None when there is none left.
    """
    query = (
        _PARTS.add_columns(part_checksums.c.crc32)
        .select_from(parts.outerjoin(part_checksums, part_checksums.c.part_id == parts.c.id))
        .where(parts.c.id > after)
        .order_by(parts.c.id)
        .limit(_BATCH)
    )
    found = connection.execute(query).all()
    sums = [
        {"part_id": row[0], "crc32": part_crc32(*row[1:-1])} for row in found if row[-1] is None
    ]
    put(connection, part_checksums, sums)
    return found[-1][0] if found else None
