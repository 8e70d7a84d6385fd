"""Records and their parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from binocle.catalog.damage import DamagedVector
from binocle.catalog.types import NewRows, StoredImage
from binocle.metadata.filters import Filter
from binocle.types import (
    Float32Array,
    Int64Array,
    Kind,
    MetadataValue,
    NewPart,
    NewRecord,
    Part,
    Record,
)


class RecordReader(Protocol):
    """Questions about records. *Number* is a record's internal id, *key* the id users see."""

    def count(self, where: Filter | None = None) -> int:
        """Return the number of records, or of those that pass a filter."""

    def matching(self, where: Filter) -> Int64Array:
        """Return the internal ids of the records that pass a filter, in no particular order."""

    def number_of(self, key: str) -> int | None:
        """Return the internal id of a record."""

    def numbers_of(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the internal ids of records by the ids users see; what is not there is missing."""

    def keys_of(self, record_ids: Iterable[int]) -> dict[int, str]:
        """Return the ids that users see by internal id; records that are gone are missing."""

    def by_number(self, ids: Sequence[int]) -> dict[int, Record]:
        """Return records by internal id, without their parts; those that are gone are missing."""

    def after(self, number: int, limit: int, clauses: Sequence[Filter]) -> list[tuple[int, Record]]:
        """Return records with a larger internal id that pass all filters, in order of that id."""


class RecordWriter(RecordReader, Protocol):
    """Changes of records, with all that hangs on them."""

    def upsert(self, new: Sequence[NewRecord], *, source_id: int | None = None) -> int:
        """Store records, replacing those of the same id; parts of the same content stay.

        Args:
            new: The records; of two with one id the later one counts.
            source_id: Whom they belong to from now on.

        Returns:
            How many of them belonged to somebody else before.
        """

    def remove(self, keys: Sequence[str], *, source_id: int | None = None) -> int:
        """Remove records and all that hangs on them; ids that are not there are ignored.

        Args:
            keys: The records' ids.
            source_id: Remove only what belongs to this source. None for all.

        Returns:
            How many were removed.
        """

    def patch(self, changes_by_key: Mapping[str, Mapping[str, MetadataValue | None]]) -> int:
        """Set metadata fields of several records, None removing one, as one change.

        Args:
            changes_by_key: New values by field, by the records' ids; ids that are not there are
                ignored.

        Returns:
            How many records there are of these.

        Raises:
            UsageError: A value cannot be stored.
        """


class PartReader(Protocol):
    """Questions about parts, their contents and vectors."""

    def count(self) -> dict[Kind, int]:
        """Return the number of parts of each kind."""

    def after(self, kind: Kind, part_id: int, dimension: int) -> Iterator[NewRows]:
        """Yield the parts of a kind with a larger id than given, a few thousand at a time.

        Parts whose vectors are damaged are named and left out.
        """

    def owners(self, kind: Kind, up_to: int) -> tuple[Int64Array, Int64Array]:
        """Return ids and record ids of a kind's parts with ids up to the given one, ascending."""

    def by_id(self, ids: Sequence[int]) -> dict[int, Part]:
        """Return parts by id; those that are gone are missing."""

    def of_records(self, numbers: Iterable[int]) -> dict[int, tuple[Part, ...]]:
        """Return the parts of records in order; records without any are missing."""

    def short_texts(self, most: int) -> list[tuple[str, str, int]]:
        """Return the texts of at most so many characters: role, text, how many parts say it."""

    def at(self, record_ids: Int64Array, positions: Int64Array) -> Int64Array:
        """Return the parts at places in their records; the first part where the place is -1.

        Args:
            record_ids: ``(n,)`` int64, internal.
            positions: ``(n,)`` int64, counted from 0, or -1.

        Returns:
            ``(n,)`` int64; -1 where the record is gone.
        """

    def vectors_of_record(self, record_id: int) -> dict[Kind, list[Float32Array]]:
        """Return a record's vectors by kind, in the order of its parts, without damaged ones."""

    def vectors_of(self, part_ids: Iterable[int]) -> dict[int, Float32Array]:
        """Return the vectors of parts; those that are gone or damaged are missing."""

    def known_contents(self, kind: Kind, hashes: Iterable[bytes]) -> dict[bytes, NewPart]:
        """Return what is stored of contents by their SHA-256; unknown ones are missing.

        So are those whose vectors are damaged. The parts have neither role nor uri, which are of
        one record.
        """

    def damaged_vectors(self, part_ids: Iterable[int] | None = None) -> list[DamagedVector]:
        """Return the vectors that are not what was stored, by their checksums, in order of parts.

        Args:
            part_ids: Which parts are looked at; those that are gone are ignored. None for all,
                which reads every vector.
        """

    def image_hashes(self) -> set[bytes]:
        """Return the SHA-256 of every picture embedded so far."""

    def images_of_records(self, keys: Iterable[str]) -> set[bytes]:
        """Return the SHA-256 of every picture of some records, by the records' ids."""

    def uris_of_images(self, hashes: Iterable[bytes]) -> dict[bytes, set[str]]:
        """Return the uris of all parts that are these pictures, by SHA-256."""

    def image(self, key: str, part_id: int | None = None) -> StoredImage | None:
        """Return a picture of a record, the first one by default; None where it has none such."""

    def images_with_content(self, sha256: bytes) -> list[int]:
        """Return the ids of the pictures whose file has these bytes."""
