"""Named changes to the catalogue. Each is called inside one write transaction."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa

from binocle.catalog.counters import hand_out, next_change, read_counter, set_counter
from binocle.catalog.records import batched
from binocle.catalog.tables import attributes, fingerprints, fulltext, labels
from binocle.catalog.tables.schema import (
    items,
    parts,
    records,
    removed_parts,
    removed_records,
    vectors,
)
from binocle.errors import UsageError
from binocle.metadata.field_types import FieldType, Reading
from binocle.types import Metadata, MetadataValue, NewPart, NewRecord, Scalar

_CHUNK = 5000
_MAX_REMOVED = 200_000
_MAX_CHANGES = 100_000


def upsert_records(
    connection: sa.Connection, new: Sequence[NewRecord], *, source_id: int | None = None
) -> int:
    """Store records, replacing those of the same id; parts of the same content stay as they are.

    Args:
        connection: A connection inside a write transaction.
        new: The records; of two with one id the later one counts.
        source_id: Whom they belong to from now on.

    Returns:
        How many of them belonged to somebody else before.
    """
    wanted = {record.id: record for record in new}
    if not wanted:
        return 0
    change = next_change(connection)
    owners = _known_records(connection, list(wanted))
    known = {key: number for key, (number, _) in owners.items()}
    record_ids = hand_out(connection, "next_record_id", len(wanted) - len(known))
    numbers = {key: known[key] if key in known else next(record_ids) for key in wanted}
    rows = {
        key: {
            "id": numbers[key],
            "key": key,
            "source_id": source_id,
            "uri": record.uri,
            "metadata": _json(record.metadata),
            "changed": change,
        }
        for key, record in wanted.items()
    }
    _store_rows(connection, rows, known)
    labels.forget(connection, known.values())
    _store_parts(connection, {numbers[key]: one.parts for key, one in wanted.items()}, known)
    attributes.write(
        connection,
        {numbers[key]: record.metadata for key, record in wanted.items()},
        known.values(),
    )
    fulltext.update(connection, numbers.values())
    return sum(source != source_id for _, source in owners.values())


def _store_rows(
    connection: sa.Connection, rows: Mapping[str, Mapping[str, Any]], known: Mapping[str, int]
) -> None:
    """Insert the rows of new records, and write over those that are known."""
    fresh = [row for key, row in rows.items() if key not in known]
    if fresh:
        connection.execute(records.insert(), fresh)
    for key, number in known.items():
        values = {name: value for name, value in rows[key].items() if name not in ("id", "key")}
        connection.execute(records.update().where(records.c.id == number).values(**values))


def _store_parts(
    connection: sa.Connection,
    wanted: Mapping[int, Sequence[NewPart]],
    known: Mapping[str, int],
) -> None:
    """Give records their parts; what has the same content as before stays, with its vector."""
    kept_parts = _parts_of(connection, known.values())
    stale: list[int] = []
    moved: list[dict[str, Any]] = []
    added: list[tuple[int, int, NewPart]] = []
    for number, own in wanted.items():
        there = kept_parts.get(number, {})
        for position, part in enumerate(own):
            same = there.get((part.kind, part.role, part.sha256))
            if same:
                moved.append({"part": same.pop(), "at": position, "to": part.uri})
            else:
                added.append((number, position, part))
        stale.extend(part_id for part_ids in there.values() for part_id in part_ids)
    if moved:
        statement = parts.update().where(parts.c.id == sa.bindparam("part"))
        values: dict[Any, Any] = {"position": sa.bindparam("at"), "uri": sa.bindparam("to")}
        connection.execute(statement.values(values), moved)
    _remove_parts(connection, stale)
    _insert_parts(connection, added)


def remove_records(
    connection: sa.Connection, keys: Sequence[str], *, source_id: int | None = None
) -> int:
    """Remove records and all that hangs on them; ids that are not there are ignored.

    Args:
        connection: A connection inside a write transaction.
        keys: The records' ids.
        source_id: Remove only what belongs to this source. None for all.

    Returns:
        How many were removed.
    """
    removed = change = 0
    for chunk in batched(keys, _CHUNK):
        query = sa.select(records.c.id).where(records.c.key.in_(chunk))
        if source_id is not None:
            query = query.where(records.c.source_id == source_id)
        numbers = list(connection.execute(query).scalars())
        if not numbers:
            continue
        if not removed:
            change = next_change(connection)
        removed += len(numbers)
        # What another source also has under this id is new again at that source's next run.
        if source_id is not None:
            others = items.update().where(
                items.c.record_key.in_(chunk), items.c.source_id != source_id
            )
            connection.execute(others.values(fingerprint=""))
        part_ids = connection.execute(sa.select(parts.c.id).where(parts.c.record_id.in_(numbers)))
        _remove_parts(connection, list(part_ids.scalars()))
        attributes.remove(connection, numbers)
        fulltext.remove(connection, numbers)
        connection.execute(records.delete().where(records.c.id.in_(numbers)))
        connection.execute(
            removed_records.insert(),
            [{"record_id": number, "change": change} for number in numbers],
        )
    return removed


def patch_metadata(
    connection: sa.Connection, key: str, changes_by_field: Mapping[str, MetadataValue | None]
) -> bool:
    """Set metadata fields of a record, None removing one; tell whether there is such a record.

    Raises:
        UsageError: A value cannot be stored.
    """
    return patch_records(connection, {key: changes_by_field}) == 1


def patch_records(
    connection: sa.Connection, changes_by_key: Mapping[str, Mapping[str, MetadataValue | None]]
) -> int:
    """Set metadata fields of several records, None removing one, as one change.

    Args:
        connection: A connection inside a write transaction.
        changes_by_key: New values by field, by the records' ids; ids that are not there are
            ignored.

    Returns:
        How many records there are of these.

    Raises:
        UsageError: A value cannot be stored.
    """
    joined: dict[int, Metadata] = {}
    for chunk in batched(changes_by_key, _CHUNK):
        query = sa.select(records.c.id, records.c.key, records.c.metadata)
        for number, key, text in connection.execute(query.where(records.c.key.in_(chunk))):
            values = {**json.loads(text), **changes_by_key[key]}
            joined[number] = {name: one for name, one in values.items() if one is not None}
    if not joined:
        return 0
    change = next_change(connection)
    for number, metadata in joined.items():
        statement = records.update().where(records.c.id == number)
        connection.execute(statement.values(metadata=_json(metadata), changed=change))
    attributes.write(connection, joined, list(joined))
    fulltext.update(connection, list(joined))
    return len(joined)


def declare(connection: sa.Connection, types: Mapping[str, FieldType | None]) -> None:
    """Set the types of metadata fields, None leaving one to inference; see ``attributes``."""
    if attributes.declare(connection, types):
        set_counter(connection, "schema_changed", next_change(connection))


def settle(connection: sa.Connection, readings: Mapping[str, Reading], source_id: int) -> None:
    """Note what a table's columns are but for strays; see ``attributes``."""
    if attributes.settle(connection, readings, source_id):
        set_counter(connection, "schema_changed", next_change(connection))


def _known_records(connection: sa.Connection, keys: list[str]) -> dict[str, tuple[int, int | None]]:
    """Return internal id and source of the records that are there."""
    known: dict[str, tuple[int, int | None]] = {}
    for chunk in batched(keys, _CHUNK):
        query = sa.select(records.c.key, records.c.id, records.c.source_id)
        found = connection.execute(query.where(records.c.key.in_(chunk)))
        known.update((row[0], (row[1], row[2])) for row in found)
    return known


def _parts_of(
    connection: sa.Connection, record_ids: Iterable[int]
) -> dict[int, dict[tuple[str, str, bytes], list[int]]]:
    there: dict[int, dict[tuple[str, str, bytes], list[int]]] = {}
    for chunk in batched(record_ids, _CHUNK):
        query = sa.select(
            parts.c.record_id, parts.c.kind, parts.c.role, parts.c.sha256, parts.c.id
        ).where(parts.c.record_id.in_(chunk))
        for record_id, kind, role, sha256, part_id in connection.execute(query):
            same = there.setdefault(record_id, defaultdict(list))
            same[kind, role, sha256].append(part_id)
    return there


def _remove_parts(connection: sa.Connection, part_ids: Sequence[int]) -> None:
    if not part_ids:
        return
    change = read_counter(connection, "change")
    for chunk in batched(part_ids, _CHUNK):
        connection.execute(vectors.delete().where(vectors.c.part_id.in_(chunk)))
        connection.execute(parts.delete().where(parts.c.id.in_(chunk)))
        connection.execute(
            removed_parts.insert(), [{"part_id": part_id, "change": change} for part_id in chunk]
        )


def _insert_parts(connection: sa.Connection, added: Sequence[tuple[int, int, NewPart]]) -> None:
    if not added:
        return
    part_ids = list(hand_out(connection, "next_part_id", len(added)))
    connection.execute(
        parts.insert(),
        [
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
        ],
    )
    connection.execute(
        vectors.insert(),
        [
            {"part_id": part_id, "vector": np.ascontiguousarray(part.vector, "<f4").tobytes()}
            for part_id, (_, _, part) in zip(part_ids, added, strict=True)
        ],
    )
    fingerprints.put_fingerprints(
        connection,
        {
            part_id: part.fingerprint
            for part_id, (_, _, part) in zip(part_ids, added, strict=True)
            if part.fingerprint is not None
        },
    )


def _values(metadata: Metadata) -> Iterator[tuple[str, Scalar]]:
    for name, value in metadata.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def check_metadata(metadata: Metadata) -> None:
    """Refuse metadata that cannot be stored.

    Raises:
        UsageError: A number is not finite, or has more than 64 bits.
    """
    _json(metadata)


def _json(metadata: Metadata) -> str:
    for name, value in _values(metadata):
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"the metadata field {name!r} is {value}, which JSON cannot hold")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise UsageError(f"the metadata field {name!r} has more than 64 bits; make it a string")
    return json.dumps(dict(metadata), ensure_ascii=False)
