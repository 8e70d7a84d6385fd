"""What a catalogue in memory holds."""

from dataclasses import dataclass, field

from binocle.catalog.stored_rules import StoredRules
from binocle.catalog.text_rows import TextRow
from binocle.catalog.types import Item, SourceRow
from binocle.metadata.field_types import (
    FieldType,
)
from binocle.types import (
    MetadataValue,
    NewPart,
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
    rules: dict[int, StoredRules] = field(default_factory=dict)
    runs: list[tuple[int, str, str | None]] = field(default_factory=list)

    def numbers(self) -> dict[str, int]:
        return {one.key: number for number, one in self.records.items()}

    def parts_of(self, number: int) -> list[tuple[int, StoredPart]]:
        own = [(part_id, one) for part_id, one in self.parts.items() if one.record == number]
        return sorted(own, key=lambda pair: pair[1].position)
