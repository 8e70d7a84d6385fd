"""A catalogue in memory: each read a scan, each filter ``filters.matches``, each write a copy.

It shows that the protocols can be kept without SQL, and is what contracts are compared with. Of
labels and fingerprints it knows nothing.
"""

import copy
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from binocle.catalog import tokenizer
from binocle.catalog.text_rows import RECORD_SHIFT, RecordTexts, TextRow, text_rows
from binocle.catalog.types import Item, NewRows, SourceRow, SourceStatus, StoredImage
from binocle.metadata.column_entries import alive_mask, entries_of_rows, with_places
from binocle.metadata.columns import Column, Columns
from binocle.metadata.field_types import (
    FieldInfo,
    FieldType,
    inferred_type,
    metadata_json,
    seen_in,
    typed,
)
from binocle.metadata.filters import Filter, matches
from binocle.metadata.points import points_of
from binocle.metadata.string_dictionary import Dictionary
from binocle.types import (
    DamagedVector,
    Float32Array,
    Int64Array,
    Kind,
    MetadataValue,
    NewPart,
    NewRecord,
    Part,
    Record,
    Space,
)


@dataclass(slots=True)
class StoredRecord:
    key: str
    source_id: int | None
    uri: str
    metadata: dict[str, MetadataValue]


@dataclass(slots=True)
class StoredPart:
    record: int
    position: int
    new: NewPart


@dataclass(slots=True)
class MemoryState:
    """All there is, as of one change."""

    change: int = 0
    next_record: int = 1
    next_part: int = 1
    space: Space | None = None
    records: dict[int, StoredRecord] = field(default_factory=dict)
    parts: dict[int, StoredPart] = field(default_factory=dict)
    removed: list[tuple[int, int]] = field(default_factory=list)
    declared: dict[str, FieldType] = field(default_factory=dict)
    rows: dict[int, TextRow] = field(default_factory=dict)
    vocabulary: list[str] = field(default_factory=list)
    has_texts: bool = False
    sources: list[SourceRow] = field(default_factory=list)
    items: dict[tuple[int, str], Item] = field(default_factory=dict)
    runs: list[tuple[int, str, str | None]] = field(default_factory=list)

    def numbers(self) -> dict[str, int]:
        return {one.key: number for number, one in self.records.items()}

    def parts_of(self, number: int) -> list[tuple[int, StoredPart]]:
        own = [(part_id, one) for part_id, one in self.parts.items() if one.record == number]
        return sorted(own, key=lambda pair: pair[1].position)


class ScannedWords:
    """A full-text index that looks at every row."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def _rows(self, is_wanted: Any) -> Int64Array:
        found = [n for n, row in self._state.rows.items() if is_wanted(row.tokens, row.joined)]
        return np.array(sorted(found), np.int64)

    def rows_with(self, phrases: Sequence[Sequence[str]]) -> Int64Array:
        padded = [f" {' '.join(phrase)} " for phrase in phrases]
        return self._rows(
            lambda *columns: any(
                phrase in f" {' '.join(column)} " for phrase in padded for column in columns
            )
        )

    def rows_with_beginning(self, beginning: str) -> Int64Array:
        return self._rows(
            lambda *columns: any(one.startswith(beginning) for column in columns for one in column)
        )

    def has_texts(self) -> bool:
        return self._state.has_texts

    def relatives(self, stem: str) -> list[str]:
        return sorted(one for one in self._state.vocabulary if tokenizer.stem(one) == stem)[:16]

    def known(self, candidates: Iterable[str]) -> set[str]:
        return set(candidates) & set(self._state.vocabulary)

    def words_after(self, number: int) -> tuple[int, list[str]]:
        return len(self._state.vocabulary), self._state.vocabulary[number:]

    def state(self) -> str:
        return str(self._state.change)

    def filled_share(self) -> float:
        return 1.0

    def put(self, records: Iterable[RecordTexts]) -> None:
        for record in records:
            self.remove([record.number])
            rows, has_texts = text_rows(record)
            self._state.has_texts |= has_texts
            self._state.rows.update((row.number, row) for row in rows)
            words = sorted({word for row in rows for word in row.words()})
            self._state.vocabulary += [one for one in words if one not in self._state.vocabulary]

    def remove(self, numbers: Sequence[int]) -> None:
        kept = {n: row for n, row in self._state.rows.items() if n >> RECORD_SHIFT not in numbers}
        self._state.rows = kept

    def follow(self, change: int) -> None:
        pass


class MemoryHistory:
    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def change(self) -> int:
        return self._state.change

    def token(self, number: int) -> str | None:
        return f"token {number}" if 0 < number <= self._state.change else None

    def changed_at(self) -> str | None:
        return "2026-01-01T00:00:00+00:00" if self._state.change else None

    def newest_part(self) -> int:
        return self._state.next_part - 1

    def removed_parts(self, after_change: int) -> Int64Array:
        return np.array([one for one, at in self._state.removed if at > after_change], np.int64)

    def removals_known_after(self) -> int:
        return 0

    def forget_old_removals(self) -> None:
        pass

    def begin_change(self) -> None:
        self._state.change += 1


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


class MemoryRecords:
    def __init__(
        self, state: MemoryState, history: MemoryHistory, fields: MemoryFields, words: ScannedWords
    ) -> None:
        self._state, self._history, self._fields, self._words = state, history, fields, words

    def count(self, where: Filter | None = None) -> int:
        return len(self._state.records if where is None else self.matching(where))

    def matching(self, where: Filter) -> Int64Array:
        schema = self._fields.conversions()
        found = [
            number
            for number, one in self._state.records.items()
            if matches(where, one.key, one.uri, one.metadata, schema)
        ]
        return np.array(found, np.int64)

    def number_of(self, key: str) -> int | None:
        return self._state.numbers().get(key)

    def keys_of(self, record_ids: Iterable[int]) -> dict[int, str]:
        return {one: record.id for one, record in self.by_number(list(record_ids)).items()}

    def by_number(self, ids: Sequence[int]) -> dict[int, Record]:
        there = {one: self._state.records[one] for one in ids if one in self._state.records}
        return {number: Record(one.key, one.uri, one.metadata) for number, one in there.items()}

    def after(self, number: int, limit: int, clauses: Sequence[Filter]) -> list[tuple[int, Record]]:
        passing = set(self._state.records).intersection(
            *(self.matching(one).tolist() for one in clauses)
        )
        found = sorted(one for one in passing if one > number)[:limit]
        return list(self.by_number(found).items())

    def upsert(self, new: Sequence[NewRecord], *, source_id: int | None = None) -> int:
        state, known, taken = self._state, self._state.numbers(), 0
        if new:
            self._history.begin_change()
        for record in {one.id: one for one in new}.values():
            metadata_json(record.metadata)  # refuses what no catalogue can hold
            number = known.get(record.id)
            if number is None:
                number, state.next_record = state.next_record, state.next_record + 1
            else:
                taken += state.records[number].source_id != source_id
            stored = StoredRecord(record.id, source_id, record.uri, dict(record.metadata))
            state.records[number] = stored
            self._put_parts(number, record.parts)
            self._say(number)
        return taken

    def _put_parts(self, number: int, new: Sequence[NewPart]) -> None:
        state = self._state
        before = dict(state.parts_of(number))
        for position, part in enumerate(new):
            same = [
                part_id
                for part_id, one in before.items()
                if (one.new.kind, one.new.role, one.new.sha256)
                == (part.kind, part.role, part.sha256)
            ]
            if same:
                kept = before.pop(same[-1])
                moved = replace(kept.new, uri=part.uri)
                state.parts[same[-1]] = StoredPart(number, position, moved)
            else:
                state.parts[state.next_part] = StoredPart(number, position, part)
                state.next_part += 1
        self._drop_parts(before)

    def _drop_parts(self, part_ids: Iterable[int]) -> None:
        for part_id in part_ids:
            del self._state.parts[part_id]
            self._state.removed.append((part_id, self._state.change))

    def _say(self, number: int) -> None:
        one = self._state.records[number]
        texts = [
            (part.position, part.new.role, part.new.text)
            for _, part in self._state.parts_of(number)
            if part.new.text is not None
        ]
        self._words.put([RecordTexts(number, one.key, one.uri, one.metadata, texts)])

    def remove(self, keys: Sequence[str], *, source_id: int | None = None) -> int:
        known = self._state.numbers()
        gone = [known[key] for key in keys if key in known]
        if source_id is not None:
            gone = [one for one in gone if self._state.records[one].source_id == source_id]
        if gone:
            self._history.begin_change()
        for number in gone:
            self._drop_parts([part_id for part_id, _ in self._state.parts_of(number)])
            del self._state.records[number]
        self._words.remove(gone)
        return len(gone)

    def patch(self, changes_by_key: Mapping[str, Mapping[str, MetadataValue | None]]) -> int:
        known = self._state.numbers()
        there = {known[key]: own for key, own in changes_by_key.items() if key in known}
        if there:
            self._history.begin_change()
        for number, own in there.items():
            values = {**self._state.records[number].metadata, **own}
            metadata = {name: one for name, one in values.items() if one is not None}
            metadata_json(metadata)
            self._state.records[number].metadata = metadata
            self._say(number)
        return len(there)


class MemoryParts:
    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def _of_kind(self, kind: Kind) -> dict[int, StoredPart]:
        return {n: one for n, one in sorted(self._state.parts.items()) if one.new.kind == kind}

    def count(self) -> dict[Kind, int]:
        return {"image": len(self._of_kind("image")), "text": len(self._of_kind("text"))}

    def after(self, kind: Kind, part_id: int, dimension: int) -> Iterator[NewRows]:
        found = {n: one for n, one in self._of_kind(kind).items() if n > part_id}
        if found:
            owners = np.array([one.record for one in found.values()], np.int64)
            rows = np.stack([one.new.vector for one in found.values()]).reshape(-1, dimension)
            yield NewRows(np.array(list(found), np.int64), owners, np.asarray(rows, np.float32))

    def owners(self, kind: Kind, up_to: int) -> tuple[Int64Array, Int64Array]:
        found = {n: one for n, one in self._of_kind(kind).items() if n <= up_to}
        owners = [one.record for one in found.values()]
        return np.array(list(found), np.int64), np.array(owners, np.int64)

    def by_id(self, ids: Sequence[int]) -> dict[int, Part]:
        return {one: self._part(one) for one in ids if one in self._state.parts}

    def _part(self, part_id: int) -> Part:
        new = self._state.parts[part_id].new
        return Part(part_id, new.kind, new.role, new.uri, new.text)

    def of_records(self, numbers: Iterable[int]) -> dict[int, tuple[Part, ...]]:
        every = {one: self._state.parts_of(one) for one in numbers}
        return {
            one: tuple(self._part(part_id) for part_id, _ in own)
            for one, own in every.items()
            if own
        }

    def at(self, record_ids: Int64Array, positions: Int64Array) -> Int64Array:
        found = []
        for number, position in zip(record_ids.tolist(), positions.tolist(), strict=True):
            there = {one.position: part_id for part_id, one in self._state.parts_of(number)}
            found.append(there.get(position, next(iter(there.values()), -1)))
        return np.array(found, np.int64)

    def vectors_of_record(self, record_id: int) -> dict[Kind, list[Float32Array]]:
        own = [one.new for _, one in self._state.parts_of(record_id)]
        images = [one.vector for one in own if one.kind == "image"]
        return {"image": images, "text": [one.vector for one in own if one.kind == "text"]}

    def vectors_of(self, part_ids: Iterable[int]) -> dict[int, Float32Array]:
        there = self._state.parts
        return {one: there[one].new.vector for one in part_ids if one in there}

    def known_contents(self, kind: Kind, hashes: Iterable[bytes]) -> dict[bytes, NewPart]:
        wanted = set(hashes)
        return {
            one.new.sha256: replace(one.new, role="", uri="", text=None)
            for one in self._of_kind(kind).values()
            if one.new.sha256 in wanted
        }

    def image_hashes(self) -> set[bytes]:
        return {one.new.sha256 for one in self._of_kind("image").values()}

    def images_of_records(self, keys: Iterable[str]) -> set[bytes]:
        wanted = set(keys)
        return {
            one.new.sha256
            for one in self._of_kind("image").values()
            if self._state.records[one.record].key in wanted
        }

    def uris_of_images(self, hashes: Iterable[bytes]) -> dict[bytes, set[str]]:
        found: dict[bytes, set[str]] = {}
        wanted = set(hashes)
        for one in self._of_kind("image").values():
            if one.new.sha256 in wanted:
                found.setdefault(one.new.sha256, set()).add(one.new.uri)
        return found

    def first_image(self, key: str) -> StoredImage | None:
        number = self._state.numbers().get(key, -1)
        own = [one.new for _, one in self._state.parts_of(number) if one.new.kind == "image"]
        if not own:
            return None
        assert own[0].info is not None
        return StoredImage(own[0].uri, own[0].sha256, own[0].info.format)

    def damaged_vectors(self, part_ids: Iterable[int] | None = None) -> list[DamagedVector]:
        return []

    def images_with_content(self, sha256: bytes) -> list[int]:
        return [n for n, one in self._of_kind("image").items() if one.new.sha256 == sha256]


class MemoryColumns:
    def __init__(self, state: MemoryState, fields: MemoryFields) -> None:
        self._state, self._fields = state, fields

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


class MemorySources:
    def __init__(self, state: MemoryState, records: MemoryRecords) -> None:
        self._state, self._records = state, records

    def all(self) -> list[SourceRow]:
        return list(self._state.sources)

    def ledger(self, source_id: int) -> dict[str, Item]:
        return {key: one for (own, key), one in self._state.items.items() if own == source_id}

    def skipped_items(self, source_id: int | None = None) -> Iterator[tuple[SourceRow, Item]]:
        for source in self._state.sources if source_id is None else ():
            yield from self.skipped_items(source.id)
        for source in self._state.sources:
            if source.id != source_id:
                continue
            for _, item in sorted(self.ledger(source.id).items()):
                if item.code is not None:
                    yield source, item

    def statuses(self) -> list[SourceStatus]:
        found = []
        for source in self._state.sources:
            skipped = [one.code is not None for one in self.ledger(source.id).values()]
            own = [(start, end) for number, start, end in self._state.runs if number == source.id]
            last = own[-1] if own else None
            found.append(SourceStatus(source, skipped.count(False), skipped.count(True), last))
        return found

    def add(self, name: str, uri: str, kind: str) -> SourceRow:
        known = [one for one in self._state.sources if one.uri == uri]
        if not known:
            taken, free, number = {one.name for one in self._state.sources}, name, 2
            while free in taken:
                free, number = f"{name}-{number}", number + 1
            highest = max((one.id for one in self._state.sources), default=0)
            known = [SourceRow(highest + 1, free, uri, kind)]
            self._state.sources += known
        return known[0]

    def remove(self, source_id: int) -> int:
        own = [one.key for one in self._state.records.values() if one.source_id == source_id]
        self.remove_items(source_id, list(self.ledger(source_id)))
        self._state.sources = [one for one in self._state.sources if one.id != source_id]
        return self._records.remove(own, source_id=source_id)

    def start_run(self, source_id: int) -> int:
        self._state.runs.append((source_id, "2026-01-01T00:00:00+00:00", None))
        return len(self._state.runs)

    def finish_run(self, run_id: int, counts: dict[str, int]) -> None:
        source, start, _ = self._state.runs[run_id - 1]
        self._state.runs[run_id - 1] = source, start, start

    def put_items(self, source_id: int, run_id: int, lines: Sequence[Item]) -> None:
        self._state.items.update({(source_id, line.key): line for line in lines})

    def remove_items(self, source_id: int, keys: Sequence[str]) -> None:
        for key in keys:
            self._state.items.pop((source_id, key), None)

    def mark_removed(self, keys: Sequence[str]) -> None:
        for place, item in self._state.items.items():
            if item.record_id in keys:
                self._state.items[place] = Item(
                    item.key, item.fingerprint, None, "removed", "removed by hand"
                )

    def read_again(self, keys: Sequence[str]) -> None:
        for place, item in self._state.items.items():
            if item.record_id in keys:
                self._state.items[place] = replace(item, fingerprint="")


class MemorySession:
    """A session on one state, which is its own where it may write."""

    def __init__(self, state: MemoryState) -> None:
        self.state = state
        self.history = MemoryHistory(state)
        self.words = ScannedWords(state)
        self.fields = MemoryFields(state, self.history)
        self.records = MemoryRecords(state, self.history, self.fields, self.words)
        self.parts = MemoryParts(state)
        self.columns = MemoryColumns(state, self.fields)
        self.sources = MemorySources(state, self.records)
        self.fingerprints: Any = None
        self.labels: Any = None

    def space(self) -> Space | None:
        return self.state.space

    def set_space(self, space: Space) -> None:
        self.state.space = space


class MemoryQueries:
    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[float, str]] = {}

    def put(self, queries: Mapping[bytes, str], at: float) -> None:
        self._kept.update({name: (at, query) for name, query in queries.items()})

    def get(self, name: bytes, oldest: float) -> str | None:
        at, query = self._kept.get(name, (-1.0, None))
        return query if at >= oldest else None

    def forget(self, oldest: float, most: int) -> None:
        kept = [(name, one) for name, one in self._kept.items() if one[0] >= oldest]
        self._kept = dict(kept[-most:])


class MemoryCatalog:
    """A ``Catalog``."""

    def __init__(self, path: Path | None = None) -> None:
        self._state = MemoryState()
        self._writing = threading.Lock()
        self.saved_queries = MemoryQueries()

    @contextmanager
    def reading(self) -> Iterator[MemorySession]:
        yield MemorySession(self._state)

    @contextmanager
    def writing(self) -> Iterator[MemorySession]:
        with self._writing:
            session = MemorySession(copy.deepcopy(self._state))
            yield session
            self._state = session.state

    def rest(self) -> None:
        pass

    def close(self) -> None:
        pass
