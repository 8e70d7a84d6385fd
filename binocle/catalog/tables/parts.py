"""Parts: what is embedded, and the vectors."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import dialect
from binocle.catalog.damage import DamagedVector
from binocle.catalog.tables import picture_checksums
from binocle.catalog.tables.checksums import SUMMED, damaged_vectors, is_whole
from binocle.catalog.tables.schema import (
    fingerprint_checksums,
    info_checksums,
    parts,
    picture_colours,
    picture_fingerprints,
    records,
    vector_checksums,
    vectors,
)
from binocle.catalog.text_rows import RecordTexts
from binocle.catalog.types import NewRows, StoredImage
from binocle.media.kinds import IMAGE, KINDS
from binocle.types import (
    Fingerprint,
    Float32Array,
    ImageInfo,
    Int64Array,
    Kind,
    NewPart,
    Part,
    StoredPicture,
)

_BATCH = 5000
_WITH_COLOURS = parts.outerjoin(picture_colours, picture_colours.c.part_id == parts.c.id)
_PART = (
    parts.c.id, parts.c.kind, parts.c.role, parts.c.uri, parts.c.text, parts.c.sha256,
    parts.c.info, picture_colours.c.colour,
)  # fmt: skip
_OF_RECORDS = (
    sa.select(parts.c.record_id, *_PART).select_from(_WITH_COLOURS)
    .where(parts.c.record_id.in_(sa.bindparam("numbers", expanding=True)))
    .order_by(parts.c.position)
)  # fmt: skip
_OWNERS = "SELECT id, record_id FROM parts WHERE kind = ? AND id <= ? ORDER BY id"
_OWNER = np.dtype([("part", np.int64), ("record", np.int64)])


@dataclass(frozen=True, slots=True)
class SqlParts:
    """The tables ``parts`` and ``vectors``."""

    connection: sa.Connection

    def count(self) -> dict[Kind, int]:
        rows = self.connection.execute(
            sa.select(parts.c.kind, sa.func.count()).group_by(parts.c.kind)
        )
        counts = dict.fromkeys(KINDS, 0)
        counts.update((row[0], row[1]) for row in rows)
        return counts

    def after(self, kind: Kind, part_id: int, dimension: int) -> Iterator[NewRows]:
        while True:
            query = (
                sa.select(parts.c.id, parts.c.record_id, vectors.c.vector, vector_checksums.c.crc32)
                .join(SUMMED, vectors.c.part_id == parts.c.id)
                .where(parts.c.kind == kind, parts.c.id > part_id)
                .order_by(parts.c.id)
                .limit(_BATCH)
            )
            found = self.connection.execute(query).all()
            if not found:
                return
            part_id = found[-1][0]
            whole = [row for row in found if len(row[2]) == 4 * dimension and is_whole(*row[2:])]
            yield NewRows(
                np.array([row[0] for row in whole], np.int64),
                np.array([row[1] for row in whole], np.int64),
                np.frombuffer(b"".join(row[2] for row in whole), "<f4").reshape(-1, dimension),
                tuple(sorted({row[0] for row in found} - {row[0] for row in whole})),
            )

    def owners(self, kind: Kind, up_to: int) -> tuple[Int64Array, Int64Array]:
        cursor = self.connection.connection.cursor()  # SQLAlchemy's own takes thrice the time
        query = dialect.written(self.connection, _OWNERS)
        pairs = np.fromiter(cursor.execute(query, (kind, up_to)), _OWNER)
        return np.ascontiguousarray(pairs["part"]), np.ascontiguousarray(pairs["record"])

    def by_id(self, ids: Sequence[int]) -> dict[int, Part]:
        found = {}
        for chunk in batched(ids):
            query = sa.select(*_PART).select_from(_WITH_COLOURS).where(parts.c.id.in_(chunk))
            for row in self.connection.execute(query):
                found[row[0]] = _part(*row)
        return found

    def of_records(self, numbers: Iterable[int]) -> dict[int, tuple[Part, ...]]:
        found: dict[int, list[Part]] = {}
        for chunk in batched(numbers):
            for number, *row in self.connection.execute(_OF_RECORDS, {"numbers": chunk}):
                found.setdefault(number, []).append(_part(*row))
        return {number: tuple(own) for number, own in found.items()}

    def short_texts(self, most: int) -> list[tuple[str, str, int]]:
        query = (
            sa.select(parts.c.role, parts.c.text, sa.func.count())
            .where(parts.c.text.is_not(None), sa.func.length(parts.c.text) <= most)
            .group_by(parts.c.role, parts.c.text)
        )
        return [(row[0], row[1], row[2]) for row in self.connection.execute(query)]

    def at(self, record_ids: Int64Array, positions: Int64Array) -> Int64Array:
        found: dict[int, dict[int, int]] = {}
        query = (
            "SELECT record_id, position, parts.id FROM each_value parts "
            "ON record_id = value ORDER BY record_id, position"
        )
        for chunk in batched(record_ids.tolist()):
            rows = dialect.run_for_each(self.connection, query, chunk)
            for record_id, position, part_id in rows:
                found.setdefault(record_id, {}).setdefault(position, part_id)
        parts = []
        for record_id, position in zip(record_ids.tolist(), positions.tolist(), strict=True):
            there = found.get(record_id, {})
            parts.append(there.get(position, next(iter(there.values()), -1)))
        return np.array(parts, np.int64)

    def vectors_of_record(self, record_id: int) -> dict[Kind, list[Float32Array]]:
        query = (
            sa.select(parts.c.kind, vectors.c.vector, vector_checksums.c.crc32)
            .join(SUMMED, vectors.c.part_id == parts.c.id)
            .where(parts.c.record_id == record_id)
            .order_by(parts.c.position)
        )
        found: dict[Kind, list[Float32Array]] = {kind: [] for kind in KINDS}
        for kind, vector, crc32 in self.connection.execute(query):
            if is_whole(vector, crc32):
                found[kind].append(np.frombuffer(vector, "<f4"))
        return found

    def vectors_of(self, part_ids: Iterable[int]) -> dict[int, Float32Array]:
        found = {}
        for chunk in batched(part_ids):
            query = sa.select(vectors.c.part_id, vectors.c.vector, vector_checksums.c.crc32)
            query = query.select_from(SUMMED).where(vectors.c.part_id.in_(chunk))
            for part_id, vector, crc32 in self.connection.execute(query):
                if is_whole(vector, crc32):
                    found[part_id] = np.frombuffer(vector, "<f4")
        return found

    def known_contents(self, kind: Kind, hashes: Iterable[bytes]) -> dict[bytes, NewPart]:
        found: dict[bytes, NewPart] = {}
        for chunk in batched(dict.fromkeys(hashes)):
            query = (
                sa.select(
                    parts.c.sha256,
                    vectors.c.vector,
                    vector_checksums.c.crc32,
                    parts.c.info,
                    info_checksums.c.crc32,
                    picture_fingerprints.c.hash,
                    picture_fingerprints.c.features,
                    fingerprint_checksums.c.crc32,
                    picture_colours.c.colour,
                )
                .join(SUMMED, vectors.c.part_id == parts.c.id)
                .outerjoin(info_checksums, info_checksums.c.part_id == parts.c.id)
                .outerjoin(picture_checksums.SUMMED, picture_fingerprints.c.part_id == parts.c.id)
                .outerjoin(picture_colours, picture_colours.c.part_id == parts.c.id)
                .where(parts.c.kind == kind, parts.c.sha256.in_(chunk))
            )
            for row in self.connection.execute(query):
                part = _known_part(kind, row)
                if part is not None:  # else it is embedded again
                    found[part.sha256] = part
        return found

    def damaged_vectors(self, part_ids: Iterable[int] | None = None) -> list[DamagedVector]:
        return damaged_vectors(self.connection, part_ids)

    def image_hashes(self) -> set[bytes]:
        query = sa.select(parts.c.sha256).where(parts.c.kind == IMAGE)
        return set(self.connection.execute(query).scalars())

    def images_of_records(self, keys: Iterable[str]) -> set[bytes]:
        found: set[bytes] = set()
        for chunk in batched(keys):
            query = (
                sa.select(parts.c.sha256)
                .join(records, records.c.id == parts.c.record_id)
                .where(records.c.key.in_(chunk), parts.c.kind == IMAGE)
            )
            found.update(self.connection.execute(query).scalars())
        return found

    def uris_of_images(self, hashes: Iterable[bytes]) -> dict[bytes, set[str]]:
        found: dict[bytes, set[str]] = {}
        for chunk in batched(hashes):
            query = sa.select(parts.c.sha256, parts.c.uri).where(
                parts.c.sha256.in_(chunk), parts.c.kind == IMAGE
            )
            for sha256, uri in self.connection.execute(query):
                found.setdefault(sha256, set()).add(uri)
        return found

    def image(self, key: str, part_id: int | None = None) -> StoredImage | None:
        query = (
            sa.select(parts.c.uri, parts.c.sha256, parts.c.info, picture_colours.c.colour)
            .select_from(_WITH_COLOURS.join(records, records.c.id == parts.c.record_id))
            .where(records.c.key == key, parts.c.kind == IMAGE)
            .order_by(parts.c.position)
            .limit(1)
        )
        if part_id is not None:
            query = query.where(parts.c.id == part_id)
        row = self.connection.execute(query).first()
        return StoredImage(row[0], row[1], json.loads(row[2])["format"], row[3]) if row else None

    def images_with_content(self, sha256: bytes) -> list[int]:
        query = sa.select(parts.c.id).where(parts.c.sha256 == sha256, parts.c.kind == IMAGE)
        return list(self.connection.execute(query.order_by(parts.c.id)).scalars())


def _part(
    part_id: int, kind: Kind, role: str, uri: str, text: str | None, sha256: bytes,
    info: str | None, colour: str | None,
) -> Part:  # fmt: skip
    picture = None
    if info is not None:
        with suppress(ValueError, KeyError, TypeError):  # damaged; the doctor tells
            facts = json.loads(info)
            picture = StoredPicture(facts["width"], facts["height"], sha256.hex(), colour)
    return Part(part_id, kind, role, uri, text, picture)


def _known_part(kind: Kind, row: Any) -> NewPart | None:
    """Return a stored content; None where something of it is damaged."""
    sha256, vector, vector_crc32, info, info_crc32, hashed, features, crc32, colour = row
    if not is_whole(vector, vector_crc32):
        return None
    if not picture_checksums.is_whole_info(info, info_crc32):
        return None
    fingerprint = None
    if hashed is not None:
        if not picture_checksums.is_whole_fingerprint(hashed, features, crc32):
            return None
        fingerprint = Fingerprint(hashed, features)
    image_info = ImageInfo(**json.loads(info)) if info else None
    values = np.frombuffer(vector, "<f4")
    return NewPart(
        kind, "", "", sha256, values, info=image_info, fingerprint=fingerprint, colour=colour
    )


def record_texts(connection: sa.Connection, numbers: Iterable[int]) -> Iterator[RecordTexts]:
    """Yield what the catalogue says of records, by internal ids, in no particular order."""
    for chunk in batched(numbers):
        texts: dict[int, list[tuple[int, str, str]]] = {}
        query = (
            "SELECT record_id, position, role, text FROM each_value parts "
            "ON record_id = value WHERE text IS NOT NULL ORDER BY record_id, position"
        )
        for number, *text in dialect.run_for_each(connection, query, chunk):
            texts.setdefault(number, []).append((text[0], text[1], text[2]))
        query = (
            "SELECT records.id, records.key, uri, metadata FROM each_value records "
            "ON records.id = value"
        )
        for number, key, uri, metadata in dialect.run_for_each(connection, query, chunk):
            yield RecordTexts(number, key, uri, json.loads(metadata), texts.get(number, ()))
