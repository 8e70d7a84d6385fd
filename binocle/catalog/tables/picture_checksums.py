"""Checksums of what is kept of a picture beside its vector: its facts, and its fingerprint.

As those of vectors they lie beside what they are of, and what has none counts as whole.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.history import put
from binocle.catalog.tables.schema import (
    fingerprint_checksums,
    info_checksums,
    parts,
    picture_fingerprints,
)
from binocle.types import Fingerprint

_BATCH = 1000
_HASH_BYTES, _FEATURE_BYTES = 32, 18
SUMMED = picture_fingerprints.outerjoin(
    fingerprint_checksums, fingerprint_checksums.c.part_id == picture_fingerprints.c.part_id
)
"""Fingerprints with their checksums, NULL for none."""
_PICTURES = sa.select(
    parts.c.id,
    parts.c.info,
    info_checksums.c.crc32,
    picture_fingerprints.c.hash,
    picture_fingerprints.c.features,
    fingerprint_checksums.c.crc32,
).select_from(
    parts.outerjoin(info_checksums, info_checksums.c.part_id == parts.c.id).outerjoin(
        SUMMED, picture_fingerprints.c.part_id == parts.c.id
    )
)
_IS_PICTURE = sa.or_(parts.c.info.is_not(None), picture_fingerprints.c.part_id.is_not(None))


def info_crc32(info: str) -> int:
    """Return the checksum of a picture's facts, the JSON text as it is stored."""
    return zlib.crc32(info.encode("utf-8", "surrogateescape"))


def fingerprint_crc32(hashed: bytes, features: bytes) -> int:
    """Return the checksum of a fingerprint: of its hash and, behind it, its features."""
    return zlib.crc32(features, zlib.crc32(hashed))


def is_whole_info(info: str | None, crc32: int | None) -> bool:
    """Tell whether facts are what was stored, as far as can be told."""
    return crc32 is None or (info is not None and info_crc32(info) == crc32)


def is_whole_fingerprint(hashed: bytes, features: bytes, crc32: int | None) -> bool:
    """Tell whether a fingerprint has the right lengths, and is what was stored."""
    if len(hashed) != _HASH_BYTES or len(features) % _FEATURE_BYTES:
        return False
    return crc32 is None or fingerprint_crc32(hashed, features) == crc32


def put_infos(connection: sa.Connection, infos: Mapping[int, str]) -> None:
    """Store the checksums of the facts of new parts."""
    rows = [{"part_id": one, "crc32": info_crc32(info)} for one, info in infos.items()]
    put(connection, info_checksums, rows)


def put_fingerprints(connection: sa.Connection, stored: Mapping[int, Fingerprint]) -> None:
    """Store fingerprints with their checksums, by part."""
    rows = [
        {"part_id": part_id, "hash": one.hash, "features": one.features}
        for part_id, one in stored.items()
    ]
    put(connection, picture_fingerprints, rows)
    sums = [
        {"part_id": part_id, "crc32": fingerprint_crc32(one.hash, one.features)}
        for part_id, one in stored.items()
    ]
    put(connection, fingerprint_checksums, sums)


def fill_picture_checksums(connection: sa.Connection, after: int) -> int | None:
    """Give checksums to facts and fingerprints that have none, some at a time.

    Args:
        connection: Inside a transaction.
        after: The part after which to go on.

    Returns:
        The last part that was looked at; None when there is none left.
    """
    query = _PICTURES.where(parts.c.id > after, _IS_PICTURE).order_by(parts.c.id).limit(_BATCH)
    found = connection.execute(query).all()
    infos = {row[0]: row[1] for row in found if row[1] is not None and row[2] is None}
    put_infos(connection, infos)
    sums = [
        {"part_id": row[0], "crc32": fingerprint_crc32(row[3], row[4])}
        for row in found
        if row[3] is not None and row[5] is None
    ]
    put(connection, fingerprint_checksums, sums)
    return found[-1][0] if found else None


def damaged_pictures(connection: sa.Connection, part_ids: Iterable[int]) -> set[int]:
    """Return those of some parts whose facts or fingerprints are not what was stored."""
    damaged: set[int] = set()
    for chunk in batched(part_ids):
        for row in connection.execute(_PICTURES.where(parts.c.id.in_(chunk), _IS_PICTURE)):
            if not is_whole_info(row[1], row[2]) or not _has_whole_fingerprint(row):
                damaged.add(row[0])
    return damaged


def drop_damaged_fingerprints(connection: sa.Connection) -> int:
    """Remove the fingerprints that are not what was stored; return how many."""
    query = _PICTURES.where(_IS_PICTURE).execution_options(yield_per=_BATCH)
    damaged = [row[0] for row in connection.execute(query) if not _has_whole_fingerprint(row)]
    for chunk in batched(damaged):
        own = picture_fingerprints.c.part_id.in_(chunk)
        connection.execute(picture_fingerprints.delete().where(own))
    return len(damaged)


def _has_whole_fingerprint(row: Any) -> bool:
    return row[3] is None or is_whole_fingerprint(row[3], row[4], row[5])
