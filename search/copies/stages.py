"""How long each stage of a lookup takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stages:
    """Adds up the time of stages by name, from when it was made."""

    spent_ms: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done meanwhile to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = 1000 * (time.perf_counter() - began)
            self.spent_ms[name] = self.spent_ms.get(name, 0.0) + spent

    def result(self) -> dict[str, float]:
        """Return milliseconds by stage, and in total."""
        total = 1000 * (time.perf_counter() - self.started)
        return {name: round(spent, 2) for name, spent in {**self.spent_ms, "total": total}.items()}
