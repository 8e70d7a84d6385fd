"""Metadata fields and their columns."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from binocle.metadata.columns import Columns
from binocle.metadata.field_types import FieldInfo, FieldType, Reading
from binocle.metadata.filters import Filter
from binocle.types import Int64Array


class FieldReader(Protocol):
    """Questions about metadata fields and their types."""

    def names(self) -> list[str]:
        """Return the names of all metadata fields, sorted."""

    def holds(self, name: str) -> set[str]:
        """Return what a field holds: ``numbers``, ``texts``, ``places``; nothing for none."""

    def texts(self, name: str) -> list[str]:
        """Return the different strings that a field holds, sorted."""

    def counts(self) -> dict[str, int]:
        """Return how many records have each metadata field, by name."""

    def declared(self) -> dict[str, FieldType]:
        """Return the declared fields and their types."""

    def conversions(self) -> dict[str, FieldType]:
        """Return the fields whose values are converted: declared ones, and those with strays."""

    def types(self) -> dict[str, tuple[FieldType, bool]]:
        """Return all fields that were ever seen or declared: type, and whether it was declared."""

    def describe(self) -> list[FieldInfo]:
        """Return what is known of each field, in order of name."""


class FieldWriter(FieldReader, Protocol):
    """Setting the types of fields."""

    def declare(self, types: Mapping[str, FieldType | None]) -> None:
        """Set the types of fields, None leaving one to inference.

        What is stored is converted anew.
        """

    def settle(self, readings: Mapping[str, Reading], source_id: int) -> None:
        """Note which fields are numbers or dates but for strays, as a table's columns say.

        What other sources have in a field counts too: where the strays of all together are too
        many, it is a field of strings. What is declared stays so.

        Args:
            readings: What the columns are.
            source_id: The table's.
        """


class ColumnReader(Protocol):
    """Metadata as columns in memory, and what commits changed since."""

    def load(self) -> Columns:
        """Return the records that there are, without any column."""

    def with_fields(self, columns: Columns, names: Iterable[str]) -> Columns:
        """Return columns with further fields, these as of what the session sees."""

    def caught_up(self, columns: Columns) -> Columns:
        """Return columns as of what the session sees; fields too far behind are left out."""

    def few_matching(self, where: Filter) -> Int64Array | None:
        """Return the records that pass a filter where an index shows that they are few, else None.

        One clause has to be that narrow; the others are then tested on the records themselves.
        """

    def short_values(self, most: int) -> list[tuple[str, str, int]]:
        """Return the strings in fields, as far as they have at most so many characters.

        Returns:
            Of each the field, the string, and how many records have it.
        """
