"""Metadata as the schema types it: one row a value, points beside them, and the schema itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.history import SqlHistory
from binocle.catalog.tables.schema import attributes, fields, points, records
from binocle.metadata.field_types import (
    MOSTLY_DATES,
    MOSTLY_NUMBERS,
    POINT,
    STRAYS,
    FieldInfo,
    FieldType,
    Reading,
    converted_to,
    inferred_type,
    mostly_type,
    seen_in,
    typed,
)
from binocle.metadata.points import points_of
from binocle.types import Metadata, Scalar

_EXAMPLES = 3
_MOSTLY = {"number": MOSTLY_NUMBERS, "date": MOSTLY_DATES}

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class SqlFields:
    """The tables ``fields``, ``attributes`` and ``points``."""

    connection: sa.Connection
    history: SqlHistory

    def names(self) -> list[str]:
        return list(
            self.connection.execute(sa.select(fields.c.name).order_by(fields.c.name)).scalars()
        )

    def holds(self, name: str) -> set[str]:
        field_id = sa.select(fields.c.id).where(fields.c.name == name).scalar_subquery()
        found = set()
        for kind, column in (("numbers", attributes.c.number), ("texts", attributes.c.text)):
            query = sa.select(attributes.c.record_id).where(
                attributes.c.field_id == field_id, column.is_not(None)
            )
            if self.connection.execute(query.limit(1)).first() is not None:
                found.add(kind)
        placed = sa.select(points.c.record_id).where(points.c.field_id == field_id)
        if self.connection.execute(placed.limit(1)).first() is not None:
            found.add("places")
        return found

    def texts(self, name: str) -> list[str]:
        field_id = sa.select(fields.c.id).where(fields.c.name == name).scalar_subquery()
        query = sa.select(attributes.c.text).distinct()
        query = query.where(attributes.c.field_id == field_id, attributes.c.text.is_not(None))
        return sorted(self.connection.execute(query).scalars())

    def counts(self) -> dict[str, int]:
        query = (
            sa.select(fields.c.name, sa.func.count(sa.distinct(attributes.c.record_id)))
            .join(attributes, attributes.c.field_id == fields.c.id)
            .group_by(fields.c.name)
            .order_by(fields.c.name)
        )
        return {row[0]: row[1] for row in self.connection.execute(query)}

    def declared(self) -> dict[str, FieldType]:
        query = sa.select(fields.c.name, fields.c.declared).where(fields.c.declared.is_not(None))
        return {row[0]: cast(FieldType, row[1]) for row in self.connection.execute(query)}

    def conversions(self) -> dict[str, FieldType]:
        return _conversions(self._known())

    def types(self) -> dict[str, tuple[FieldType, bool]]:
        query = sa.select(fields.c.name, fields.c.declared, fields.c.seen).order_by(fields.c.name)
        found: dict[str, tuple[FieldType, bool]] = {}
        for name, declared, seen in self.connection.execute(query):
            if declared is not None:
                found[name] = (cast(FieldType, declared), True)
            elif seen:
                found[name] = (inferred_type(seen), False)
        return found

    def describe(self) -> list[FieldInfo]:
        query = sa.select(fields.c.name, fields.c.id)
        ids = {row[0]: row[1] for row in self.connection.execute(query)}
        return [
            FieldInfo(
                name,
                kind,
                declared,
                self._count_holders(ids[name]),
                tuple(
                    bool(one) if kind == "boolean" and not isinstance(one, str) else one
                    for one in self._examples(ids[name])
                ),
            )
            for name, (kind, declared) in self.types().items()
        ]

    def _count_holders(self, field_id: int) -> int:
        holders = [
            sa.select(table.c.record_id).where(table.c.field_id == field_id)
            for table in (attributes, points)
        ]
        every = sa.union(*holders).subquery()
        return self.connection.execute(sa.select(sa.func.count()).select_from(every)).scalar_one()

    def _examples(self, field_id: int) -> list[Scalar]:
        found: list[Scalar] = []
        for column in (attributes.c.text, attributes.c.number):
            query = sa.select(column).where(attributes.c.field_id == field_id, column.is_not(None))
            query = query.distinct().order_by(column).limit(_EXAMPLES)
            found += self.connection.execute(query).scalars()
        if not found:
            place = sa.select(points.c.latitude, points.c.longitude).limit(_EXAMPLES)
            rows = self.connection.execute(place.where(points.c.field_id == field_id))
            found += [f"{latitude:g}, {longitude:g}" for latitude, longitude in rows]
        return found[:_EXAMPLES]

    def declare(self, types: Mapping[str, FieldType | None]) -> None:
        known = self.declared()
        changed = {name: kind for name, kind in types.items() if known.get(name) != kind}
        if not changed:
            return
        ids = self._noted(dict.fromkeys(changed, 0), self._known())
        for name, kind in changed.items():
            statement = fields.update().where(fields.c.id == ids[name])
            known_strays = fields.c.seen.bitwise_and(MOSTLY_NUMBERS | MOSTLY_DATES)
            self.connection.execute(statement.values(declared=kind, seen=known_strays))
        self._convert_again(ids)
        self._note_change()

    def settle(self, readings: Mapping[str, Reading], source_id: int) -> None:
        known = self._known()
        changed: dict[str, int] = {}
        stale: set[str] = set()
        for name, reading in readings.items():
            row = known.get(name)
            mostly = mostly_type(row.seen) if row is not None else None
            if (row is not None and row.declared is not None) or mostly == reading.type:
                continue
            if mostly is not None:
                strays = reading.fitting + reading.strays
                fits, _ = self._stored(name, mostly, source_id)
                stale.add(name)
            elif reading.type is not None and reading.needs_conversion:
                fits, strays = self._stored(name, reading.type, source_id)
                stale.update({name} if row is not None and row.seen else ())
                fits, strays = fits + reading.fitting, strays + reading.strays
            else:
                continue
            are_few = strays <= STRAYS * (fits + strays)
            if are_few == (mostly is None):
                changed[name] = _MOSTLY[reading.type] if reading.type and are_few else 0
        ids = self._noted(dict.fromkeys(changed, 0), known)
        for name, bits in changed.items():
            self.connection.execute(
                fields.update().where(fields.c.id == ids[name]).values(seen=bits)
            )
        if stale & changed.keys():
            self._convert_again({name: ids[name] for name in stale & changed.keys()})
        if changed:
            self._note_change()

    def _note_change(self) -> None:
        self.history.meta.put("schema_changed", self.history.next_change())

    def _stored(self, name: str, kind: FieldType, source_id: int) -> tuple[int, int]:
        """Count the values of a field from other sources that are of a type, and that are not."""
        query = sa.select(attributes.c.text, sa.func.count()).join(fields).join(records)
        others = records.c.source_id.is_distinct_from(source_id)
        query = query.where(fields.c.name == name, others).group_by(attributes.c.text)
        fits = strays = 0
        for text, count in self.connection.execute(query):
            is_fit = kind == "number" if text is None else converted_to(kind, text) is not None
            fits, strays = (fits + count, strays) if is_fit else (fits, strays + count)
        return fits, strays

    def _convert_again(self, ids: Mapping[str, int]) -> None:
        """Write the values of some fields, of given ids, anew."""
        for table in (attributes, points):
            self.connection.execute(table.delete().where(table.c.field_id.in_(ids.values())))
        self.rewrite(only=set(ids))

    def rewrite(self, only: set[str] | None = None) -> None:
        """Write the attributes of all records anew; rows of these fields must not be there yet."""
        last = 0
        while True:
            query = sa.select(records.c.id, records.c.metadata).where(records.c.id > last)
            found = self.connection.execute(query.order_by(records.c.id).limit(_BATCH)).all()
            if not found:
                return
            last = found[-1][0]
            metadata: dict[int, Metadata] = {row[0]: json.loads(row[1]) for row in found}
            self._insert(metadata, only)

    def write(self, metadata: Mapping[int, Metadata], replaced: Iterable[int]) -> None:
        """Write records' metadata by internal id, instead of what ``replaced`` ones had."""
        self.remove(replaced)
        self._insert(metadata, None)

    def remove(self, record_ids: Iterable[int]) -> None:
        """Remove all values and points of records."""
        for chunk in batched(record_ids):
            for table in (attributes, points):
                self.connection.execute(table.delete().where(table.c.record_id.in_(chunk)))

    def _insert(self, metadata: Mapping[int, Metadata], only: set[str] | None) -> None:
        known = self._known()
        schema = _conversions(known)
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
        ids = self._noted(seen, known)
        rows = [
            {
                "record_id": number,
                "field_id": ids[name],
                "number": value,
                "text": text,
                "listed": listed,
            }
            for number, metadata_ in values.items()
            for name, value, text, listed in attribute_values(metadata_)
            if name in seen
        ]
        if rows:
            self.connection.execute(attributes.insert(), rows)
        where = [
            {"record_id": number, "field_id": ids[name], **place._asdict()}
            for number, found in places.items()
            for name, place in found.items()
            if name in seen
        ]
        if where:
            self.connection.execute(points.insert(), where)

    def _known(self) -> dict[str, Any]:
        """Return the rows of all fields by name."""
        return {row.name: row for row in self.connection.execute(sa.select(fields))}

    def _noted(self, seen: Mapping[str, int], known: Mapping[str, Any]) -> dict[str, int]:
        """Note what was seen in fields, making those that are not known; return their ids."""
        ids: dict[str, int] = {}
        for name, bits in sorted(seen.items()):
            if name not in known:
                result = self.connection.execute(fields.insert().values(name=name, seen=bits))
                assert result.inserted_primary_key is not None
                ids[name] = result.inserted_primary_key[0]
                continue
            ids[name] = known[name].id
            if bits & ~known[name].seen:
                statement = fields.update().where(fields.c.id == ids[name])
                self.connection.execute(statement.values(seen=known[name].seen | bits))
        return ids


def _conversions(known: Mapping[str, Any]) -> dict[str, FieldType]:
    every = {name: row.declared or mostly_type(row.seen) for name, row in known.items()}
    return {name: kind for name, kind in every.items() if kind is not None}


def attribute_values(
    metadata: Metadata,
) -> Iterator[tuple[str, float | None, str | None, int]]:
    """Yield the rows of typed metadata: field, number, text, and 1 for an element of a list."""
    for name, value in metadata.items():
        is_list = isinstance(value, list)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name, None, one, int(is_list)
            else:
                number = int(one) if isinstance(one, bool | int) else float(one)
                yield name, number, None, int(is_list)
