"""One transaction on the tables of a catalogue."""

import json
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Generic, TypeAlias, TypeVar

import sqlalchemy as sa

from binocle.catalog.protocols.fulltext import FullTextIndex
from binocle.catalog.tables.columns import SqlColumns
from binocle.catalog.tables.fields import SqlFields
from binocle.catalog.tables.fingerprints import SqlFingerprints
from binocle.catalog.tables.fulltext import Fts5Index
from binocle.catalog.tables.history import SqlHistory, SqlMeta
from binocle.catalog.tables.labels import SqlLabels
from binocle.catalog.tables.parts import SqlParts
from binocle.catalog.tables.records import SqlRecords
from binocle.catalog.tables.rules import SqlRules
from binocle.catalog.tables.schema import SPACE_CHECKSUM
from binocle.catalog.tables.sources import SqlSources
from binocle.types import Space

Words = TypeVar("Words", bound=FullTextIndex)


class SqlSession(Generic[Words]):
    """A ``CatalogWriter`` on one connection; of a reading transaction only the reads are used."""

    def __init__(
        self, connection: sa.Connection, open_words: Callable[[sa.Connection, SqlMeta], Words]
    ) -> None:
        """Set up.

        Args:
            connection: Inside a transaction, which whoever began it ends.
            open_words: Gives the full-text index in the same transaction.
        """
        self.connection = connection
        self.meta = SqlMeta(connection)
        self.words = open_words(connection, self.meta)
        self.history = SqlHistory(connection, self.meta, self.words)
        self.fields = SqlFields(connection, self.history)
        self.fingerprints = SqlFingerprints(connection, self.meta)
        self.parts = SqlParts(connection)
        self.records = SqlRecords(connection, self.history, self.fields, self.words)
        self.sources = SqlSources(connection, self.records)
        self.labels = SqlLabels(connection, self.meta, self.fields, self.records)
        self.rules = SqlRules(connection, self.history)
        self.columns = SqlColumns(connection, self.history, self.fields, self.records)

    def space(self) -> Space | None:
        (text,) = self.meta.get("space")
        return Space(**json.loads(text)) if text else None

    def set_space(self, space: Space) -> None:
        text = json.dumps(asdict(space))
        self.meta.put("space", text)
        self.meta.put(SPACE_CHECKSUM, zlib.crc32(text.encode()))


SqliteSession: TypeAlias = SqlSession[Fts5Index]
