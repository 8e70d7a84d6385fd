"""Ranking rules: a row a version, and one for the draft."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from binocle.catalog.stored_rules import StoredRules, digest_of
from binocle.catalog.tables.history import SqlHistory, now, put
from binocle.catalog.tables.schema import rules

DRAFT = 0


@dataclass(frozen=True, slots=True)
class SqlRules:
    """The table ``rules``."""

    connection: sa.Connection
    history: SqlHistory

    def newest(self) -> int:
        found = self.connection.exec_driver_sql("SELECT max(version) FROM rules").scalar()
        return int(found or 0)

    def get(self, version: int) -> StoredRules | None:
        found = self._rows(sa.select(rules).where(rules.c.version == version))
        return found[0] if found else None

    def versions(self) -> list[StoredRules]:
        query = sa.select(rules).where(rules.c.version > DRAFT)
        return list(self._rows(query.order_by(rules.c.version.desc())))

    def put_draft(self, document: str) -> StoredRules:
        return self._put(DRAFT, document, "")

    def remove_draft(self) -> None:
        self.connection.execute(rules.delete().where(rules.c.version == DRAFT))

    def publish(self, document: str, note: str, *, most: int) -> StoredRules:
        version = self.newest() + 1
        self.history.next_change()
        old = rules.c.version.between(DRAFT + 1, version - most)
        self.connection.execute(rules.delete().where(old))
        return self._put(version, document, note)

    def _put(self, version: int, document: str, note: str) -> StoredRules:
        stored = StoredRules(version, document, now(), note, digest_of(document))
        row = {
            "version": version, "document": document, "sha256": stored.sha256,
            "at": stored.at, "note": note,
        }  # fmt: skip
        put(self.connection, rules, [row])
        return stored

    def _rows(self, query: "sa.Select[tuple[object, ...]]") -> Sequence[StoredRules]:
        return [
            StoredRules(row.version, row.document, row.at, row.note, row.sha256)
            for row in self.connection.execute(query)
        ]
