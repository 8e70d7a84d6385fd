"""Which of many hashes are near a few: every one is looked at."""

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.fingerprint import HASH_BYTES
from binocle.types import Int64Array


@dataclass(frozen=True, slots=True)
class NearHash:
    """A hash that is near.

    Attributes:
        place: Which, from 0.
        bits: In how many it differs from the nearest of those asked for.
        form: Which of those that is.
    """

    place: int
    bits: int
    form: int


class HashScan:
    """Hashes of 256 bits that are not changed any more. Thread-safe."""

    def __init__(self, hashes: npt.NDArray[np.uint8]) -> None:
        """Set up.

        Args:
            hashes: ``(n, 32)`` uint8.
        """
        self._index = faiss.IndexBinaryFlat(8 * HASH_BYTES)
        self._index.add(np.ascontiguousarray(hashes))

    def near(self, forms: npt.NDArray[np.uint8], bits: int, most: int) -> list[NearHash]:
        """Return what is near to any of some hashes, nearest first.

        Args:
            forms: ``(f, 32)`` uint8.
            bits: What differs in more is left out.
            most: At most so many.
        """
        count = min(most, self._index.ntotal)
        if not count:
            return []
        distances, places = self._index.search(np.ascontiguousarray(forms), count)
        order: Int64Array = np.argsort(distances, axis=None, kind="stable")
        found: dict[int, NearHash] = {}
        for flat in order.tolist():
            form, rank = divmod(flat, count)
            distance, place = int(distances[form, rank]), int(places[form, rank])
            if distance <= bits and place not in found and len(found) < most:
                found[place] = NearHash(place, distance, form)
        return list(found.values())
