"""Single values of a catalogue, by name."""

from dataclasses import dataclass

import sqlalchemy as sa

from binocle.catalog.tables.schema import meta
from binocle.catalog.tables.statements import put


@dataclass(frozen=True, slots=True)
class SqlMeta:
    """The ``meta`` table: the format, the change number, counters, the space."""

    connection: sa.Connection

    def get(self, *keys: str) -> tuple[str | None, ...]:
        """Return the values of some names, in their order; None for what is not set."""
        query = sa.select(meta.c.key, meta.c.value).where(meta.c.key.in_(keys))
        found = {row[0]: row[1] for row in self.connection.execute(query)}
        return tuple(found.get(key) for key in keys)

    def number(self, key: str) -> int:
        """Return a counter; 0 before it is set."""
        (value,) = self.get(key)
        return int(value or 0)

    def put(self, key: str, value: str | int) -> None:
        """Set a value."""
        put(self.connection, meta, [{"key": key, "value": str(value)}])
