"""Which metadata fields hold labels: what labelling wrote it may write again, and nothing else."""

import json

import sqlalchemy as sa

from binocle.catalog.reading import field_types
from binocle.catalog.tables import meta, records

_KEY = "label_fields"


def is_free(connection: sa.Connection, field: str) -> bool:
    """Tell whether labels may be written to a field: it holds labels, or no record has it."""
    if field in _claimed(connection):
        return True
    if field_types(connection, field):
        return False
    # Values that are not of the field's type, and empty lists, are only in the records.
    member = sa.func.json_each(records.c.metadata).table_valued("key")
    held = sa.select(records.c.id).select_from(records).join(member, sa.true())
    return connection.execute(held.where(member.c.key == field).limit(1)).first() is None


def claim(connection: sa.Connection, field: str) -> None:
    """Note that a field holds labels from now on; in the transaction that writes them."""
    claimed = _claimed(connection)
    if field in claimed:
        return
    value = json.dumps(sorted({*claimed, field}))
    updated = connection.execute(meta.update().where(meta.c.key == _KEY).values(value=value))
    if not updated.rowcount:
        connection.execute(meta.insert().values(key=_KEY, value=value))


def _claimed(connection: sa.Connection) -> set[str]:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY)).scalar()
    return set(json.loads(value)) if value else set()
