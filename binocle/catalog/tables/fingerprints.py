"""Likenesses: what makes stored pictures known again, beside their parts.

The table is made where it is missing, so a catalogue from before it opens as it is; what its
pictures lack is found by ``parts_without_fingerprint`` and filled in with ``put_fingerprints``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from binocle.catalog.tables.schema import meta, parts, records, schema
from binocle.types import Fingerprint, ImageInfo, Int64Array, Part

_CHUNK = 5000
_MAX_VARIABLES = 5000
_FILLED = "likenesses_filled"

picture_fingerprints = sa.Table(
    "likenesses",
    schema,
    sa.Column(
        "part_id",
        sa.ForeignKey("parts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A stored picture as lookup needs it.

    Attributes:
        part: The part.
        record_id: The record's internal id.
        sha256: Of the file's bytes.
        info: What the file said of itself.
    """

    part: Part
    record_id: int
    sha256: bytes
    info: ImageInfo


@dataclass(frozen=True, slots=True)
class FingerprintRows:
    """Likenesses of parts: ids ascending, hashes ``(n, 32)`` uint8, features as stored."""

    part_ids: Int64Array
    hashes: npt.NDArray[np.uint8]
    features: tuple[bytes, ...]


def put_fingerprints(connection: sa.Connection, found: Mapping[int, Fingerprint]) -> None:
    """Store likenesses by part id; those of parts that are gone meanwhile are dropped."""
    there = _existing(connection, found)
    if there:
        connection.execute(
            picture_fingerprints.insert().prefix_with("OR REPLACE"),
            [
                {"part_id": one, "hash": found[one].hash, "features": found[one].features}
                for one in there
            ],
        )


def has_table(connection: sa.Connection) -> bool:
    """Tell whether the catalogue has the table."""
    return sa.inspect(connection).has_table(picture_fingerprints.name)


def make_table(connection: sa.Connection) -> None:
    """Make the table where there is none."""
    picture_fingerprints.create(connection, checkfirst=True)


def fingerprints_after(connection: sa.Connection, part_id: int) -> Iterator[FingerprintRows]:
    """Yield the likenesses of parts with a larger id than given, a few thousand at a time."""
    while True:
        query = (
            sa.select(
                picture_fingerprints.c.part_id,
                picture_fingerprints.c.hash,
                picture_fingerprints.c.features,
            )
            .where(picture_fingerprints.c.part_id > part_id)
            .order_by(picture_fingerprints.c.part_id)
            .limit(_CHUNK)
        )
        found = connection.execute(query).all()
        if not found:
            return
        yield _rows(found)
        part_id = found[-1][0]


def contents(connection: sa.Connection) -> Iterator[tuple[int, bytes]]:
    """Yield part id and SHA-256 of the pictures that have a likeness, in order of part id."""
    query = (
        sa.select(parts.c.id, parts.c.sha256)
        .join(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
        .where(parts.c.kind == "image", parts.c.info.is_not(None))
        .order_by(parts.c.id)
    )
    found = connection.execution_options(yield_per=_CHUNK).execute(query)
    yield from ((part_id, sha256) for part_id, sha256 in found)


def fingerprints_of(connection: sa.Connection, part_ids: Iterable[int]) -> FingerprintRows:
    """Return the likenesses of some parts, in order of id; those without one are missing."""
    found: list[Any] = []
    for chunk in _batched(sorted(set(part_ids)), _MAX_VARIABLES):
        query = sa.select(
            picture_fingerprints.c.part_id,
            picture_fingerprints.c.hash,
            picture_fingerprints.c.features,
        )
        found += connection.execute(query.where(picture_fingerprints.c.part_id.in_(chunk))).all()
    return _rows(sorted(found, key=lambda row: row[0]))


def hashes_of_parts(
    connection: sa.Connection, part_ids: Sequence[int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return the perceptual hashes of parts, for collapsing near-duplicates.

    Args:
        connection: A connection.
        part_ids: ``n`` part ids, in any order.

    Returns:
        ``(n, 32)`` uint8 in the order of the ids, and ``(n,)`` bool: which of them have one; texts
        and pictures without a likeness have not, and their row is 0.
    """
    hashes = np.zeros((len(part_ids), 32), np.uint8)
    known = np.zeros(len(part_ids), np.bool_)
    found: dict[int, bytes] = {}
    for chunk in _batched(dict.fromkeys(part_ids), _MAX_VARIABLES):
        query = sa.select(picture_fingerprints.c.part_id, picture_fingerprints.c.hash)
        rows = connection.execute(query.where(picture_fingerprints.c.part_id.in_(chunk)))
        found.update((row[0], row[1]) for row in rows)
    for place, part_id in enumerate(part_ids):
        if part_id in found:
            hashes[place] = np.frombuffer(found[part_id], np.uint8)
            known[place] = True
    return hashes, known


def parts_without_fingerprint(connection: sa.Connection, limit: int, after: int = 0) -> list[Part]:
    """Return pictures that have no likeness yet, in order of part id, from behind an id on."""
    query = (
        sa.select(parts.c.id, parts.c.kind, parts.c.role, parts.c.uri)
        .outerjoin(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
        .where(
            parts.c.kind == "image", parts.c.id > after, picture_fingerprints.c.part_id.is_(None)
        )
        .order_by(parts.c.id)
        .limit(limit)
    )
    return [Part(*row) for row in connection.execute(query)]


def count_without_fingerprint(connection: sa.Connection) -> int:
    """Return how many pictures have no likeness yet."""
    query = (
        sa.select(sa.func.count())
        .select_from(
            parts.outerjoin(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
        )
        .where(parts.c.kind == "image", picture_fingerprints.c.part_id.is_(None))
    )
    return int(connection.execute(query).scalar_one())


def fill_fingerprints(connection: sa.Connection, found: Mapping[int, Fingerprint]) -> None:
    """Store likenesses of parts that were stored without, and let readers know."""
    put_fingerprints(connection, found)
    number = times_filled(connection) + 1
    row = meta.insert().prefix_with("OR REPLACE").values(key=_FILLED, value=str(number))
    connection.execute(row)


def times_filled(connection: sa.Connection) -> int:
    """Return how often ``fill_fingerprints`` has stored something; a reader then starts anew."""
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == _FILLED))
    return int(found.scalar() or 0)


def removals_known_after(connection: sa.Connection) -> int:
    """Return the change before which removals are forgotten; a reader behind it starts anew."""
    query = sa.select(meta.c.value).where(meta.c.key == "removals_known_after")
    return int(connection.execute(query).scalar() or 0)


def parts_of_content(connection: sa.Connection, sha256: bytes) -> list[int]:
    """Return the ids of the pictures whose file has these bytes."""
    query = sa.select(parts.c.id).where(parts.c.sha256 == sha256, parts.c.kind == "image")
    return list(connection.execute(query.order_by(parts.c.id)).scalars())


def fingerprint_follower(
    connection: sa.Connection, part_ids: Iterable[int]
) -> dict[int, KnownPicture]:
    """Return pictures by part id; those that are gone are missing."""
    found = {}
    for chunk in _batched(dict.fromkeys(part_ids), _MAX_VARIABLES):
        query = sa.select(
            parts.c.id,
            parts.c.kind,
            parts.c.role,
            parts.c.uri,
            parts.c.record_id,
            parts.c.sha256,
            parts.c.info,
        ).where(parts.c.id.in_(chunk), parts.c.kind == "image", parts.c.info.is_not(None))
        for part_id, kind, role, uri, record_id, sha256, info in connection.execute(query):
            part = Part(part_id, kind, role, uri)
            found[part_id] = KnownPicture(part, record_id, sha256, ImageInfo(**json.loads(info)))
    return found


def keys_of_records(connection: sa.Connection, record_ids: Iterable[int]) -> dict[int, str]:
    """Return the ids that users see by internal id; records that are gone are missing."""
    found: dict[int, str] = {}
    for chunk in _batched(dict.fromkeys(record_ids), _MAX_VARIABLES):
        query = sa.select(records.c.id, records.c.key).where(records.c.id.in_(chunk))
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def _existing(connection: sa.Connection, part_ids: Iterable[int]) -> list[int]:
    there: list[int] = []
    for chunk in _batched(part_ids, _MAX_VARIABLES):
        query = sa.select(parts.c.id).where(parts.c.id.in_(chunk))
        there += connection.execute(query).scalars()
    return there


def _rows(found: Sequence[Any]) -> FingerprintRows:
    return FingerprintRows(
        np.array([row[0] for row in found], np.int64),
        np.frombuffer(b"".join(row[1] for row in found), np.uint8).reshape(-1, 32),
        tuple(row[2] for row in found),
    )


def _batched(values: Iterable[int], size: int) -> Iterator[list[int]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
