"""Records and their parts, kept in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from binocle.catalog.damage import DamagedVector
from binocle.catalog.text_rows import RecordTexts
from binocle.catalog.types import NewRows, StoredImage
from binocle.metadata.field_types import (
    metadata_json,
)
from binocle.metadata.filters import Filter, matches
from binocle.types import (
    Float32Array,
    Int64Array,
    Kind,
    MetadataValue,
    NewPart,
    NewRecord,
    Part,
    Record,
    StoredPicture,
)
from tests.support.memory_catalog.fields import MemoryFields
from tests.support.memory_catalog.fulltext import ScannedWords
from tests.support.memory_catalog.history import MemoryHistory
from tests.support.memory_catalog.state import MemoryState, StoredPart, StoredRecord


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

    def numbers_of(self, keys: Iterable[str]) -> dict[str, int]:
        there = self._state.numbers()
        return {one: there[one] for one in keys if one in there}

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
        new, picture = self._state.parts[part_id].new, None
        if new.info is not None:
            size = new.info.width, new.info.height
            picture = StoredPicture(*size, new.sha256.hex(), new.colour)
        return Part(part_id, new.kind, new.role, new.uri, new.text, picture)

    def of_records(self, numbers: Iterable[int]) -> dict[int, tuple[Part, ...]]:
        every = {one: self._state.parts_of(one) for one in numbers}
        return {
            one: tuple(self._part(part_id) for part_id, _ in own)
            for one, own in every.items()
            if own
        }

    def short_texts(self, most: int) -> list[tuple[str, str, int]]:
        said = [(one.new.role, one.new.text) for one in self._state.parts.values()]
        counts = Counter((role, text) for role, text in said if text and len(text) <= most)
        return [(*one, count) for one, count in counts.items()]

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

    def image(self, key: str, part_id: int | None = None) -> StoredImage | None:
        own = self._state.parts_of(self._state.numbers().get(key, -1))
        wanted = [
            one.new for own_id, one in own if one.new.kind == "image" and part_id in (None, own_id)
        ]
        if not wanted:
            return None
        first = wanted[0]
        assert first.info is not None
        return StoredImage(first.uri, first.sha256, first.info.format, first.colour)

    def damaged_vectors(self, part_ids: Iterable[int] | None = None) -> list[DamagedVector]:
        return []

    def images_with_content(self, sha256: bytes) -> list[int]:
        return [n for n, one in self._of_kind("image").items() if one.new.sha256 == sha256]
