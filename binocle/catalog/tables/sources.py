"""Sources, their runs, and what became of each item."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog.tables.checksums import source_checksum
from binocle.catalog.tables.history import SqlMeta, now, put
from binocle.catalog.tables.records import SqlRecords
from binocle.catalog.tables.schema import SOURCE_CHECKSUM, items, meta, records, runs, sources
from binocle.catalog.types import Item, SourceRow, SourceStatus

_LINES = sa.select(
    items.c.key, items.c.fingerprint, items.c.record_key, items.c.code, items.c.message
)


@dataclass(frozen=True, slots=True)
class SqlSources:
    """The tables ``sources``, ``runs`` and ``items``, the ledger."""

    connection: sa.Connection
    records: SqlRecords

    @property
    def _meta(self) -> SqlMeta:
        return SqlMeta(self.connection)

    def all(self) -> list[SourceRow]:
        query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
        return [SourceRow(*row) for row in self.connection.execute(query.order_by(sources.c.id))]

    def ledger(self, source_id: int) -> dict[str, Item]:
        query = _LINES.where(items.c.source_id == source_id)
        return {row[0]: Item(*row) for row in self.connection.execute(query)}

    def skipped_items(self, source_id: int | None = None) -> Iterator[tuple[SourceRow, Item]]:
        for source in self.all():
            if source_id in (None, source.id):
                query = _LINES.where(items.c.source_id == source.id, items.c.code.is_not(None))
                for row in self.connection.execute(query.order_by(items.c.key)):
                    yield source, Item(*row)

    def statuses(self) -> list[SourceStatus]:
        totals = sa.select(items.c.source_id, sa.func.count(), sa.func.count(items.c.code))
        counts = {
            source_id: (total - skipped, skipped)
            for source_id, total, skipped in self.connection.execute(
                totals.group_by(items.c.source_id)
            )
        }
        latest = sa.select(sa.func.max(runs.c.id)).group_by(runs.c.source_id)
        query = sa.select(runs.c.source_id, runs.c.started_at, runs.c.finished_at)
        found = self.connection.execute(query.where(runs.c.id.in_(latest)))
        last_runs = {source_id: (start, end) for source_id, start, end in found}
        return [
            SourceStatus(one, *counts.get(one.id, (0, 0)), last_runs.get(one.id))
            for one in self.all()
        ]

    def add(self, name: str, uri: str, kind: str) -> SourceRow:
        query = sa.select(sources.c.id, sources.c.name, sources.c.uri, sources.c.kind)
        row = self.connection.execute(query.where(sources.c.uri == uri)).first()
        if row:
            if self._meta.get(key := f"{SOURCE_CHECKSUM}{row[0]}") == (None,):  # an older program's
                self._meta.put(key, source_checksum(*row[1:]))
            return SourceRow(*row)
        taken = set(self.connection.execute(sa.select(sources.c.name)).scalars())
        free = name
        number = 2
        while free in taken:
            free = f"{name}-{number}"
            number += 1
        result = self.connection.execute(sources.insert().values(name=free, uri=uri, kind=kind))
        assert result.inserted_primary_key is not None
        key = f"{SOURCE_CHECKSUM}{result.inserted_primary_key[0]}"
        self._meta.put(key, source_checksum(free, uri, kind))
        return SourceRow(result.inserted_primary_key[0], free, uri, kind)

    def remove(self, source_id: int) -> int:
        keys = self.connection.execute(
            sa.select(records.c.key).where(records.c.source_id == source_id)
        )
        removed = self.records.remove(list(keys.scalars()), source_id=source_id)
        for table in (items, runs):
            self.connection.execute(table.delete().where(table.c.source_id == source_id))
        self.connection.execute(sources.delete().where(sources.c.id == source_id))
        self.connection.execute(meta.delete().where(meta.c.key == f"{SOURCE_CHECKSUM}{source_id}"))
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

    def read_again(self, keys: Sequence[str]) -> None:
        for chunk in batched(keys):
            statement = items.update().where(items.c.record_key.in_(chunk))
            self.connection.execute(statement.values(fingerprint=""))
