"""One moment of a collection: everything a query needs, as of one change number.

A moment is immutable and cheap: its index segments, owners and columns are shared with the
moments before and after it. Whoever holds one gets the same answers for as long as he likes,
whatever is written meanwhile.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from binocle.catalog.base import CatalogReader
from binocle.collection.parts import NO_PARTS, Owners, Parts
from binocle.metadata.columns import Column, Columns
from binocle.metadata.filters import Filter, fields_in
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Neighbours
from binocle.vectors.base import Allowed, VectorView

_MASKS_KEPT = 16


@dataclass(frozen=True, slots=True)
class Ranking:
    """Records ranked for one query, nearest first; ties in order of part id.

    Attributes:
        record_ids: ``(n,)`` int64, internal, each once.
        part_ids: ``(n,)`` int64, the best part of each record.
        scores: ``(n,)`` float32 cosines of query and part, -1 to 1.
        exact: Whether an exhaustive scan would give the same.
        left_out: Of all above a cosine, about how many more there are.
    """

    record_ids: Int64Array
    part_ids: Int64Array
    scores: Float32Array
    exact: bool
    left_out: float = 0.0

    def head(self, k: int) -> "Ranking":
        """Return the first k."""
        return Ranking(self.record_ids[:k], self.part_ids[:k], self.scores[:k], self.exact)


NOTHING = Ranking(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), exact=True)


class Snapshot:
    """A collection as of one change number, from ``Collection.snapshot``. Thread-safe.

    Records are named by their internal ids, which ascend in the order of commits and are never
    used twice. A *mask* is a ``(m,)`` bool array indexed by internal record id; ids beyond its
    end are False. Masks are shared and cannot be written to.

    A field is loaded when it is first asked for, and stays as it was then. Ask for what later
    pages need with the first one.

    Attributes:
        change: The change number.
        newest_part: The largest part id handed out until then.
    """

    def __init__(
        self,
        parts: Mapping[Kind, Parts],
        columns: Columns,
        read: Callable[[], AbstractContextManager[CatalogReader]],
        newest_part: int,
    ) -> None:
        """Set up with what is known so far, and with what reads the rest from the catalogue."""
        self.change = columns.change
        self.newest_part = newest_part
        self._parts = parts
        self._columns = columns
        self._read = read
        self._masks: dict[Filter, BoolArray] = {}
        self._allowed: dict[tuple[Kind, Filter], Allowed] = {}
        self._loading = threading.Lock()
        self._held: tuple[tuple[int, int], dict[int, int]] = (0, 0), {}

    @property
    def columns(self) -> Columns:
        """The metadata loaded so far."""
        return self._columns

    @property
    def held_bytes(self) -> Mapping[int, int]:
        """Bytes of what it keeps in memory, as others may, by what names it while it lives."""
        masks = len(self._masks) + len(self._allowed)
        state = id(self._columns), masks
        if self._held[0] != state:
            held = self._columns.held_bytes
            for one in self._parts.values():
                held |= one.held_bytes
            held[id(self)] = masks * self._columns.alive.nbytes  # each takes about that
            self._held = state, held
        return self._held[1]

    def vectors(self, kind: Kind) -> VectorView:
        """Return the vectors of a kind's parts."""
        return self._parts[kind].vectors

    def owners(self, kind: Kind) -> Owners:
        """Return the owners of a kind's parts."""
        return self._parts[kind].owners

    def has(self, kinds: Iterable[Kind]) -> bool:
        """Tell whether it was made with the parts of all these kinds."""
        return all(self._parts[kind] is not NO_PARTS for kind in kinds)

    def count_parts(self, kind: Kind) -> int:
        """Return the number of parts of a kind."""
        return len(self._parts[kind].owners.part_ids)

    def count_records(self) -> int:
        """Return the number of records, with and without parts."""
        return int(np.count_nonzero(self._columns.alive))

    def load(self, fields: Iterable[str]) -> Columns:
        """Make fields ready for filters, facets, sort orders and groups; return all that are."""
        names = tuple(fields)
        if self._columns.lacks(names):
            # what one thread loads, no other may drop
            with self._loading, self._read() as session:
                self._columns = session.columns.with_fields(self._columns, names)
        return self._columns

    def column(self, field: str) -> Column:
        """Return a field's column; ``id`` and ``uri`` have one too."""
        return self.load([field]).by_field[field]

    def mask(self, where: Filter | None) -> BoolArray:
        """Return which records pass a filter; all that there are for None."""
        if where is None:
            return self._columns.alive
        found = self._masks.get(where)
        if found is None:
            found = self._resolved(where)
            found.setflags(write=False)
            if len(self._masks) >= _MASKS_KEPT:
                self._masks.pop(next(iter(self._masks)), None)
            found = self._masks.setdefault(where, found)  # of two threads, both have the first's
        return found

    def _resolved(self, where: Filter) -> BoolArray:
        names = fields_in(where)
        if self._columns.lacks(names):
            with self._read() as session:
                few = session.columns.few_matching(where)
            if few is not None:
                alive = self._columns.alive
                found = np.zeros(len(alive), np.bool_)
                found[few[few < len(alive)]] = True
                return np.asarray(found & alive)
        return self.load(names).mask(where)

    def nearest(
        self,
        kind: Kind,
        queries_qd: Float32Array,
        k: int,
        *,
        where: Filter | None = None,
        allowed: BoolArray | None = None,
        exclude: frozenset[int] = frozenset(),
        exact: bool = False,
    ) -> list[Ranking]:
        """Rank records for each query by their part of one kind nearest to it.

        Never returns fewer than k records while that many match.

        Args:
            kind: Which parts to look at.
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many records.
            where: Only records that pass.
            allowed: A mask; only records in it. Both may be given.
            exclude: Internal ids of records to leave out.
            exact: Scan everything, whatever the kind of store.
        """
        parts = self._parts[kind]
        reachable = len(parts.owners.part_ids)
        rankings = [NOTHING] * len(queries_qd)
        if not reachable or k < 1:
            return rankings
        permitted = self._permitted(kind, where, allowed)
        fetch = min(reachable, 2 * (k + len(exclude)))
        asked = np.arange(len(queries_qd))
        while True:
            found = parts.vectors.search(queries_qd[asked], fetch, allowed=permitted, exact=exact)
            for number, neighbours in zip(asked, found, strict=True):
                rankings[number] = _ranked(parts.owners, neighbours, exclude).head(k)
            if fetch == reachable:
                return rankings
            # Many parts of few records: look deeper.
            deeper = [
                len(rankings[number].record_ids) < k and len(neighbours.part_ids) >= fetch
                for number, neighbours in zip(asked, found, strict=True)
            ]
            if not any(deeper):
                return rankings
            asked = asked[deeper]
            fetch = min(reachable, 4 * fetch)

    def above(
        self,
        kind: Kind,
        query: Float32Array,
        least: float,
        *,
        where: Filter | None = None,
        allowed: BoolArray | None = None,
        exclude: frozenset[int] = frozenset(),
        exact: bool = False,
    ) -> Ranking:
        """Rank the records whose nearest part of one kind has at least this cosine.

        The relevant set behind a cut: all of it in a collection that is scanned anyway, nearly all
        of it in others, unless ``exact`` asks for a scan.
        """
        parts = self._parts[kind]
        if not len(parts.owners.part_ids):
            return NOTHING
        permitted = self._permitted(kind, where, allowed)
        found = parts.vectors.above(query, least, allowed=permitted, exact=exact)
        return _ranked(parts.owners, found, exclude)

    def _permitted(
        self, kind: Kind, where: Filter | None, allowed: BoolArray | None
    ) -> Allowed | None:
        """Return which parts may be found, None for all; kept for a filter, as its mask is."""
        if allowed is not None:
            return self._among(kind, where, allowed)
        if where is None:
            return None
        found = self._allowed.get((kind, where))
        if found is None:
            found = self._among(kind, where, None)
            if len(self._allowed) >= _MASKS_KEPT:
                self._allowed.pop(next(iter(self._allowed)), None)
            self._allowed[kind, where] = found
        return found

    def _among(self, kind: Kind, where: Filter | None, allowed: BoolArray | None) -> Allowed:
        owners = self._parts[kind].owners
        records = self.mask(where) if allowed is None else allowed
        if where is not None and allowed is not None:
            passing = self.mask(where)
            shared = min(len(passing), len(allowed))
            records = passing[:shared] & allowed[:shared]
        missing = int(owners.record_ids.max()) + 1 - len(records)
        if missing > 0:
            records = np.concatenate([records, np.zeros(missing, np.bool_)])
        permitted = np.zeros(int(owners.part_ids[-1]) + 1, np.bool_)
        permitted[owners.part_ids] = records[owners.record_ids]
        return Allowed(permitted, where if allowed is None else None)


def _ranked(owners: Owners, found: Neighbours, exclude: frozenset[int]) -> Ranking:
    """Return each record once, with its best part."""
    records = owners.of(found.part_ids)
    kept = records >= 0
    if exclude:
        kept &= ~np.isin(records, list(exclude))
    places = np.flatnonzero(kept)
    first = np.sort(np.unique(records[places], return_index=True)[1])
    places = places[first]
    scores, part_ids = found.scores[places], found.part_ids[places]
    return Ranking(records[places], part_ids, scores, found.exact, found.left_out)
