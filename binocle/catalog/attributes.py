"""Metadata as the schema types it: one row a value, points beside them, and the schema itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import sqlalchemy as sa

from binocle.catalog.reading import batched
from binocle.catalog.tables import attributes, fields, points, records
from binocle.fields import (
    POINT,
    FieldInfo,
    FieldType,
    inferred_type,
    seen_in,
    typed,
)
from binocle.fields import points as points_of
from binocle.types import Metadata, Scalar

_CHUNK = 5000
_EXAMPLES = 3


def declared_schema(connection: sa.Connection) -> dict[str, FieldType]:
    """Return the declared fields and their types."""
    query = sa.select(fields.c.name, fields.c.declared).where(fields.c.declared.is_not(None))
    return {row[0]: cast(FieldType, row[1]) for row in connection.execute(query)}


def full_schema(connection: sa.Connection) -> dict[str, tuple[FieldType, bool]]:
    """Return all fields that were ever seen or declared: type, and whether it was declared."""
    query = sa.select(fields.c.name, fields.c.declared, fields.c.seen).order_by(fields.c.name)
    found: dict[str, tuple[FieldType, bool]] = {}
    for name, declared, seen in connection.execute(query):
        if declared is not None:
            found[name] = (cast(FieldType, declared), True)
        elif seen:
            found[name] = (inferred_type(seen), False)
    return found


def describe(connection: sa.Connection) -> list[FieldInfo]:
    """Return what is known of each field, in order of name."""
    query = sa.select(fields.c.name, fields.c.id)
    ids = {row[0]: row[1] for row in connection.execute(query)}
    return [
        FieldInfo(
            name,
            kind,
            declared,
            _count_holders(connection, ids[name]),
            tuple(
                bool(one) if kind == "boolean" and not isinstance(one, str) else one
                for one in _examples(connection, ids[name])
            ),
        )
        for name, (kind, declared) in full_schema(connection).items()
    ]


def _count_holders(connection: sa.Connection, field_id: int) -> int:
    holders = [
        sa.select(table.c.record_id).where(table.c.field_id == field_id)
        for table in (attributes, points)
    ]
    every = sa.union(*holders).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(every)).scalar_one()


def _examples(connection: sa.Connection, field_id: int) -> list[Scalar]:
    found: list[Scalar] = []
    for column in (attributes.c.text, attributes.c.number):
        query = sa.select(column).where(attributes.c.field_id == field_id, column.is_not(None))
        found += connection.execute(query.distinct().limit(_EXAMPLES)).scalars()
    if not found:
        place = sa.select(points.c.latitude, points.c.longitude).limit(_EXAMPLES)
        rows = connection.execute(place.where(points.c.field_id == field_id))
        found += [f"{latitude:g}, {longitude:g}" for latitude, longitude in rows]
    return found[:_EXAMPLES]


def declare(connection: sa.Connection, types: Mapping[str, FieldType | None]) -> bool:
    """Set the types of fields, None leaving one to inference; tell whether anything changed.

    What is stored is converted anew. The caller notes the change.
    """
    known = declared_schema(connection)
    changed = {name: kind for name, kind in types.items() if known.get(name) != kind}
    if not changed:
        return False
    ids = _field_ids(connection, set(changed))
    for name, kind in changed.items():
        statement = fields.update().where(fields.c.id == ids[name])
        connection.execute(statement.values(declared=kind, seen=0))
    for table in (attributes, points):
        connection.execute(table.delete().where(table.c.field_id.in_(ids.values())))
    rewrite(connection, only=set(changed))
    return True


def rewrite(connection: sa.Connection, only: set[str] | None = None) -> None:
    """Write the attributes of all records anew; rows of these fields must not be there yet."""
    last = 0
    while True:
        query = sa.select(records.c.id, records.c.metadata).where(records.c.id > last)
        found = connection.execute(query.order_by(records.c.id).limit(_CHUNK)).all()
        if not found:
            return
        last = found[-1][0]
        metadata: dict[int, Metadata] = {row[0]: json.loads(row[1]) for row in found}
        _insert(connection, metadata, only)


def write(
    connection: sa.Connection, metadata: Mapping[int, Metadata], replaced: Iterable[int]
) -> None:
    """Write records' metadata by internal id, instead of what ``replaced`` ones had."""
    remove(connection, replaced)
    _insert(connection, metadata, None)


def remove(connection: sa.Connection, record_ids: Iterable[int]) -> None:
    """Remove all values and points of records."""
    for chunk in batched(record_ids, _CHUNK):
        for table in (attributes, points):
            connection.execute(table.delete().where(table.c.record_id.in_(chunk)))


def _insert(
    connection: sa.Connection, metadata: Mapping[int, Metadata], only: set[str] | None
) -> None:
    schema = declared_schema(connection)
    values = {number: typed(one, schema) for number, one in metadata.items()}
    places = {number: points_of(one, schema) for number, one in metadata.items()}
    seen: dict[str, int] = {}
    for one in values.values():
        for name, value in one.items():
            seen[name] = seen.get(name, 0) | seen_in(value)
    for found in places.values():
        for name in found:
            seen[name] = seen.get(name, 0) | POINT
    if only is not None:
        seen = {name: bits for name, bits in seen.items() if name in only}
    ids = _field_ids(connection, set(seen))
    _note_seen(connection, seen)
    rows = [
        {
            "record_id": number,
            "field_id": ids[name],
            "number": None if isinstance(one, str) else _number(one),
            "text": one if isinstance(one, str) else None,
            "listed": int(listed),
        }
        for number, metadata_ in values.items()
        for name, one, listed in _values(metadata_)
        if name in seen
    ]
    if rows:
        connection.execute(attributes.insert(), rows)
    where = [
        {"record_id": number, "field_id": ids[name], **place._asdict()}
        for number, found in places.items()
        for name, place in found.items()
        if name in seen
    ]
    if where:
        connection.execute(points.insert(), where)


def _values(metadata: Metadata) -> Iterator[tuple[str, Scalar, bool]]:
    for name, value in metadata.items():
        if isinstance(value, list):
            yield from ((name, one, True) for one in value)
        else:
            yield name, value, False


def _note_seen(connection: sa.Connection, seen: Mapping[str, int]) -> None:
    query = sa.select(fields.c.name, fields.c.seen)
    known = {row[0]: row[1] for row in connection.execute(query)}
    for name, bits in seen.items():
        if bits & ~known[name]:
            statement = fields.update().where(fields.c.name == name)
            connection.execute(statement.values(seen=known[name] | bits))


def _field_ids(connection: sa.Connection, names: set[str]) -> dict[str, int]:
    query = sa.select(fields.c.name, fields.c.id)
    known = {row[0]: row[1] for row in connection.execute(query)}
    for name in sorted(names - known.keys()):
        result = connection.execute(fields.insert().values(name=name))
        assert result.inserted_primary_key is not None
        known[name] = result.inserted_primary_key[0]
    return known


def _number(value: float) -> float:
    return int(value) if isinstance(value, bool | int) else float(value)
