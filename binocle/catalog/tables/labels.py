"""Labels: which fields hold them, which values labelling wrote, and how they follow pictures.

What labelling wrote it may write again, and nothing else; and it is kept where a picture moves to
another name, another folder, another source, which what a source says is not. A label belongs to
the first picture of its record. When a run stores that record again, or removes it, the label is
set aside under the picture's SHA-256, in the same transaction. When a run ends, labels are given to
the records that have these pictures now and were stored since. So it makes no difference what a run
sees first, nor whether it is killed in between: the next one goes on.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import dialect
from binocle.catalog.tables.fields import SqlFields
from binocle.catalog.tables.history import SqlMeta
from binocle.catalog.tables.records import SqlRecords
from binocle.catalog.tables.schema import parts, records, waiting_labels, written_labels
from binocle.media.kinds import IMAGE
from binocle.types import Metadata, MetadataValue

_KEY = "label_fields"
_CHUNK = 2000
_MOST_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A label without its picture."""

    id: int
    key: str
    field: str
    value: str
    since: int


@dataclass(frozen=True, slots=True)
class _Taker:
    """A record whose first picture labels wait for."""

    key: str
    changed: int
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class SqlLabels:
    """The tables ``written_labels`` and ``waiting_labels``."""

    connection: sa.Connection
    meta: SqlMeta
    fields: SqlFields
    records: SqlRecords

    def is_free(self, field: str) -> bool:
        if field in self._claimed():
            return True
        if self.fields.holds(field):
            return False
        # Values that are not of the field's type, and empty lists, are only in the records.
        named = records.c.metadata.contains(json.dumps(field, ensure_ascii=False), autoescape=True)
        query = sa.select(records.c.metadata).where(named).execution_options(yield_per=_CHUNK)
        found = self.connection.execute(query).scalars()
        return not any(field in json.loads(metadata) for metadata in found)

    def claim(self, field: str) -> None:
        self.meta.put(_KEY, json.dumps(sorted({*self._claimed(), field})))

    def note(self, field: str, keys: Iterable[str]) -> None:
        self._mark(field, keys)
        self.connection.execute(waiting_labels.delete().where(waiting_labels.c.field == field))

    def mark_all_claimed(self) -> None:
        """Note that whatever fields of labels hold in SQLite was written by labelling."""
        member = sa.func.json_each(records.c.metadata).table_valued("key")
        held = sa.select(records.c.id, member.c.key).select_from(records).join(member, sa.true())
        rows = written_labels.insert().prefix_with("OR IGNORE")
        self.connection.execute(
            rows.from_select(["record_id", "field"], held.where(member.c.key.in_(self._claimed())))
        )

    def waiting_contents(self) -> Iterator[list[bytes]]:
        there = sa.exists().where(parts.c.sha256 == waiting_labels.c.sha256, parts.c.kind == IMAGE)
        found = self.connection.execute(sa.select(waiting_labels.c.sha256).distinct().where(there))
        return batched(found.scalars().all(), _CHUNK)

    def set_aside(self, keys: Iterable[str], *, source_id: int | None = None) -> None:
        if self.connection.execute(sa.select(written_labels.c.field).limit(1)).first() is None:
            return
        for chunk in batched(keys, _CHUNK):
            query = (
                sa.select(
                    records.c.key,
                    records.c.changed,
                    records.c.metadata,
                    written_labels.c.field,
                    parts.c.sha256,
                )
                .join(written_labels, written_labels.c.record_id == records.c.id)
                .join(parts, parts.c.id == _first_picture())
                .where(records.c.key.in_(chunk))
            )
            if source_id is not None:
                query = query.where(records.c.source_id == source_id)
            rows = []
            for key, changed, text, field, sha256 in self.connection.execute(query):
                value = json.loads(text).get(field)
                if value is not None:
                    own = {"key": key, "sha256": sha256, "field": field}
                    rows.append({**own, "value": json.dumps(value), "since": changed})
            if rows:
                self.connection.execute(waiting_labels.insert(), rows)

    def set_aside_of_source(self, source_id: int) -> None:
        keys = self.connection.execute(
            sa.select(records.c.key).where(records.c.source_id == source_id)
        )
        self.set_aside(list(keys.scalars()))

    def give_back(self, contents: Sequence[bytes]) -> int:
        takers = self._takers(contents)
        changes: dict[str, dict[str, MetadataValue | None]] = defaultdict(dict)
        settled: list[int] = []
        for sha256, waiting in self._waiting(contents).items():
            for field in sorted({one.field for one in waiting}):
                own = [one for one in waiting if one.field == field]
                given = _given(own, [one for one in takers[sha256] if field not in one.metadata])
                for key, label in given.items():
                    changes[key][field] = json.loads(label.value)
                    settled.append(label.id)
        self.records.patch(changes)
        for chunk in batched(settled, _CHUNK):
            self.connection.execute(waiting_labels.delete().where(waiting_labels.c.id.in_(chunk)))
        for field in {field for values in changes.values() for field in values}:
            self._mark(field, [key for key in changes if field in changes[key]])
        return len(changes)

    def forget_oldest(self) -> None:
        newest = sa.select(waiting_labels.c.id).order_by(waiting_labels.c.id.desc())
        oldest = self.connection.execute(newest.offset(_MOST_WAITING).limit(1)).scalar()
        if oldest is not None:
            self.connection.execute(waiting_labels.delete().where(waiting_labels.c.id <= oldest))

    def _waiting(self, contents: Sequence[bytes]) -> dict[bytes, list[_Waiting]]:
        found: dict[bytes, list[_Waiting]] = defaultdict(list)
        query = sa.select(waiting_labels).where(waiting_labels.c.sha256.in_(contents))
        for row in self.connection.execute(query.order_by(waiting_labels.c.id)):
            found[row.sha256].append(_Waiting(row.id, row.key, row.field, row.value, row.since))
        return found

    def _takers(self, contents: Sequence[bytes]) -> dict[bytes, list[_Taker]]:
        found: dict[bytes, list[_Taker]] = defaultdict(list)
        query = (
            sa.select(parts.c.sha256, records.c.key, records.c.changed, records.c.metadata)
            .join(records, records.c.id == parts.c.record_id)
            .where(parts.c.sha256.in_(contents), parts.c.kind == IMAGE)
            .where(parts.c.id == _first_picture())
        )
        for sha256, key, changed, text in self.connection.execute(query):
            found[sha256].append(_Taker(key, changed, json.loads(text)))
        return found

    def _mark(self, field: str, keys: Iterable[str]) -> None:
        """Note that what records have in a field was written by labelling, where they are there."""
        for chunk in batched(keys):
            found = sa.select(records.c.id, sa.literal(field)).where(records.c.key.in_(chunk))
            rows = dialect.inserted(self.connection, written_labels)
            rows = rows.from_select(["record_id", "field"], found)
            self.connection.execute(rows.on_conflict_do_nothing())

    def _claimed(self) -> set[str]:
        (value,) = self.meta.get(_KEY)
        return set(json.loads(value)) if value else set()


def _given(waiting: Sequence[_Waiting], takers: Sequence[_Taker]) -> dict[str, _Waiting]:
    """Return which record gets which of the labels of one picture in one field."""
    keys = {one.key for one in takers}
    given = {one.key: one for one in waiting if one.key in keys}
    left = [one for one in waiting if one.key not in given]
    first = min((one.since for one in left), default=0)
    new = sorted(one.key for one in takers if one.key not in given and one.changed > first)
    if len(new) <= len(left) and len({one.value for one in left}) == 1:
        given.update(zip(new, left, strict=False))
    return given


def _first_picture() -> sa.ScalarSelect[int]:
    own = parts.alias()
    return (
        sa.select(own.c.id)
        .where(own.c.record_id == records.c.id, own.c.kind == IMAGE)
        .order_by(own.c.position, own.c.id)
        .limit(1)
        .correlate(records)
        .scalar_subquery()
    )
