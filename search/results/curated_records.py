"""The records that rules name for a query, where they are there and may be shown."""

from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Snapshot
from binocle.types import Int64Array, Kind
from search.query.query import Query
from search.rules.query_rules import QueryRules


@dataclass(frozen=True, slots=True)
class CuratedRecords:
    """What a query shows at fixed positions, and what it does not show.

    Attributes:
        pins: Positions, from 1, ascending, and internal record ids, of records that pass the
            query's filter and have a part of what is looked at.
        unfiltered: The same of those that need not pass.
        hidden: Internal record ids.
    """

    pins: tuple[tuple[int, int], ...] = ()
    unfiltered: tuple[tuple[int, int], ...] = ()
    hidden: frozenset[int] = frozenset()

    @property
    def ids(self) -> Int64Array:
        """The pinned records' internal ids, in order of position."""
        return np.array([number for _, number in self.pins], np.int64)


NONE_CURATED = CuratedRecords()


def curated_records(
    collection: Collection,
    snapshot: Snapshot,
    query: Query,
    kinds: tuple[Kind, ...],
    rules: QueryRules,
) -> CuratedRecords:
    """Return the records that rules name for a query, where they are there."""
    if not rules.pins and not rules.hide:
        return NONE_CURATED
    with collection.reading() as session:
        numbers = session.records.numbers_of([*(one.id for one in rules.pins), *rules.hide])
    alive = snapshot.mask(None)
    has_parts = np.ones(len(alive), np.bool_)
    if query.target is not None:  # else what has no such part is shown by another
        has_parts[:] = False
        for kind in kinds:
            has_parts[snapshot.owners(kind).record_ids] = True
    passing = snapshot.mask(query.where)
    pins = [(one.position, numbers[one.id]) for one in rules.pins if one.id in numbers]
    there = [
        (position, number)
        for position, number in pins
        if number < len(alive) and alive[number] and has_parts[number]
    ]
    return CuratedRecords(
        pins=tuple(one for one in there if passing[one[1]]),
        unfiltered=tuple(there),
        hidden=frozenset(numbers[one] for one in rules.hide if one in numbers),
    )
