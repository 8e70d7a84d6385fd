"""Fields and their columns, kept in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from binocle.metadata.column_entries import alive_mask, entries_of_rows, with_places
from binocle.metadata.columns import Column, Columns
from binocle.metadata.field_types import (
    FieldInfo,
    FieldType,
    inferred_type,
    seen_in,
    typed,
)
from binocle.metadata.filters import Filter
from binocle.metadata.points import points_of
from binocle.metadata.string_dictionary import Dictionary
from binocle.types import (
    Int64Array,
    MetadataValue,
)
from tests.support.memory_catalog.history import MemoryHistory
from tests.support.memory_catalog.state import MemoryState


class MemoryFields:
    def __init__(self, state: MemoryState, history: MemoryHistory) -> None:
        self._state, self._history = state, history

    def names(self) -> list[str]:
        return sorted(self.types())

    def holds(self, name: str) -> set[str]:
        found = set()
        for record in self._state.records.values():
            value = typed(record.metadata, self._state.declared).get(name)
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    found.add("texts" if isinstance(one, str) else "numbers")
            if name in points_of(record.metadata, self._state.declared):
                found.add("places")
        return found

    def texts(self, name: str) -> list[str]:
        values = (
            typed(one.metadata, self._state.declared).get(name)
            for one in self._state.records.values()
        )
        every = (one for value in values for one in (value if isinstance(value, list) else [value]))
        return sorted({one for one in every if isinstance(one, str)})

    def counts(self) -> dict[str, int]:
        holders = [name for one in self._state.records.values() for name in one.metadata]
        return {name: holders.count(name) for name in sorted(set(holders))}

    def declared(self) -> dict[str, FieldType]:
        return dict(self._state.declared)

    def conversions(self) -> dict[str, FieldType]:
        return dict(self._state.declared)

    def types(self) -> dict[str, tuple[FieldType, bool]]:
        seen: dict[str, int] = {}
        for record in self._state.records.values():
            for name, value in record.metadata.items():
                seen[name] = seen.get(name, 0) | seen_in(value)
        found = {name: (inferred_type(bits), False) for name, bits in seen.items()}
        found.update((name, (kind, True)) for name, kind in self._state.declared.items())
        return dict(sorted(found.items()))

    def describe(self) -> list[FieldInfo]:
        raise NotImplementedError

    def declare(self, types: Mapping[str, FieldType | None]) -> None:
        for name, kind in types.items():
            self._state.declared.pop(name, None)
            if kind is not None:
                self._state.declared[name] = kind
        self._history.begin_change()

    def settle(self, readings: Any, source_id: int) -> None:
        raise NotImplementedError


class MemoryColumns:
    def __init__(self, state: MemoryState, fields: MemoryFields) -> None:
        self._state, self._fields = state, fields

    def short_values(self, most: int) -> list[tuple[str, str, int]]:
        counts: Counter[tuple[str, str]] = Counter()
        for record in self._state.records.values():
            for name, value in record.metadata.items():
                values = value if isinstance(value, list) else [value]
                counts.update({(name, one) for one in values if isinstance(one, str)})
        return [(*one, count) for one, count in counts.items() if len(one[1]) <= most]

    def load(self) -> Columns:
        ids = np.array(sorted(self._state.records), np.int64)
        return Columns(self._state.change, alive_mask(ids, self._state.next_record - 1), {})

    def caught_up(self, columns: Columns) -> Columns:
        return columns if columns.change == self._state.change else self.load()

    def few_matching(self, where: Filter) -> Int64Array | None:
        return None

    def with_fields(self, columns: Columns, names: Iterable[str]) -> Columns:
        by_field = {
            **columns.by_field,
            **{name: self._column(name, columns.highest) for name in columns.lacks(names)},
        }
        return Columns(columns.change, columns.alive, by_field)

    def _column(self, name: str, highest: int) -> Column:
        schema = self._fields.conversions()
        rows: list[tuple[int, Any, str | None, int]] = []
        places = []
        for number, record in sorted(self._state.records.items()):
            own: MetadataValue | None = {"id": record.key, "uri": record.uri}.get(name)
            value = typed(record.metadata, schema).get(name) if own is None else own
            listed = int(isinstance(value, list))
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    is_text = isinstance(one, str)
                    number_ = None if is_text else one
                    rows.append((number, number_, str(one) if is_text else None, listed))
            place = points_of(record.metadata, schema).get(name)
            if place is not None:
                places.append((number, *place))
        dictionary = Dictionary(sorted({row[2] for row in rows if row[2] is not None}))
        entries = with_places(
            entries_of_rows(dictionary, rows),
            [place[0] for place in places],
            [[place[side] for place in places] for side in (1, 2)],
        )
        kind = self._fields.types().get(name, ("keyword", False))[0]
        return Column.filled(kind, dictionary, entries, highest)
