"""Changes, kept in memory."""

import numpy as np

from binocle.types import (
    Int64Array,
)
from tests.support.memory_catalog.state import MemoryState


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
