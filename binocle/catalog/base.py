"""What a catalogue is: named reads and writes that return data.

The catalogue is the only truth of a collection. A session sees one state of it, or is one
transaction, and offers its reads and writes by what they are about; no connection, no row of a
table and no SQL leaves it. Filters go in as trees; ``filters.matches`` says what they mean.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from binocle.catalog.protocols.fields import ColumnReader, FieldReader, FieldWriter
from binocle.catalog.protocols.fingerprints import FingerprintReader, FingerprintWriter
from binocle.catalog.protocols.fulltext import FullTextReader
from binocle.catalog.protocols.history import HistoryReader, HistoryWriter
from binocle.catalog.protocols.labels import LabelReader, LabelWriter
from binocle.catalog.protocols.records import PartReader, RecordReader, RecordWriter
from binocle.catalog.protocols.saved_queries import QueryStore
from binocle.catalog.protocols.sources import SourceReader, SourceWriter
from binocle.types import Space


class CatalogReader(Protocol):
    """A session that sees one state of the catalogue."""

    @property
    def history(self) -> HistoryReader:
        """Change numbers, and what was removed by which."""
        ...

    @property
    def records(self) -> RecordReader:
        """Records."""
        ...

    @property
    def parts(self) -> PartReader:
        """Their parts, contents and vectors."""
        ...

    @property
    def sources(self) -> SourceReader:
        """Sources, their runs and ledgers."""
        ...

    @property
    def fields(self) -> FieldReader:
        """Metadata fields and their types."""
        ...

    @property
    def columns(self) -> ColumnReader:
        """Metadata as columns in memory."""
        ...

    @property
    def fingerprints(self) -> FingerprintReader:
        """What makes stored pictures known again."""
        ...

    @property
    def labels(self) -> LabelReader:
        """Labels, and those that wait for their pictures."""
        ...

    @property
    def words(self) -> FullTextReader:
        """The full-text index."""
        ...

    def space(self) -> Space | None:
        """Return the space of the vectors; None before there are any."""
        ...


class CatalogWriter(CatalogReader, Protocol):
    """A session whose changes are committed together, or not at all. It sees them at once."""

    @property
    def history(self) -> HistoryWriter:
        """Change numbers, and what was removed by which."""
        ...

    @property
    def records(self) -> RecordWriter:
        """Records, with all that hangs on them."""
        ...

    @property
    def sources(self) -> SourceWriter:
        """Sources, their runs and ledgers."""
        ...

    @property
    def fields(self) -> FieldWriter:
        """Metadata fields and their types."""
        ...

    @property
    def fingerprints(self) -> FingerprintWriter:
        """What makes stored pictures known again."""
        ...

    @property
    def labels(self) -> LabelWriter:
        """Labels, and those that wait for their pictures."""
        ...

    def set_space(self, space: Space) -> None:
        """Note the space of the vectors."""
        ...


class Catalog(Protocol):
    """The catalogue of one collection. Thread-safe; several processes may have it open."""

    @property
    def saved_queries(self) -> QueryStore:
        """Queries kept under a name."""
        ...

    def reading(self) -> AbstractContextManager[CatalogReader]:
        """Give a session that sees one state.

        Raises:
            StorageError: The catalogue cannot be read.
        """
        ...

    def writing(self) -> AbstractContextManager[CatalogWriter]:
        """Give a session that is one transaction, the only one at a time.

        Raises:
            BusyError: Another process kept writing for too long.
            StorageError: The catalogue cannot be written; nothing was.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
