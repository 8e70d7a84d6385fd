"""Ranking rules, kept in memory."""

from binocle.catalog.stored_rules import StoredRules, digest_of
from tests.support.memory_catalog.history import MemoryHistory
from tests.support.memory_catalog.state import MemoryState


class MemoryRules:
    def __init__(self, state: MemoryState, history: MemoryHistory) -> None:
        self._state, self._history = state, history

    def newest(self) -> int:
        return max(self._state.rules, default=0)

    def get(self, version: int) -> StoredRules | None:
        return self._state.rules.get(version)

    def versions(self) -> list[StoredRules]:
        return [one for number, one in sorted(self._state.rules.items(), reverse=True) if number]

    def put_draft(self, document: str) -> StoredRules:
        return self._put(0, document, "")

    def remove_draft(self) -> None:
        self._state.rules.pop(0, None)

    def publish(self, document: str, note: str, *, most: int) -> StoredRules:
        version = self.newest() + 1
        self._history.begin_change()
        for number in [one for one in self._state.rules if 0 < one <= version - most]:
            del self._state.rules[number]
        return self._put(version, document, note)

    def _put(self, version: int, document: str, note: str) -> StoredRules:
        stored = StoredRules(version, document, "2026-01-01T00:00:00", note, digest_of(document))
        self._state.rules[version] = stored
        return stored
