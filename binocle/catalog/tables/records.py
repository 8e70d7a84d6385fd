"""Records: what a user looks for."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.protocols.fulltext import FullTextIndex
from binocle.catalog.tables.checksums import damaged_vectors, put_part_checksums, put_vectors
from binocle.catalog.tables.fields import SqlFields
from binocle.catalog.tables.filter_sql import condition
from binocle.catalog.tables.history import SqlHistory, overwriting, put
from binocle.catalog.tables.parts import record_texts
from binocle.catalog.tables.picture_checksums import (
    damaged_pictures,
    put_fingerprints,
    put_infos,
)
from binocle.catalog.tables.schema import (
    items,
    parts,
    picture_colours,
    records,
    removed_parts,
    removed_records,
    vectors,
    written_labels,
)
from binocle.catalog.text_rows import RecordTexts
from binocle.metadata.field_types import metadata_json
from binocle.metadata.filters import Filter
from binocle.types import Int64Array, Metadata, MetadataValue, NewPart, NewRecord, Record

_RECORDS = sa.select(records.c.id, records.c.key, records.c.uri, records.c.metadata)
_NUMBERED = _RECORDS.where(records.c.id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class SqlRecords:
    """The table ``records``, and all that is written with a record."""

    connection: sa.Connection
    history: SqlHistory
    fields: SqlFields
    words: FullTextIndex

    def count(self, where: Filter | None = None) -> int:
        query = sa.select(sa.func.count()).select_from(records)
        query = query if where is None else query.where(condition(where, self.connection))
        return self.connection.execute(query).scalar_one()

    def matching(self, where: Filter) -> Int64Array:
        passes = condition(where, self.connection)
        found = self.connection.execute(sa.select(records.c.id).where(passes))
        return np.fromiter(found.scalars(), np.int64)

    def number_of(self, key: str) -> int | None:
        return self.connection.execute(
            sa.select(records.c.id).where(records.c.key == key)
        ).scalar_one_or_none()

    def numbers_of(self, keys: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for chunk in batched(dict.fromkeys(keys)):
            query = sa.select(records.c.key, records.c.id).where(records.c.key.in_(chunk))
            found.update((row[0], row[1]) for row in self.connection.execute(query))
        return found

    def keys_of(self, record_ids: Iterable[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for chunk in batched(dict.fromkeys(record_ids)):
            query = sa.select(records.c.id, records.c.key).where(records.c.id.in_(chunk))
            found.update((row[0], row[1]) for row in self.connection.execute(query))
        return found

    def by_number(self, ids: Sequence[int]) -> dict[int, Record]:
        found: dict[int, Record] = {}
        for chunk in batched(ids):
            found.update(self._records(_NUMBERED, ids=chunk))
        return found

    def after(self, number: int, limit: int, clauses: Sequence[Filter]) -> list[tuple[int, Record]]:
        tests = [condition(one, self.connection) for one in clauses]
        query = _RECORDS.where(records.c.id > number, *tests)
        return list(self._records(query.order_by(records.c.id).limit(limit)))

    def _records(self, query: sa.Select[Any], **bound: object) -> Iterator[tuple[int, Record]]:
        for number, key, uri, metadata in self.connection.execute(query, bound):
            yield number, Record(key, uri, json.loads(metadata))

    def upsert(self, new: Sequence[NewRecord], *, source_id: int | None = None) -> int:
        wanted = {record.id: record for record in new}
        if not wanted:
            return 0
        change = self.history.next_change()
        owners = self._known_records(list(wanted))
        known = {key: number for key, (number, _) in owners.items()}
        record_ids = self.history.hand_out("next_record_id", len(wanted) - len(known))
        numbers = {key: known[key] if key in known else next(record_ids) for key in wanted}
        rows = [
            {
                "id": numbers[key],
                "key": key,
                "source_id": source_id,
                "uri": record.uri,
                "metadata": metadata_json(record.metadata),
                "changed": change,
            }
            for key, record in wanted.items()
        ]
        put(self.connection, records, rows)
        for chunk in batched(known.values()):  # they say now what their source says, nothing more
            rows_of = written_labels.delete().where(written_labels.c.record_id.in_(chunk))
            self.connection.execute(rows_of)
        self._store_parts({numbers[key]: one.parts for key, one in wanted.items()}, known)
        self.fields.write(
            {numbers[key]: record.metadata for key, record in wanted.items()},
            known.values(),
        )
        self.words.put(RecordTexts.of(numbers[key], record) for key, record in wanted.items())
        return sum(source != source_id for _, source in owners.values())

    def _store_parts(
        self,
        wanted: Mapping[int, Sequence[NewPart]],
        known: Mapping[str, int],
    ) -> None:
        """Give records their parts; what has the same content as before stays, with its vector.

        What is damaged, or has a vector that is, goes.
        """
        kept_parts = self._parts_of(known.values()) if known else {}
        damaged = self._damaged_of(known.values()) if known else set()
        stale: list[int] = []
        moved: list[dict[str, Any]] = []
        added: list[tuple[int, int, NewPart]] = []
        for number, own in wanted.items():
            there = kept_parts.get(number, {})
            for position, part in enumerate(own):
                same = there.get((part.kind, part.role, part.sha256))
                if same and same[-1] not in damaged:
                    moved.append({"part": same.pop(), "at": position, "to": part.uri})
                else:
                    added.append((number, position, part))
            stale.extend(part_id for part_ids in there.values() for part_id in part_ids)
        if moved:
            statement = parts.update().where(parts.c.id == sa.bindparam("part"))
            values: dict[Any, Any] = {"position": sa.bindparam("at"), "uri": sa.bindparam("to")}
            self.connection.execute(statement.values(values), moved)
            put_part_checksums(self.connection, [one["part"] for one in moved])
        if stale:
            self._remove_parts(stale)
        if added:
            self._insert_parts(added)

    def remove(self, keys: Sequence[str], *, source_id: int | None = None) -> int:
        with overwriting(self.connection):
            return self._remove(keys, source_id)

    def _remove(self, keys: Sequence[str], source_id: int | None) -> int:
        removed = change = 0
        for chunk in batched(keys):
            query = sa.select(records.c.id).where(records.c.key.in_(chunk))
            if source_id is not None:
                query = query.where(records.c.source_id == source_id)
            numbers = list(self.connection.execute(query).scalars())
            if not numbers:
                continue
            if not removed:
                change = self.history.next_change()
            removed += len(numbers)
            # What another source also has under this id is new again at that source's next run.
            if source_id is not None:
                others = items.update().where(
                    items.c.record_key.in_(chunk), items.c.source_id != source_id
                )
                self.connection.execute(others.values(fingerprint=""))
            part_ids = self.connection.execute(
                sa.select(parts.c.id).where(parts.c.record_id.in_(numbers))
            )
            if gone := list(part_ids.scalars()):
                self._remove_parts(gone)
            self.fields.remove(numbers)
            self.words.remove(numbers)
            self.connection.execute(records.delete().where(records.c.id.in_(numbers)))
            self.connection.execute(
                removed_records.insert(),
                [{"record_id": number, "change": change} for number in numbers],
            )
        return removed

    def patch(self, changes_by_key: Mapping[str, Mapping[str, MetadataValue | None]]) -> int:
        joined: dict[int, Metadata] = {}
        for chunk in batched(changes_by_key):
            query = sa.select(records.c.id, records.c.key, records.c.metadata)
            for number, key, text in self.connection.execute(query.where(records.c.key.in_(chunk))):
                values = {**json.loads(text), **changes_by_key[key]}
                joined[number] = {name: one for name, one in values.items() if one is not None}
        if not joined:
            return 0
        change = self.history.next_change()
        for number, metadata in joined.items():
            statement = records.update().where(records.c.id == number)
            self.connection.execute(
                statement.values(metadata=metadata_json(metadata), changed=change)
            )
        self.fields.write(joined, list(joined))
        self.words.put(record_texts(self.connection, joined))
        return len(joined)

    def _known_records(self, keys: list[str]) -> dict[str, tuple[int, int | None]]:
        """Return internal id and source of the records that are there."""
        known: dict[str, tuple[int, int | None]] = {}
        for chunk in batched(keys):
            query = sa.select(records.c.key, records.c.id, records.c.source_id)
            found = self.connection.execute(query.where(records.c.key.in_(chunk)))
            known.update((row[0], (row[1], row[2])) for row in found)
        return known

    def _parts_of(
        self, record_ids: Iterable[int]
    ) -> dict[int, dict[tuple[str, str, bytes], list[int]]]:
        there: dict[int, dict[tuple[str, str, bytes], list[int]]] = {}
        for chunk in batched(record_ids):
            query = sa.select(
                parts.c.record_id, parts.c.kind, parts.c.role, parts.c.sha256, parts.c.id
            ).where(parts.c.record_id.in_(chunk))
            for record_id, kind, role, sha256, part_id in self.connection.execute(query):
                same = there.setdefault(record_id, defaultdict(list))
                same[kind, role, sha256].append(part_id)
        return there

    def _damaged_of(self, record_ids: Iterable[int]) -> set[int]:
        query = sa.select(parts.c.id)
        found = [
            self.connection.execute(query.where(parts.c.record_id.in_(chunk))).scalars().all()
            for chunk in batched(record_ids)
        ]
        ids = [one for chunk in found for one in chunk]
        damaged = {one.part_id for one in damaged_vectors(self.connection, ids)}
        return damaged | damaged_pictures(self.connection, ids)

    def _remove_parts(self, part_ids: Sequence[int]) -> None:
        change = self.history.change()
        for chunk in batched(part_ids):
            self.connection.execute(vectors.delete().where(vectors.c.part_id.in_(chunk)))
            self.connection.execute(parts.delete().where(parts.c.id.in_(chunk)))
            self.connection.execute(
                removed_parts.insert(),
                [{"part_id": part_id, "change": change} for part_id in chunk],
            )

    def _insert_parts(self, added: Sequence[tuple[int, int, NewPart]]) -> None:
        part_ids = list(self.history.hand_out("next_part_id", len(added)))
        rows: list[dict[str, Any]] = [
            {
                "id": part_id,
                "record_id": record_id,
                "kind": part.kind,
                "role": part.role,
                "position": position,
                "uri": part.uri,
                "sha256": part.sha256,
                "text": part.text,
                "info": json.dumps(asdict(part.info)) if part.info else None,
            }
            for part_id, (record_id, position, part) in zip(part_ids, added, strict=True)
        ]
        self.connection.execute(parts.insert(), rows)
        put_part_checksums(self.connection, part_ids)
        stored = {
            part_id: np.ascontiguousarray(part.vector, "<f4").tobytes()
            for part_id, (_, _, part) in zip(part_ids, added, strict=True)
        }
        put_vectors(self.connection, stored)
        colours = [
            {"part_id": part_id, "colour": part.colour}
            for part_id, (_, _, part) in zip(part_ids, added, strict=True)
            if part.colour is not None
        ]
        put(self.connection, picture_colours, colours)
        put_infos(self.connection, {row["id"]: row["info"] for row in rows if row["info"]})
        put_fingerprints(
            self.connection,
            {
                part_id: part.fingerprint
                for part_id, (_, _, part) in zip(part_ids, added, strict=True)
                if part.fingerprint is not None
            },
        )
