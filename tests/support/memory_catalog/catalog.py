"""The catalogue in memory: its sessions, and earlier queries."""

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from binocle.types import (
    Space,
)
from tests.support.memory_catalog.fields import MemoryColumns, MemoryFields
from tests.support.memory_catalog.fulltext import ScannedWords
from tests.support.memory_catalog.history import MemoryHistory
from tests.support.memory_catalog.records import MemoryParts, MemoryRecords
from tests.support.memory_catalog.rules import MemoryRules
from tests.support.memory_catalog.sources import MemorySources
from tests.support.memory_catalog.state import MemoryState


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
        self.rules = MemoryRules(state, self.history)
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
