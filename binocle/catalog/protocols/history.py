"""What changed when."""

from typing import Protocol

from binocle.types import Int64Array


class HistoryReader(Protocol):
    """Change numbers, and what was removed since."""

    def change(self) -> int:
        """Return the number of the last write transaction."""
        ...

    def token(self, number: int) -> str | None:
        """Return the random token of a write transaction; None where it is not known any more."""
        ...

    def changed_at(self) -> str | None:
        """Return when the last write transaction was, ISO 8601 in UTC; None before the first."""
        ...

    def newest_part(self) -> int:
        """Return the largest part id handed out."""
        ...

    def removed_parts(self, after_change: int) -> Int64Array:
        """Return the ids of parts removed by later transactions than the given one."""
        ...

    def removals_known_after(self) -> int:
        """Return the change before which removals are forgotten; a reader behind it starts anew."""
        ...


class HistoryWriter(HistoryReader, Protocol):
    """The same, and forgetting."""

    def forget_old_removals(self) -> None:
        """Keep the lists of removed things short; a reader that is further behind starts anew."""
        ...
