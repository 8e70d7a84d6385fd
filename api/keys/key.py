"""An API key: what is kept of it, and what it may do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

Access: TypeAlias = Literal["read", "write", "admin", "backup"]
GRANTS: dict[Access, frozenset[Access]] = {
    "read": frozenset(("read",)),
    "write": frozenset(("read", "write")),
    "admin": frozenset(("read", "write", "admin", "backup")),
    "backup": frozenset(("backup",)),
}
"""What a key of each scope may do."""

KEY_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$"  # safe in a log, a table and a path
MAX_REQUESTS_PER_MINUTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key.

    Attributes:
        name: For a person.
        sha256: Of the secret, hex.
        access: Its scope; ``GRANTS`` says what it may do.
        collections: The only ones it opens; None for all.
        created_at: ISO 8601, UTC.
        expires_at: From then on it opens nothing; ISO 8601, UTC; None for never.
        old_sha256: Of the secret before the last rotation, hex.
        old_until: When that one ends; ISO 8601, UTC.
        requests_per_minute: How often it may ask; None for as often as it likes.
    """

    name: str
    sha256: str
    access: Access
    collections: tuple[str, ...] | None
    created_at: str
    expires_at: str | None = None
    old_sha256: str | None = None
    old_until: str | None = None
    requests_per_minute: int | None = None

    @property
    def identity(self) -> str:
        """What tells it from an earlier key of its name, and stays when it is rotated."""
        return f"{self.name}@{self.created_at}"

    def allows(self, access: Access, collection: str | None) -> bool:
        """Tell whether the key may be used so; None is what belongs to no collection."""
        if access not in GRANTS[self.access]:
            return False
        return collection is None or self.is_for(collection)

    def is_for(self, collection: str) -> bool:
        """Tell whether the key opens a name, of a collection or an alias, in any way."""
        return self.collections is None or collection in self.collections

    def has_expired(self) -> bool:
        """Tell whether its time is over."""
        return is_past(self.expires_at)


def is_past(moment: str | None) -> bool:
    """Tell whether a moment, ISO 8601, is over; None never is."""
    return moment is not None and datetime.fromisoformat(moment) <= datetime.now(UTC)
