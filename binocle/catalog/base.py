"""What a catalogue is: named reads and writes that return data.

The catalogue is the only truth of a collection. A session sees one state of it, or is one
transaction, and offers its reads and writes by what they are about; no connection, no row of a
table and no SQL leaves it. Filters go in as trees; ``filters.matches`` says what they mean.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from binocle.catalog.protocols.fields import ColumnReader, FieldReader, FieldWriter
from binocle.catalog.protocols.fingerprints import FingerprintReader, FingerprintWriter
from binocle.catalog.protocols.fulltext import FullTextReader
from binocle.catalog.protocols.labels import LabelReader, LabelWriter
from binocle.catalog.protocols.records import PartReader, RecordReader, RecordWriter
from binocle.catalog.protocols.rules import RulesReader, RulesWriter
from binocle.catalog.protocols.sources import SourceReader, SourceWriter
from binocle.types import Int64Array, Space


class HistoryReader(Protocol):
    """Change numbers, and what was removed since."""

    def change(self) -> int:
        """Return the number of the last write transaction."""

    def token(self, number: int) -> str | None:
        """Return the random token of a write transaction; None where it is not known any more."""

    def changed_at(self) -> str | None:
        """Return when the last write transaction was, ISO 8601 in UTC; None before the first."""

    def newest_part(self) -> int:
        """Return the largest part id handed out."""

    def removed_parts(self, after_change: int) -> Int64Array:
        """Return the ids of parts removed by later transactions than the given one."""

    def removals_known_after(self) -> int:
        """Return the change before which removals are forgotten; a reader behind it starts anew."""


class HistoryWriter(HistoryReader, Protocol):
    """The same, and forgetting."""

    def forget_old_removals(self) -> None:
        """Keep the lists of removed things short; a reader that is further behind starts anew."""


class CatalogReader(Protocol):
    """A session that sees one state of the catalogue."""

    @property
    def history(self) -> HistoryReader:
        """Change numbers, and what was removed by which."""

    @property
    def records(self) -> RecordReader:
        """Records."""

    @property
    def parts(self) -> PartReader:
        """Their parts, contents and vectors."""

    @property
    def sources(self) -> SourceReader:
        """Sources, their runs and ledgers."""

    @property
    def fields(self) -> FieldReader:
        """Metadata fields and their types."""

    @property
    def columns(self) -> ColumnReader:
        """Metadata as columns in memory."""

    @property
    def fingerprints(self) -> FingerprintReader:
        """What makes stored pictures known again."""

    @property
    def labels(self) -> LabelReader:
        """Labels, and those that wait for their pictures."""

    @property
    def rules(self) -> RulesReader:
        """Ranking rules, in versions."""

    @property
    def words(self) -> FullTextReader:
        """The full-text index."""

    def space(self) -> Space | None:
        """Return the space of the vectors; None before there are any."""


class CatalogWriter(CatalogReader, Protocol):
    """A session whose changes are committed together, or not at all. It sees them at once."""

    @property
    def history(self) -> HistoryWriter:
        """Change numbers, and what was removed by which."""

    @property
    def records(self) -> RecordWriter:
        """Records, with all that hangs on them."""

    @property
    def sources(self) -> SourceWriter:
        """Sources, their runs and ledgers."""

    @property
    def fields(self) -> FieldWriter:
        """Metadata fields and their types."""

    @property
    def fingerprints(self) -> FingerprintWriter:
        """What makes stored pictures known again."""

    @property
    def labels(self) -> LabelWriter:
        """Labels, and those that wait for their pictures."""

    @property
    def rules(self) -> RulesWriter:
        """Ranking rules, in versions."""

    def set_space(self, space: Space) -> None:
        """Note the space of the vectors."""


class QueryStore(Protocol):
    """Keeps queries as texts, apart from sessions: keeping one waits for no writer of records.

    Thread-safe. Each method raises ``StorageError`` where the store cannot be read or written.
    """

    def put(self, queries: Mapping[bytes, str], at: float) -> None:
        """Keep queries.

        Args:
            queries: By names that are not used yet.
            at: Now, seconds since 1970.
        """

    def get(self, name: bytes, oldest: float) -> str | None:
        """Return a query that was kept at a time or later; None where there is none."""

    def forget(self, oldest: float, most: int) -> None:
        """Forget what was kept before a time, and all but the newest ones."""


class Catalog(Protocol):
    """The catalogue of one collection. Thread-safe; several processes may have it open."""

    @property
    def saved_queries(self) -> QueryStore:
        """Queries kept under a name."""

    def reading(self) -> AbstractContextManager[CatalogReader]:
        """Give a session that sees one state.

        Raises:
            StorageError: The catalogue cannot be read.
        """

    def writing(self) -> AbstractContextManager[CatalogWriter]:
        """Give a session that is one transaction, the only one at a time.

        Raises:
            BusyError: Another process kept writing for too long.
            StorageError: The catalogue cannot be written; nothing was.
        """

    def rest(self) -> None:
        """Close the files that nothing uses just now; they are opened again by themselves."""

    def close(self) -> None:
        """Close what is open."""
