"""The full-text index, beside the catalogue."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from binocle.catalog.text_rows import RecordTexts
from binocle.types import Int64Array


class FullTextReader(Protocol):
    """Which texts have a word. Rows and their tokens are the same everywhere: ``text_rows``."""

    def rows_with(self, phrases: Sequence[Sequence[str]]) -> Int64Array:
        """Return the numbers of the rows that have any of several phrases, ascending.

        Args:
            phrases: Each one or more tokens that stand together.
        """

    def rows_with_beginning(self, beginning: str) -> Int64Array:
        """Return the numbers of the rows that have a token with a beginning, ascending."""

    def rows_opening_with(self, token: str) -> Int64Array:
        """Return the numbers of the rows whose first token is this one, ascending."""

    def has_texts(self) -> bool:
        """Tell whether any record ever had words beyond its file name and its camera."""

    def relatives(self, stem: str) -> list[str]:
        """Return the stored words with a stem, in order."""

    def known(self, candidates: Iterable[str]) -> set[str]:
        """Return which words are stored."""

    def words_after(self, number: int) -> tuple[int, list[str]]:
        """Return the words that were first stored after the given number, and the last number.

        The vocabulary only grows; some of its words may be in no record any more.
        """

    def state(self) -> str:
        """Return what changes whenever the words do."""

    def filled_share(self) -> float:
        """Return how much of the records, 0 to 1, has its words read in."""


class FullTextIndex(FullTextReader, Protocol):
    """The same, and keeping it in step with the records, in the transaction that changes them."""

    def put(self, records: Iterable[RecordTexts]) -> None:
        """Write the words of records, instead of those they had."""

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget the words of records, given by internal ids."""

    def follow(self, change: int) -> None:
        """Note the number of a change that begins."""
