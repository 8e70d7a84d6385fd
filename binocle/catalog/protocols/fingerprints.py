"""Fingerprints of stored pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from binocle.catalog.types import FingerprintRows, KnownPicture
from binocle.types import Fingerprint, Part


class FingerprintReader(Protocol):
    """What makes stored pictures known again."""

    def after(self, part_id: int) -> Iterator[FingerprintRows]:
        """Yield the fingerprints of parts with larger ids, a few thousand at a time."""

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Yield part id and SHA-256 of the pictures with a fingerprint, in order of part id."""

    def of_parts(self, part_ids: Iterable[int]) -> FingerprintRows:
        """Return the fingerprints of some parts, in order of id; those without one are missing."""

    def hashes_of_parts(
        self, part_ids: Sequence[int]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Return the perceptual hashes of parts, for collapsing near-duplicates.

        Args:
            part_ids: ``n`` part ids, in any order.

        Returns:
            ``(n, 32)`` uint8 in the order of the ids, and ``(n,)`` bool: which of them have
            one; texts and pictures without a fingerprint have not, and their row is 0.
        """

    def parts_without(self, limit: int, after: int = 0) -> list[Part]:
        """Return pictures that have no fingerprint yet, in order of part id, from behind an id."""

    def count_without(self) -> int:
        """Return how many pictures have no fingerprint yet."""

    def times_filled(self) -> int:
        """Return how often ``fill`` has stored something; a reader then starts anew."""

    def pictures(self, part_ids: Iterable[int]) -> dict[int, KnownPicture]:
        """Return pictures by part id; those that are gone are missing."""


class FingerprintWriter(FingerprintReader, Protocol):
    """Filling in what is missing."""

    def fill(self, found: Mapping[int, Fingerprint]) -> None:
        """Store fingerprints of parts that were stored without, and let readers know.

        Those of parts that are gone meanwhile are dropped.
        """

    def put_colour(self, sha256: bytes, colour: str) -> None:
        """Store the average colour of all pictures of a content, as ``#a0b1c2``."""
