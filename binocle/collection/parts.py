"""The parts of one kind as of one change number: their vectors, and their records."""

from dataclasses import dataclass

import numpy as np

from binocle.types import Int64Array
from binocle.vectors.base import VectorView, places_in
from binocle.vectors.exact import ExactView


@dataclass(frozen=True, slots=True)
class Owners:
    """Which record each part of one kind belongs to."""

    part_ids: Int64Array  # ascending
    record_ids: Int64Array

    def of(self, found: Int64Array) -> Int64Array:
        """Return the record of each part, -1 where there is none."""
        places, there = places_in(self.part_ids, found)
        records = np.full(len(found), -1, np.int64)
        records[there] = self.record_ids[places[there]]
        return records


NO_OWNERS = Owners(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one kind: their vectors as of one change number, and the owners."""

    vectors: VectorView
    owners: Owners

    @property
    def is_whole(self) -> bool:
        """Whether there are as many vectors as owners."""
        return self.vectors.count() == len(self.owners.part_ids)

    @property
    def held_bytes(self) -> dict[int, int]:
        """Bytes of what it keeps in memory, by what names it for as long as it lives."""
        owners = self.owners
        own = owners.part_ids.nbytes + owners.record_ids.nbytes
        return {**self.vectors.held_bytes, id(owners): own}


NO_PARTS = Parts(ExactView(np.empty(0, np.int64), np.empty((0, 1), np.float32)), NO_OWNERS)
