"""Likenesses: what makes stored pictures known again, beside their parts.

The table is made where it is missing, so a catalogue from before it opens as it is; what its
pictures lack is found by ``parts_without`` and filled in with ``fill``.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.history import SqlMeta, put
from binocle.catalog.tables.picture_checksums import (
    SUMMED,
    is_whole_fingerprint,
    put_fingerprints,
)
from binocle.catalog.tables.schema import (
    fingerprint_checksums,
    parts,
    picture_colours,
    picture_fingerprints,
)
from binocle.catalog.types import FingerprintRows, KnownPicture
from binocle.media.kinds import IMAGE
from binocle.types import Fingerprint, ImageInfo, Part

_FILLED = "likenesses_filled"
_BATCH = 5000
_MOST_TOLD = 100
_log = logging.getLogger(__name__)
_ROWS = sa.select(
    picture_fingerprints.c.part_id,
    picture_fingerprints.c.hash,
    picture_fingerprints.c.features,
    fingerprint_checksums.c.crc32,
).select_from(SUMMED)
_ALL_PARTS = parts.outerjoin(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
_IS_WITHOUT = sa.and_(parts.c.kind == IMAGE, picture_fingerprints.c.part_id.is_(None))


@dataclass(frozen=True, slots=True)
class SqlFingerprints:
    """The table of fingerprints, called ``likenesses``."""

    connection: sa.Connection
    meta: SqlMeta

    def after(self, part_id: int) -> Iterator[FingerprintRows]:
        while True:
            query = _ROWS.where(picture_fingerprints.c.part_id > part_id)
            query = query.order_by(picture_fingerprints.c.part_id).limit(_BATCH)
            found = self.connection.execute(query).all()
            if not found:
                return
            if len((rows := _rows(found)).part_ids):
                yield rows
            part_id = found[-1][0]

    def contents(self) -> Iterator[tuple[int, bytes]]:
        query = (
            sa.select(parts.c.id, parts.c.sha256)
            .join(picture_fingerprints, picture_fingerprints.c.part_id == parts.c.id)
            .where(parts.c.kind == IMAGE, parts.c.info.is_not(None))
            .order_by(parts.c.id)
        )
        found = self.connection.execute(query.execution_options(yield_per=_BATCH))
        yield from ((part_id, sha256) for part_id, sha256 in found)

    def of_parts(self, part_ids: Iterable[int]) -> FingerprintRows:
        found: list[Any] = []
        for chunk in batched(sorted(set(part_ids))):
            query = _ROWS.where(picture_fingerprints.c.part_id.in_(chunk))
            found += self.connection.execute(query).all()
        return _rows(sorted(found, key=lambda row: row[0]))

    def hashes_of_parts(
        self, part_ids: Sequence[int]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        hashes = np.zeros((len(part_ids), 32), np.uint8)
        known = np.zeros(len(part_ids), np.bool_)
        found: dict[int, bytes] = {}
        for chunk in batched(dict.fromkeys(part_ids)):
            query = sa.select(picture_fingerprints.c.part_id, picture_fingerprints.c.hash)
            rows = self.connection.execute(query.where(picture_fingerprints.c.part_id.in_(chunk)))
            found.update((row[0], row[1]) for row in rows)
        for place, part_id in enumerate(part_ids):
            if part_id in found:
                hashes[place] = np.frombuffer(found[part_id], np.uint8)
                known[place] = True
        return hashes, known

    def parts_without(self, limit: int, after: int = 0) -> list[Part]:
        query = sa.select(parts.c.id, parts.c.kind, parts.c.role, parts.c.uri).select_from(
            _ALL_PARTS
        )
        query = query.where(parts.c.id > after, _IS_WITHOUT).order_by(parts.c.id).limit(limit)
        return [Part(*row) for row in self.connection.execute(query)]

    def count_without(self) -> int:
        query = sa.select(sa.func.count()).select_from(_ALL_PARTS).where(_IS_WITHOUT)
        return int(self.connection.execute(query).scalar_one())

    def times_filled(self) -> int:
        return self.meta.number(_FILLED)

    def pictures(self, part_ids: Iterable[int]) -> dict[int, KnownPicture]:
        found = {}
        for chunk in batched(dict.fromkeys(part_ids)):
            query = sa.select(
                parts.c.id,
                parts.c.kind,
                parts.c.role,
                parts.c.uri,
                parts.c.record_id,
                parts.c.sha256,
                parts.c.info,
            ).where(parts.c.id.in_(chunk), parts.c.kind == IMAGE, parts.c.info.is_not(None))
            for part_id, kind, role, uri, record_id, sha256, info in self.connection.execute(query):
                part = Part(part_id, kind, role, uri)
                found[part_id] = KnownPicture(
                    part, record_id, sha256, ImageInfo(**json.loads(info))
                )
        return found

    def fill(self, found: Mapping[int, Fingerprint]) -> None:
        for chunk in batched(found):
            there = self.connection.execute(sa.select(parts.c.id).where(parts.c.id.in_(chunk)))
            put_fingerprints(self.connection, {one: found[one] for one in there.scalars()})
        self.meta.put(_FILLED, self.times_filled() + 1)

    def put_colour(self, sha256: bytes, colour: str) -> None:
        query = sa.select(parts.c.id).where(parts.c.sha256 == sha256, parts.c.kind == IMAGE)
        found = self.connection.execute(query).scalars()
        rows = [{"part_id": one, "colour": colour} for one in found]
        put(self.connection, picture_colours, rows)


def _rows(found: Sequence[Any]) -> FingerprintRows:
    """Return fingerprints without those that are damaged, which are logged."""
    whole = [row for row in found if is_whole_fingerprint(*row[1:])]
    if len(whole) < len(found):
        kept = {row[0] for row in whole}
        _log.warning(
            "the stored fingerprints of %d pictures are damaged (parts %s): they are not known "
            "again until 'binocle doctor --repair' has them made anew",
            len(found) - len(whole),
            ", ".join(str(row[0]) for row in found if row[0] not in kept)[:_MOST_TOLD],
        )
    return FingerprintRows(
        np.array([row[0] for row in whole], np.int64),
        np.frombuffer(b"".join(row[1] for row in whole), np.uint8).reshape(-1, 32),
        tuple(row[2] for row in whole),
    )
