"""Named questions to the catalogue."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import sqlalchemy as sa

from binocle.catalog.tables.filter_sql import condition
from binocle.catalog.tables.fingerprints import picture_fingerprints
from binocle.catalog.tables.schema import (
    attributes,
    changes,
    fields,
    items,
    meta,
    parts,
    points,
    records,
    removed_parts,
    runs,
    sources,
    vectors,
)
from binocle.metadata.filters import Filter
from binocle.types import Fingerprint, Float32Array, ImageInfo, Int64Array, Kind, Part, Record

_CHUNK = 5000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Content:
    """What the catalogue knows of a content it has embedded before."""

    vector: Float32Array
    info: ImageInfo | None
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """The ledger's line on one file, archive member, row or line of a source.

    Attributes:
        fingerprint: What told, at the time, whether it changed.
        record_id: The record it became; None when it was skipped.
        code: Why it was skipped; None when it was indexed.
        message: The same for a person.
    """

    key: str
    fingerprint: str
    record_id: str | None
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source the collection knows."""

    id: int
    name: str
    uri: str
    kind: str


@dataclass(frozen=True, slots=True)
class NewRows:
    """Parts a reader has not seen: ids ascending, their records, their vectors."""

    part_ids: Int64Array
    record_ids: Int64Array
    rows: Float32Array


def change(connection: sa.Connection) -> int:
    """Return the number of the last write transaction."""
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == "change"))
    return int(found.scalar_one())


def change_token(connection: sa.Connection, number: int) -> str | None:
    """Return the random token of a write transaction; None where it is not known any more."""
    query = sa.select(changes.c.token).where(changes.c.number == number)
    return connection.execute(query).scalar_one_or_none()


def changed_at(connection: sa.Connection) -> str | None:
    """Return when the last write transaction was, ISO 8601 in UTC; None before the first."""
    query = sa.select(changes.c.at).order_by(changes.c.number.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def newest_part(connection: sa.Connection) -> int:
    """Return the largest part id handed out."""
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == "next_part_id"))
    return int(found.scalar() or 1) - 1


def count_parts(connection: sa.Connection) -> dict[Kind, int]:
    """Return the number of parts of each kind."""
    rows = connection.execute(sa.select(parts.c.kind, sa.func.count()).group_by(parts.c.kind))
    counts: dict[Kind, int] = {"image": 0, "text": 0}
    counts.update((row[0], row[1]) for row in rows)
    return counts


def count_records(connection: sa.Connection) -> int:
    """Return the number of records."""
    return connection.execute(sa.select(sa.func.count()).select_from(records)).scalar_one()


def matching_records(connection: sa.Connection, where: Filter) -> Int64Array:
    """Return the internal ids of the records that pass a filter, in no particular order."""
    found = connection.execute(sa.select(records.c.id).where(condition(where)))
    return np.fromiter(found.scalars(), np.int64)


def parts_after(
    connection: sa.Connection, kind: Kind, part_id: int, dimension: int
) -> Iterator[NewRows]:
    """Yield the parts of a kind with a larger id than given, a few thousand at a time."""
    while True:
        query = (
            sa.select(parts.c.id, parts.c.record_id, vectors.c.vector)
            .join(vectors, vectors.c.part_id == parts.c.id)
            .where(parts.c.kind == kind, parts.c.id > part_id)
            .order_by(parts.c.id)
            .limit(_CHUNK)
        )
        found = connection.execute(query).all()
        if not found:
            return
        rows = np.frombuffer(b"".join(row[2] for row in found), "<f4").reshape(-1, dimension)
        part_ids = np.array([row[0] for row in found], np.int64)
        yield NewRows(part_ids, np.array([row[1] for row in found], np.int64), rows)
        part_id = int(part_ids[-1])


def part_owners(connection: sa.Connection, kind: Kind, up_to: int) -> tuple[Int64Array, Int64Array]:
    """Return ids and record ids of a kind's parts with ids up to the given one, ascending."""
    query = (
        sa.select(parts.c.id, parts.c.record_id)
        .where(parts.c.kind == kind, parts.c.id <= up_to)
        .order_by(parts.c.id)
    )
    pairs = np.array([tuple(row) for row in connection.execute(query)], np.int64).reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def removed_since(connection: sa.Connection, after_change: int) -> Int64Array:
    """Return the ids of parts removed by later transactions than the given one."""
    query = sa.select(removed_parts.c.part_id).where(removed_parts.c.change > after_change)
    return np.fromiter(connection.execute(query).scalars(), np.int64)


def record_by_key(connection: sa.Connection, key: str) -> int | None:
    """Return the internal id of a record."""
    return connection.execute(
        sa.select(records.c.id).where(records.c.key == key)
    ).scalar_one_or_none()


def records_by_id(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Record]:
    """Return records by internal id, without their parts; those that are gone are missing."""
    found = {}
    for chunk in batched(ids, _CHUNK):
        query = sa.select(records.c.id, records.c.key, records.c.uri, records.c.metadata)
        for row in connection.execute(query.where(records.c.id.in_(chunk))):
            found[row[0]] = Record(row[1], row[2], json.loads(row[3]))
    return found


def parts_by_id(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Part]:
    """Return parts by id; those that are gone are missing."""
    found = {}
    for chunk in batched(ids, _CHUNK):
        query = sa.select(parts.c.id, parts.c.kind, parts.c.role, parts.c.uri, parts.c.text)
        for row in connection.execute(query.where(parts.c.id.in_(chunk))):
            found[row[0]] = Part(*row)
    return found


def records_after(
    connection: sa.Connection, number: int, limit: int, clauses: Sequence[Filter]
) -> list[tuple[int, Record]]:
    """Return records with a larger internal id that pass all filters, in order of that id."""
    query = (
        sa.select(records.c.id, records.c.key, records.c.uri, records.c.metadata)
        .where(records.c.id > number, *map(condition, clauses))
        .order_by(records.c.id)
        .limit(limit)
    )
    found = connection.execute(query)
    return [(row[0], Record(row[1], row[2], json.loads(row[3]))) for row in found]


def parts_of_record(connection: sa.Connection, record_id: int) -> tuple[Part, ...]:
    """Return a record's parts in order."""
    query = (
        sa.select(parts.c.id, parts.c.kind, parts.c.role, parts.c.uri, parts.c.text)
        .where(parts.c.record_id == record_id)
        .order_by(parts.c.position)
    )
    return tuple(Part(*row) for row in connection.execute(query))


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture of a record: where it lies, its content, its format."""

    uri: str
    sha256: bytes
    format: str


def first_image(connection: sa.Connection, key: str) -> StoredImage | None:
    """Return the first picture of a record; None where there is none."""
    query = (
        sa.select(parts.c.uri, parts.c.sha256, parts.c.info)
        .join(records, records.c.id == parts.c.record_id)
        .where(records.c.key == key, parts.c.kind == "image")
        .order_by(parts.c.position)
        .limit(1)
    )
    row = connection.execute(query).first()
    return StoredImage(row[0], row[1], json.loads(row[2])["format"]) if row else None


def vectors_of_record(connection: sa.Connection, record_id: int) -> dict[Kind, list[Float32Array]]:
    """Return a record's vectors by kind, in the order of its parts."""
    query = (
        sa.select(parts.c.kind, vectors.c.vector)
        .join(vectors, vectors.c.part_id == parts.c.id)
        .where(parts.c.record_id == record_id)
        .order_by(parts.c.position)
    )
    found: dict[Kind, list[Float32Array]] = {"image": [], "text": []}
    for kind, vector in connection.execute(query):
        found[kind].append(np.frombuffer(vector, "<f4"))
    return found


def known_contents(
    connection: sa.Connection, kind: Kind, hashes: Iterable[bytes]
) -> dict[bytes, Content]:
    """Return what is known of contents by their SHA-256; unknown ones are missing."""
    found: dict[bytes, Content] = {}
    for chunk in batched(dict.fromkeys(hashes), _CHUNK):
        query = (
            sa.select(
                parts.c.sha256,
                vectors.c.vector,
                parts.c.info,
                picture_fingerprints.c.hash,
                picture_fingerprints.c.features,
            )
            .join(vectors, vectors.c.part_id == parts.c.id)
            .outerjoin(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
            .where(parts.c.kind == kind, parts.c.sha256.in_(chunk))
        )
        for sha256, vector, info, hashed, features in connection.execute(query):
            image_info = ImageInfo(**json.loads(info)) if info else None
            fingerprint = Fingerprint(hashed, features) if hashed is not None else None
            found[sha256] = Content(np.frombuffer(vector, "<f4"), image_info, fingerprint)
    return found


def image_hashes(connection: sa.Connection) -> set[bytes]:
    """Return the SHA-256 of every picture embedded so far."""
    query = sa.select(parts.c.sha256).where(parts.c.kind == "image")
    return set(connection.execute(query).scalars())


def pictures_of(connection: sa.Connection, keys: Iterable[str]) -> set[bytes]:
    """Return the SHA-256 of every picture of some records, by the records' ids."""
    found: set[bytes] = set()
    for chunk in batched(keys, _CHUNK):
        query = (
            sa.select(parts.c.sha256)
            .join(records, records.c.id == parts.c.record_id)
            .where(records.c.key.in_(chunk), parts.c.kind == "image")
        )
        found.update(connection.execute(query).scalars())
    return found


def uris_of_pictures(connection: sa.Connection, hashes: Iterable[bytes]) -> dict[bytes, set[str]]:
    """Return the uris of all parts that are these pictures, by SHA-256."""
    found: dict[bytes, set[str]] = {}
    for chunk in batched(hashes, _CHUNK):
        query = sa.select(parts.c.sha256, parts.c.uri).where(
            parts.c.sha256.in_(chunk), parts.c.kind == "image"
        )
        for sha256, uri in connection.execute(query):
            found.setdefault(sha256, set()).add(uri)
    return found


def all_sources(connection: sa.Connection) -> list[SourceRow]:
    """Return all sources in the order they were first indexed."""
    query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
    return [SourceRow(*row) for row in connection.execute(query.order_by(sources.c.id))]


def ledger(connection: sa.Connection, source_id: int) -> dict[str, Item]:
    """Return a source's ledger by key."""
    query = sa.select(
        items.c.key, items.c.fingerprint, items.c.record_key, items.c.code, items.c.message
    ).where(items.c.source_id == source_id)
    return {row[0]: Item(*row) for row in connection.execute(query)}


def skipped_items(connection: sa.Connection) -> Iterator[tuple[SourceRow, Item]]:
    """Yield what was skipped, source by source, in order of key."""
    for source in all_sources(connection):
        query = (
            sa.select(
                items.c.key, items.c.fingerprint, items.c.record_key, items.c.code, items.c.message
            )
            .where(items.c.source_id == source.id, items.c.code.is_not(None))
            .order_by(items.c.key)
        )
        for row in connection.execute(query):
            yield source, Item(*row)


def count_items(connection: sa.Connection, source_id: int) -> tuple[int, int]:
    """Return how many items of a source are indexed, and how many skipped."""
    query = sa.select(sa.func.count(), sa.func.count(items.c.code)).where(
        items.c.source_id == source_id
    )
    total, skipped = connection.execute(query).one()
    return total - skipped, skipped


def last_run(connection: sa.Connection, source_id: int) -> tuple[str, str | None] | None:
    """Return when the last run of a source began and finished, None if not finished."""
    query = (
        sa.select(runs.c.started_at, runs.c.finished_at)
        .where(runs.c.source_id == source_id)
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else None


def field_names(connection: sa.Connection) -> list[str]:
    """Return the names of all metadata fields, sorted."""
    return list(connection.execute(sa.select(fields.c.name).order_by(fields.c.name)).scalars())


def field_types(connection: sa.Connection, name: str) -> set[str]:
    """Return what a field holds: ``numbers``, ``texts``, ``places``; nothing for no such field."""
    field_id = sa.select(fields.c.id).where(fields.c.name == name).scalar_subquery()
    found = set()
    for kind, column in (("numbers", attributes.c.number), ("texts", attributes.c.text)):
        query = sa.select(attributes.c.record_id).where(
            attributes.c.field_id == field_id, column.is_not(None)
        )
        if connection.execute(query.limit(1)).first() is not None:
            found.add(kind)
    placed = sa.select(points.c.record_id).where(points.c.field_id == field_id)
    if connection.execute(placed.limit(1)).first() is not None:
        found.add("places")
    return found


def field_counts(connection: sa.Connection) -> dict[str, int]:
    """Return how many records have each metadata field, by name."""
    query = (
        sa.select(fields.c.name, sa.func.count(sa.distinct(attributes.c.record_id)))
        .join(attributes, attributes.c.field_id == fields.c.id)
        .group_by(fields.c.name)
        .order_by(fields.c.name)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def batched(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield lists of at most ``size`` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
