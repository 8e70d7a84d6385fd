"""Which metadata fields hold labels, and which records' values in them labelling wrote.

What labelling wrote it may write again, and nothing else; and it is kept where a picture moves
(``moved_labels``), which what a source says is not.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.fields import SqlFields
from binocle.catalog.tables.meta import SqlMeta
from binocle.catalog.tables.schema import records, waiting_labels, written_labels

_KEY = "label_fields"


@dataclass(frozen=True, slots=True)
class SqlLabels:
    """The table ``written_labels``."""

    connection: sa.Connection
    meta: SqlMeta
    fields: SqlFields

    def is_free(self, field: str) -> bool:
        if field in self._claimed():
            return True
        if self.fields.holds(field):
            return False
        # Values that are not of the field's type, and empty lists, are only in the records.
        member = sa.func.json_each(records.c.metadata).table_valued("key")
        held = sa.select(records.c.id).select_from(records).join(member, sa.true())
        return self.connection.execute(held.where(member.c.key == field).limit(1)).first() is None

    def claim(self, field: str) -> None:
        self.meta.put(_KEY, json.dumps(sorted({*self._claimed(), field})))

    def note(self, field: str, keys: Iterable[str]) -> None:
        self.mark(field, keys)
        self.connection.execute(waiting_labels.delete().where(waiting_labels.c.field == field))

    def mark(self, field: str, keys: Iterable[str]) -> None:
        """Note that what records have in a field was written by labelling, where they are there."""
        for chunk in batched(keys):
            found = sa.select(records.c.id, sa.literal(field)).where(records.c.key.in_(chunk))
            rows = written_labels.insert().prefix_with("OR IGNORE")
            self.connection.execute(rows.from_select(["record_id", "field"], found))

    def forget(self, record_ids: Iterable[int]) -> None:
        """Note that records are stored anew, with nothing but what their source says."""
        for chunk in batched(record_ids):
            rows = written_labels.delete().where(written_labels.c.record_id.in_(chunk))
            self.connection.execute(rows)

    def mark_all_claimed(self) -> None:
        """Note that whatever fields of labels hold was written by labelling."""
        member = sa.func.json_each(records.c.metadata).table_valued("key")
        held = sa.select(records.c.id, member.c.key).select_from(records).join(member, sa.true())
        rows = written_labels.insert().prefix_with("OR IGNORE")
        self.connection.execute(
            rows.from_select(["record_id", "field"], held.where(member.c.key.in_(self._claimed())))
        )

    def _claimed(self) -> set[str]:
        (value,) = self.meta.get(_KEY)
        return set(json.loads(value)) if value else set()
