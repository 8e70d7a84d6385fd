"""Sources and their ledgers, kept in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from binocle.catalog.types import Item, SourceRow, SourceStatus
from tests.support.memory_catalog.records import MemoryRecords
from tests.support.memory_catalog.state import MemoryState


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
