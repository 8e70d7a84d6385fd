"""Named changes to the catalogue. Each is called inside one write transaction."""

import json
import math
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from binocle.catalog import attributes, likeness, words
from binocle.catalog.reading import Item, SourceRow, batched
from binocle.catalog.tables import (
    changes,
    items,
    meta,
    parts,
    records,
    removed_parts,
    removed_records,
    runs,
    sources,
    vectors,
)
from binocle.errors import UsageError
from binocle.fields import FieldType
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
    change = _next_change(connection)
    owners = _known_records(connection, list(wanted))
    known = {key: number for key, (number, _) in owners.items()}
    kept_parts = _parts_of(connection, known.values())
    record_ids = _hand_out(connection, "next_record_id", len(wanted) - len(known))
    numbers = {key: known[key] if key in known else next(record_ids) for key in wanted}
    fresh = [record for key, record in wanted.items() if key not in known]
    if fresh:
        connection.execute(
            records.insert(),
            [
                {
                    "id": numbers[record.id],
                    "key": record.id,
                    "source_id": source_id,
                    "uri": record.uri,
                    "metadata": _json(record.metadata),
                    "changed": change,
                }
                for record in fresh
            ],
        )
    stale: list[int] = []
    moved: list[dict[str, Any]] = []
    added: list[tuple[int, int, NewPart]] = []
    for key, record in wanted.items():
        if key in known:
            statement = records.update().where(records.c.id == known[key])
            connection.execute(
                statement.values(
                    source_id=source_id,
                    uri=record.uri,
                    metadata=_json(record.metadata),
                    changed=change,
                )
            )
        there = kept_parts.get(numbers[key], {})
        for position, part in enumerate(record.parts):
            same = there.get((part.kind, part.role, part.sha256))
            if same:
                moved.append({"part": same.pop(), "at": position, "to": part.uri})
            else:
                added.append((numbers[key], position, part))
        stale.extend(part_id for part_ids in there.values() for part_id in part_ids)
    if moved:
        statement = parts.update().where(parts.c.id == sa.bindparam("part"))
        values: dict[Any, Any] = {"position": sa.bindparam("at"), "uri": sa.bindparam("to")}
        connection.execute(statement.values(values), moved)
    _remove_parts(connection, stale)
    _insert_parts(connection, added)
    attributes.write(
        connection,
        {numbers[key]: record.metadata for key, record in wanted.items()},
        known.values(),
    )
    words.update(connection, numbers.values())
    return sum(source != source_id for _, source in owners.values())


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
            change = _next_change(connection)
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
        words.remove(connection, numbers)
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
    change = _next_change(connection)
    for number, metadata in joined.items():
        statement = records.update().where(records.c.id == number)
        connection.execute(statement.values(metadata=_json(metadata), changed=change))
    attributes.write(connection, joined, list(joined))
    words.update(connection, list(joined))
    return len(joined)


def add_source(connection: sa.Connection, name: str, uri: str, kind: str) -> SourceRow:
    """Return the source at a uri, making it with a free name close to the wanted one."""
    query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
    row = connection.execute(query.where(sources.c.uri == uri)).first()
    if row:
        return SourceRow(*row)
    taken = set(connection.execute(sa.select(sources.c.name)).scalars())
    free = name
    number = 2
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    result = connection.execute(sources.insert().values(name=free, uri=uri, kind=kind))
    assert result.inserted_primary_key is not None
    return SourceRow(result.inserted_primary_key[0], free, uri, kind)


def remove_source(connection: sa.Connection, source_id: int) -> int:
    """Remove a source, its ledger and the records that belong to it; return how many."""
    keys = connection.execute(sa.select(records.c.key).where(records.c.source_id == source_id))
    removed = remove_records(connection, list(keys.scalars()), source_id=source_id)
    for table in (items, runs):
        connection.execute(table.delete().where(table.c.source_id == source_id))
    connection.execute(sources.delete().where(sources.c.id == source_id))
    return removed


def start_run(connection: sa.Connection, source_id: int) -> int:
    """Note that a run begins; return its number."""
    result = connection.execute(runs.insert().values(source_id=source_id, started_at=_now()))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def finish_run(connection: sa.Connection, run_id: int, counts: dict[str, int]) -> None:
    """Note that a run is complete."""
    connection.execute(
        runs.update()
        .where(runs.c.id == run_id)
        .values(finished_at=_now(), counts=json.dumps(counts))
    )


def put_items(
    connection: sa.Connection, source_id: int, run_id: int, lines: Sequence[Item]
) -> None:
    """Write outcomes into a source's ledger."""
    remove_items(connection, source_id, [line.key for line in lines])
    if lines:
        connection.execute(
            items.insert(),
            [
                {
                    "source_id": source_id,
                    "key": line.key,
                    "fingerprint": line.fingerprint,
                    "record_key": line.record_id,
                    "code": line.code,
                    "message": line.message,
                    "run_id": run_id,
                }
                for line in {line.key: line for line in lines}.values()
            ],
        )


def remove_items(connection: sa.Connection, source_id: int, keys: Sequence[str]) -> None:
    """Remove lines from a source's ledger."""
    for chunk in batched(keys, _CHUNK):
        connection.execute(
            items.delete().where(items.c.source_id == source_id, items.c.key.in_(chunk))
        )


def mark_removed(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Note in the ledger that records were removed by hand, so that no run brings them back."""
    for chunk in batched(keys, _CHUNK):
        statement = items.update().where(items.c.record_key.in_(chunk))
        connection.execute(
            statement.values(record_key=None, code="removed", message="removed by hand")
        )


def forget_old_removals(connection: sa.Connection) -> None:
    """Keep the lists of removed things short; a reader that is further behind starts anew."""
    latest = _counter(connection, "change")
    connection.execute(changes.delete().where(changes.c.number < latest - _MAX_CHANGES))
    floor = 0
    for table in (removed_parts, removed_records):
        total = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        if total > _MAX_REMOVED:
            query = sa.select(table.c.change).order_by(table.c.change.desc())
            oldest = connection.execute(query.offset(_MAX_REMOVED // 2).limit(1)).scalar_one()
            floor = max(floor, oldest)
    if floor:
        for table in (removed_parts, removed_records):
            connection.execute(table.delete().where(table.c.change <= floor))
        _set_counter(connection, "removals_known_after", floor)


def declare(connection: sa.Connection, types: Mapping[str, FieldType | None]) -> None:
    """Set the types of metadata fields, None leaving one to inference; see ``attributes``."""
    if attributes.declare(connection, types):
        _set_counter(connection, "schema_changed", _next_change(connection))


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
    change = _counter(connection, "change")
    for chunk in batched(part_ids, _CHUNK):
        connection.execute(vectors.delete().where(vectors.c.part_id.in_(chunk)))
        connection.execute(parts.delete().where(parts.c.id.in_(chunk)))
        connection.execute(
            removed_parts.insert(), [{"part_id": part_id, "change": change} for part_id in chunk]
        )


def _insert_parts(connection: sa.Connection, added: Sequence[tuple[int, int, NewPart]]) -> None:
    if not added:
        return
    part_ids = list(_hand_out(connection, "next_part_id", len(added)))
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
    likeness.put_likenesses(
        connection,
        {
            part_id: part.likeness
            for part_id, (_, _, part) in zip(part_ids, added, strict=True)
            if part.likeness is not None
        },
    )


def _values(metadata: Metadata) -> Iterator[tuple[str, Scalar]]:
    for name, value in metadata.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _hand_out(connection: sa.Connection, counter: str, count: int) -> Iterator[int]:
    first = _counter(connection, counter) or 1
    _set_counter(connection, counter, first + count)
    return iter(range(first, first + count))


def _next_change(connection: sa.Connection) -> int:
    number = _counter(connection, "change") + 1
    words_in_step = words.is_ready(connection)
    _set_counter(connection, "change", number)
    if words_in_step:
        words.mark(connection)
    connection.execute(
        changes.insert().values(number=number, token=secrets.token_hex(8), at=_now())
    )
    return number


def _counter(connection: sa.Connection, key: str) -> int:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()
    return int(value or 0)


def _set_counter(connection: sa.Connection, key: str, value: int) -> None:
    updated = connection.execute(meta.update().where(meta.c.key == key).values(value=str(value)))
    if not updated.rowcount:
        connection.execute(meta.insert().values(key=key, value=str(value)))


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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
