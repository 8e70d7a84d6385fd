"""Sources, their runs, and what became of each item."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.history import now
from binocle.catalog.tables.records import SqlRecords
from binocle.catalog.tables.schema import items, records, runs, sources
from binocle.catalog.tables.statements import put
from binocle.catalog.types import Item, SourceRow


@dataclass(frozen=True, slots=True)
class SqlSources:
    """The tables ``sources``, ``runs`` and ``items``, the ledger."""

    connection: sa.Connection
    records: SqlRecords

    def all(self) -> list[SourceRow]:
        query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
        return [SourceRow(*row) for row in self.connection.execute(query.order_by(sources.c.id))]

    def ledger(self, source_id: int) -> dict[str, Item]:
        query = sa.select(
            items.c.key, items.c.fingerprint, items.c.record_key, items.c.code, items.c.message
        ).where(items.c.source_id == source_id)
        return {row[0]: Item(*row) for row in self.connection.execute(query)}

    def skipped_items(self) -> Iterator[tuple[SourceRow, Item]]:
        for source in self.all():
            query = (
                sa.select(
                    items.c.key,
                    items.c.fingerprint,
                    items.c.record_key,
                    items.c.code,
                    items.c.message,
                )
                .where(items.c.source_id == source.id, items.c.code.is_not(None))
                .order_by(items.c.key)
            )
            for row in self.connection.execute(query):
                yield source, Item(*row)

    def count_items(self, source_id: int) -> tuple[int, int]:
        query = sa.select(sa.func.count(), sa.func.count(items.c.code)).where(
            items.c.source_id == source_id
        )
        total, skipped = self.connection.execute(query).one()
        return total - skipped, skipped

    def last_run(self, source_id: int) -> tuple[str, str | None] | None:
        query = (
            sa.select(runs.c.started_at, runs.c.finished_at)
            .where(runs.c.source_id == source_id)
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        row = self.connection.execute(query).first()
        return (row[0], row[1]) if row else None

    def add(self, name: str, uri: str, kind: str) -> SourceRow:
        query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
        row = self.connection.execute(query.where(sources.c.uri == uri)).first()
        if row:
            return SourceRow(*row)
        taken = set(self.connection.execute(sa.select(sources.c.name)).scalars())
        free = name
        number = 2
        while free in taken:
            free = f"{name}-{number}"
            number += 1
        result = self.connection.execute(sources.insert().values(name=free, uri=uri, kind=kind))
        assert result.inserted_primary_key is not None
        return SourceRow(result.inserted_primary_key[0], free, uri, kind)

    def remove(self, source_id: int) -> int:
        keys = self.connection.execute(
            sa.select(records.c.key).where(records.c.source_id == source_id)
        )
        removed = self.records.remove(list(keys.scalars()), source_id=source_id)
        for table in (items, runs):
            self.connection.execute(table.delete().where(table.c.source_id == source_id))
        self.connection.execute(sources.delete().where(sources.c.id == source_id))
        return removed

    def start_run(self, source_id: int) -> int:
        result = self.connection.execute(
            runs.insert().values(source_id=source_id, started_at=now())
        )
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def finish_run(self, run_id: int, counts: dict[str, int]) -> None:
        self.connection.execute(
            runs.update()
            .where(runs.c.id == run_id)
            .values(finished_at=now(), counts=json.dumps(counts))
        )

    def put_items(self, source_id: int, run_id: int, lines: Sequence[Item]) -> None:
        put(
            self.connection,
            items,
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

    def remove_items(self, source_id: int, keys: Sequence[str]) -> None:
        for chunk in batched(keys):
            self.connection.execute(
                items.delete().where(items.c.source_id == source_id, items.c.key.in_(chunk))
            )

    def mark_removed(self, keys: Sequence[str]) -> None:
        for chunk in batched(keys):
            statement = items.update().where(items.c.record_key.in_(chunk))
            self.connection.execute(
                statement.values(record_key=None, code="removed", message="removed by hand")
            )
