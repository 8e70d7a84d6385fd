"""Sources, their runs, and what became of each item. Called inside one write transaction."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from binocle.catalog.counters import now
from binocle.catalog.records import Item, SourceRow, batched
from binocle.catalog.tables.schema import items, records, runs, sources
from binocle.catalog.writing import remove_records

_CHUNK = 5000


def add_source(connection: sa.Connection, name: str, uri: str, kind: str) -> SourceRow:
    """Return the source at a uri, making it with a free name close to the wanted one."""
    query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
    row = connection.execute(query.where(sources.c.uri == uri)).first()
    if row:
        return SourceRow(*row)
    taken = set(connection.execute(sa.select(sources.c.name)).scalars())
    free = name
    number = 2
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    result = connection.execute(sources.insert().values(name=free, uri=uri, kind=kind))
    assert result.inserted_primary_key is not None
    return SourceRow(result.inserted_primary_key[0], free, uri, kind)


def remove_source(connection: sa.Connection, source_id: int) -> int:
    """Remove a source, its ledger and the records that belong to it; return how many."""
    keys = connection.execute(sa.select(records.c.key).where(records.c.source_id == source_id))
    removed = remove_records(connection, list(keys.scalars()), source_id=source_id)
    for table in (items, runs):
        connection.execute(table.delete().where(table.c.source_id == source_id))
    connection.execute(sources.delete().where(sources.c.id == source_id))
    return removed


def start_run(connection: sa.Connection, source_id: int) -> int:
    """Note that a run begins; return its number."""
    result = connection.execute(runs.insert().values(source_id=source_id, started_at=now()))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def finish_run(connection: sa.Connection, run_id: int, counts: dict[str, int]) -> None:
    """Note that a run is complete."""
    connection.execute(
        runs.update()
        .where(runs.c.id == run_id)
        .values(finished_at=now(), counts=json.dumps(counts))
    )


def put_items(
    connection: sa.Connection, source_id: int, run_id: int, lines: Sequence[Item]
) -> None:
    """Write outcomes into a source's ledger."""
    remove_items(connection, source_id, [line.key for line in lines])
    if lines:
        connection.execute(
            items.insert(),
            [
                {
                    "source_id": source_id,
                    "key": line.key,
                    "fingerprint": line.fingerprint,
                    "record_key": line.record_id,
                    "code": line.code,
                    "message": line.message,
                    "run_id": run_id,
                }
                for line in {line.key: line for line in lines}.values()
            ],
        )


def remove_items(connection: sa.Connection, source_id: int, keys: Sequence[str]) -> None:
    """Remove lines from a source's ledger."""
    for chunk in batched(keys, _CHUNK):
        connection.execute(
            items.delete().where(items.c.source_id == source_id, items.c.key.in_(chunk))
        )


def mark_removed(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Note in the ledger that records were removed by hand, so that no run brings them back."""
    for chunk in batched(keys, _CHUNK):
        statement = items.update().where(items.c.record_key.in_(chunk))
        connection.execute(
            statement.values(record_key=None, code="removed", message="removed by hand")
        )
