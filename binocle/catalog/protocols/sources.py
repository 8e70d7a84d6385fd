"""Sources and their ledgers."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from binocle.catalog.types import Item, SourceRow, SourceStatus


class SourceReader(Protocol):
    """Questions about sources, their runs, and what became of each item."""

    def all(self) -> list[SourceRow]:
        """Return all sources in the order they were first indexed."""

    def ledger(self, source_id: int) -> dict[str, Item]:
        """Return a source's ledger by key."""

    def skipped_items(self, source_id: int | None = None) -> Iterator[tuple[SourceRow, Item]]:
        """Yield what was skipped, of one source or source by source, in order of key."""

    def statuses(self) -> list[SourceStatus]:
        """Return what became of each source, in the order of ``all``."""


class SourceWriter(SourceReader, Protocol):
    """What an indexing run writes of its source."""

    def add(self, name: str, uri: str, kind: str) -> SourceRow:
        """Return the source at a uri, making it with a free name close to the wanted one."""

    def remove(self, source_id: int) -> int:
        """Remove a source, its ledger and the records that belong to it; return how many."""

    def start_run(self, source_id: int) -> int:
        """Note that a run begins; return its number."""

    def finish_run(self, run_id: int, counts: dict[str, int]) -> None:
        """Note that a run is complete."""

    def put_items(self, source_id: int, run_id: int, lines: Sequence[Item]) -> None:
        """Write outcomes into a source's ledger."""

    def remove_items(self, source_id: int, keys: Sequence[str]) -> None:
        """Remove lines from a source's ledger."""

    def mark_removed(self, keys: Sequence[str]) -> None:
        """Note in the ledger that records were removed by hand, so that no run brings them back."""

    def read_again(self, keys: Sequence[str]) -> None:
        """Have the next run over their source take records for changed ones."""
