"""Queries that are kept under a name for some days."""

from collections.abc import Mapping
from typing import Protocol


class QueryStore(Protocol):
    """Keeps queries as texts, apart from sessions: keeping one waits for no writer of records.

    Thread-safe. Each method raises ``StorageError`` where the store cannot be read or written.
    """

    def put(self, queries: Mapping[bytes, str], at: float) -> None:
        """Keep queries.

        Args:
            queries: By names that are not used yet.
            at: Now, seconds since 1970.
        """
        ...

    def get(self, name: bytes, oldest: float) -> str | None:
        """Return a query that was kept at a time or later; None where there is none."""
        ...

    def forget(self, oldest: float, most: int) -> None:
        """Forget what was kept before a time, and all but the newest ones."""
        ...
