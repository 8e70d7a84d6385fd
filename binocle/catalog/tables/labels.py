"""Which metadata fields hold labels, and which records' values in them labelling wrote.

What labelling wrote it may write again, and nothing else; and it is kept where a picture moves
(``moved_labels``), which what a source says is not.
"""

import json
from collections.abc import Iterable

import sqlalchemy as sa

from binocle.catalog.records import batched, field_types
from binocle.catalog.tables.schema import meta, records, schema

_KEY = "label_fields"
_CHUNK = 5000

written_labels = sa.Table(  # a row where labelling wrote a value and no source has since
    "written_labels",
    schema,
    sa.Column("record_id", sa.ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("field", sa.String, primary_key=True),
    sqlite_with_rowid=False,
)

waiting_labels = sa.Table(  # labels that lost their picture, until it is indexed again
    "waiting_labels",
    schema,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String, nullable=False),  # of the record that had it
    sa.Column("sha256", sa.LargeBinary, nullable=False, index=True),  # of its first picture
    sa.Column("field", sa.String, nullable=False),
    sa.Column("value", sa.Text, nullable=False),  # JSON
    sa.Column("since", sa.Integer, nullable=False),  # the change that stored that record
)


def has_tables(connection: sa.Connection) -> bool:
    """Tell whether the catalogue has the tables of labels."""
    return sa.inspect(connection).has_table(waiting_labels.name)


def make_tables(connection: sa.Connection) -> None:
    """Make the tables where there are none; what fields of labels hold was written then."""
    written_labels.create(connection, checkfirst=True)
    waiting_labels.create(connection, checkfirst=True)
    claimed = sorted(_claimed(connection))
    if claimed:
        member = sa.func.json_each(records.c.metadata).table_valued("key")
        held = sa.select(records.c.id, member.c.key).select_from(records).join(member, sa.true())
        rows = written_labels.insert().prefix_with("OR IGNORE")
        connection.execute(
            rows.from_select(["record_id", "field"], held.where(member.c.key.in_(claimed)))
        )


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


def note(connection: sa.Connection, field: str, keys: Iterable[str]) -> None:
    """Note that labelling writes a field of some records; what waits for it is older: forget it."""
    mark(connection, field, keys)
    connection.execute(waiting_labels.delete().where(waiting_labels.c.field == field))


def mark(connection: sa.Connection, field: str, keys: Iterable[str]) -> None:
    """Note that what records have in a field was written by labelling; those gone are ignored."""
    for chunk in batched(keys, _CHUNK):
        found = sa.select(records.c.id, sa.literal(field)).where(records.c.key.in_(chunk))
        rows = written_labels.insert().prefix_with("OR IGNORE")
        connection.execute(rows.from_select(["record_id", "field"], found))


def forget(connection: sa.Connection, record_ids: Iterable[int]) -> None:
    """Note that records are stored anew, with nothing but what their source says."""
    for chunk in batched(record_ids, _CHUNK):
        rows = written_labels.delete().where(written_labels.c.record_id.in_(chunk))
        connection.execute(rows)


def _claimed(connection: sa.Connection) -> set[str]:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY)).scalar()
    return set(json.loads(value)) if value else set()
