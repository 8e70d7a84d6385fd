"""One moment of a collection: everything a query needs, as of one change number.

A moment is immutable and cheap: its index segments, owners and columns are shared with the
moments before and after it. Whoever holds one gets the same answers for as long as he likes,
whatever is written meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from binocle.filters import Filter
from binocle.types import BoolArray, Float32Array, Int64Array, Kind


@dataclass(frozen=True, slots=True)
class Ranking:
    """Records ranked for one query, nearest first; ties in order of part id.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        part_ids: ``(n,)`` int64, the best part of each record.
        scores: ``(n,)`` float32 cosines of query and part, -1 to 1.
        exact: Whether an exhaustive scan would give the same.
    """

    record_ids: Int64Array
    part_ids: Int64Array
    scores: Float32Array
    exact: bool


class Moment:
    """A collection as of one change number, from ``Collection.moment``. Thread-safe.

    Records are named by their internal ids, which ascend in the order of commits and are never
    used twice. A *mask* is a ``(m,)`` bool array indexed by internal record id; ids beyond its
    end are False.

    Attributes:
        change: The change number.
    """

    change: int

    def count_parts(self, kind: Kind) -> int:
        """Return the number of parts of a kind."""
        raise NotImplementedError

    def count_records(self) -> int:
        """Return the number of records, with and without parts."""
        raise NotImplementedError

    def mask(self, where: Filter | None) -> BoolArray:
        """Return which records pass a filter; all that there are for None.

        The array is kept for later calls; it must not be written to.

        Raises:
            StaleMomentError: The filter speaks of a field the moment was not made with, and the
                collection has changed since; see ``Collection.moment``.
        """
        raise NotImplementedError

    def nearest(
        self,
        kind: Kind,
        query: Float32Array,
        k: int,
        *,
        where: Filter | None = None,
        allowed: BoolArray | None = None,
        exclude: frozenset[int] = frozenset(),
        exact: bool = False,
    ) -> Ranking:
        """Rank records by their part of one kind nearest to a query.

        Never returns fewer than k records while that many match.

        Args:
            kind: Which parts to look at.
            query: ``(d,)`` float32 unit row.
            k: How many records.
            where: Only records that pass.
            allowed: A mask; only records in it. Both may be given.
            exclude: Internal ids of records to leave out.
            exact: Scan everything, whatever the kind of index.
        """
        raise NotImplementedError

    def nearest_many(
        self,
        kind: Kind,
        queries_qd: Float32Array,
        k: int,
        *,
        where: Filter | None = None,
        allowed: BoolArray | None = None,
    ) -> list[Ranking]:
        """Return what ``nearest`` returns for each of several queries: ``(q, d)`` float32."""
        raise NotImplementedError

    def above(
        self,
        kind: Kind,
        query: Float32Array,
        least: float,
        *,
        where: Filter | None = None,
        allowed: BoolArray | None = None,
        exclude: frozenset[int] = frozenset(),
    ) -> Ranking:
        """Rank all records whose nearest part of one kind has at least this cosine.

        Everything is scanned, so the answer is exact: the relevant set behind a cut.
        """
        raise NotImplementedError

    def load(self, fields: Iterable[str]) -> None:
        """Make fields ready for ``mask`` and for the functions in ``search.facets``.

        Raises:
            StaleMomentError: As for ``mask``.
        """
        raise NotImplementedError
