"""Labels that labelling wrote, and those that wait for their picture."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol


class LabelReader(Protocol):
    """Which fields hold labels, and which wait."""

    def is_free(self, field: str) -> bool:
        """Tell whether labels may be written to a field: it holds labels, or no record has it."""

    def waiting_contents(self) -> Iterator[list[bytes]]:
        """Return the SHA-256 of stored pictures that labels wait for, some at a time."""


class LabelWriter(LabelReader, Protocol):
    """Noting what labelling writes, and labels that follow their pictures."""

    def claim(self, field: str) -> None:
        """Note that a field holds labels from now on; in the transaction that writes them."""

    def note(self, field: str, keys: Iterable[str]) -> None:
        """Note that labelling writes a field of some records; labels that wait for it are older."""

    def set_aside(self, keys: Iterable[str], *, source_id: int | None = None) -> None:
        """Keep the labels of records that are about to be stored again or removed.

        Args:
            keys: The records' ids; those that are not there or have no label are ignored.
            source_id: Only what belongs to this source. None for all.
        """

    def set_aside_of_source(self, source_id: int) -> None:
        """Keep the labels of all records of a source."""

    def give_back(self, contents: Sequence[bytes]) -> int:
        """Give labels to the records that have their pictures now.

        A record that has its picture still gets its own label. Otherwise the records of that
        picture that were stored after the labelled one, and have no value in the field, get it, if
        there are not more of them than labels and all these labels are the same: then it is clear
        which moved.

        Args:
            contents: SHA-256 of pictures.

        Returns:
            How many records got labels.
        """

    def forget_oldest(self) -> None:
        """Keep the list of labels that wait short."""
