"""FAISS: exact below a measured size, IVF above it, in immutable segments.

The policy, measured in docs/benchmarks.md: up to ``FLAT_LIMIT`` vectors everything is scanned;
above it an inverted file (``IVF4√n,Flat``) answers from the eighth of its lists nearest to the
query. IVF is preferred to HNSW because it is built about seven times as fast at equal recall,
can remove, and keeps its recall for queries from the other cone of a CLIP-like space.

FAISS indices may not be changed while they are searched. So a segment is never changed: adding
makes a small flat segment, merged with its neighbours as in a log-structured merge tree,
removing marks ids, and a search works on the tuple of segments it started with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours
from binocle.vectors.base import top_k
from binocle.vectors.faiss_segments import Segment, selecting

FLAT_LIMIT = 100_000
_REBUILD_SHARE = 0.25
_SCAN_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class _Segments:
    segments: tuple[Segment, ...]
    removed: Int64Array  # ascending, still inside the segments

    @property
    def stored(self) -> int:
        return sum(len(segment.ids) for segment in self.segments)

    @property
    def count(self) -> int:
        return self.stored - len(self.removed)

    def without_removed(self, allowed: BoolArray | None) -> BoolArray | None:
        """Return which ids may be found, None for all there are."""
        if not len(self.removed):
            return allowed
        if allowed is None:
            highest = max(int(segment.ids[-1]) for segment in self.segments)
            allowed = np.ones(highest + 1, np.bool_)
        else:
            allowed = allowed.copy()
        allowed[self.removed[self.removed < len(allowed)]] = False
        return allowed


_EMPTY = _Segments((), np.empty(0, np.int64))


class FaissIndex:
    """Inner-product search over unit rows; see ``VectorIndex``."""

    def __init__(self, dimension: int, *, flat_limit: int = FLAT_LIMIT) -> None:
        """Make an empty index.

        Args:
            dimension: Components of a row.
            flat_limit: Up to how many vectors everything is scanned.
        """
        self._dimension = dimension
        self._flat_limit = flat_limit
        self._state = _EMPTY

    @classmethod
    def load(cls, data: bytes, dimension: int, *, flat_limit: int = FLAT_LIMIT) -> "FaissIndex":
        """Read what ``dump`` wrote.

        Raises:
            StorageError: The bytes are no FAISS index of this dimension.
        """
        segment = Segment.loaded(data, dimension)
        index = cls(dimension, flat_limit=flat_limit)
        if len(segment.ids):
            index._state = replace(_EMPTY, segments=(segment,))
        return index

    def dump(self) -> memoryview:
        """Return the index as one segment in FAISS's own format, ids being part ids."""
        self.compact()
        segments = self._state.segments
        return (segments[0] if segments else self._empty()).dump()

    @property
    def count(self) -> int:
        """Number of vectors."""
        return self._state.count

    @property
    def segment_sizes(self) -> dict[int, int]:
        """Bytes of the vectors in each segment, by what names it for as long as it lives."""
        width = 4 * self._dimension
        return {id(one.index): width * len(one.ids) for one in self._state.segments}

    @property
    def description(self) -> str:
        """The kind of index, for a person."""
        for segment in self._state.segments:
            if segment.is_ivf:
                lists = segment.index.nlist
                return f"approximate (FAISS IVF, {lists} lists, {segment.probed} probed)"
        return "exact (FAISS flat)"

    def copy(self) -> "FaissIndex":
        """Return an index of the same vectors that changes by itself; nothing is copied."""
        index = FaissIndex(self._dimension, flat_limit=self._flat_limit)
        index._state = self._state
        return index

    def add(self, ids: Int64Array, rows: Float32Array) -> None:
        """Add vectors; see ``VectorIndex.add``."""
        if not len(ids):
            return
        segments = [*self._state.segments, Segment.flat(ids, rows)]
        while len(segments) > 1 and _should_merge(segments[-2], segments[-1]):
            segments[-2:] = [Segment.flat(*_joined(segments[-2:]))]
        self._state = replace(self._state, segments=tuple(segments))
        fresh = sum(len(segment.ids) for segment in segments if not segment.is_ivf)
        if self.count > self._flat_limit and fresh > _REBUILD_SHARE * self.count:
            self.compact()

    def remove(self, ids: Int64Array) -> None:
        """Remove vectors; see ``VectorIndex.remove``."""
        state = self._state
        present = [np.intersect1d(ids, segment.ids) for segment in state.segments]
        removed = np.unique(np.concatenate([state.removed, *present]))
        self._state = replace(state, removed=removed)
        if len(removed) > max(1000, _REBUILD_SHARE * state.stored):
            self.compact()

    def compact(self) -> None:
        """Bring everything into one segment of the kind its size asks for."""
        state = self._state
        wanted_ivf = state.count > self._flat_limit
        is_compact = len(state.segments) <= 1 and not len(state.removed)
        if is_compact and all(segment.is_ivf == wanted_ivf for segment in state.segments):
            return
        ids, rows = self.vectors()
        if not len(ids):
            self._state = _EMPTY
            return
        segment = Segment.ivf(ids, rows) if wanted_ivf else Segment.flat(ids, rows)
        self._state = replace(_EMPTY, segments=(segment,))

    def search(
        self,
        query: Float32Array,
        k: int,
        *,
        allowed: BoolArray | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the nearest vectors; see ``VectorIndex.search``."""
        state = self._state
        allowed = state.without_removed(allowed)
        available = state.count if allowed is None else int(np.count_nonzero(allowed))
        selector = None if allowed is None else selecting(allowed)
        # Few candidates cost less to scan than to look for, and the answer is exact for free.
        scan = exact or available <= max(_SCAN_LIMIT, 4 * k) or k > available // 4
        scores, ids = _search_segments(state, query, k, selector, scan=scan)
        approximate = not scan and any(segment.is_ivf for segment in state.segments)
        if approximate and len(ids) < min(k, available):
            scores, ids = _search_segments(state, query, k, selector, scan=True)
            approximate = False
        return Neighbours(scores, ids, exact=not approximate)

    def search_many(
        self, queries_qd: Float32Array, k: int, *, allowed: BoolArray | None = None
    ) -> list[Neighbours]:
        """Return the nearest vectors of several queries: what ``search`` returns for each.

        A flat index is read once for all of them, which is most of the cost of a search.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
            k: How many for each, at least 1.
            allowed: As for ``search``.
        """
        state = self._state
        is_flat = len(state.segments) == 1 and not state.segments[0].is_ivf
        if not is_flat or len(queries_qd) == 1:
            return [self.search(query, k, allowed=allowed) for query in queries_qd]
        found = state.segments[0].search_many(queries_qd, k, state.without_removed(allowed))
        return [Neighbours(*top_k(scores, ids, k), exact=True) for scores, ids in found]

    def above(
        self, query: Float32Array, least: float, *, allowed: BoolArray | None = None
    ) -> Neighbours:
        """Return all vectors with at least this score, by a scan; equal scores in order of id.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            allowed: As for ``search``.
        """
        state = self._state
        allowed = state.without_removed(allowed)
        found = [segment.above(query, least, allowed) for segment in state.segments]
        if not found:
            return Neighbours(np.empty(0, np.float32), np.empty(0, np.int64), exact=True)
        scores = np.concatenate([one[0] for one in found])
        ids = np.concatenate([one[1] for one in found])
        order = np.lexsort((ids, -scores))
        return Neighbours(scores[order], ids[order], exact=True)

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""
        state = self._state
        if not state.segments:
            return np.empty(0, np.int64)
        ids = np.sort(np.concatenate([segment.ids for segment in state.segments]))
        return ids[~np.isin(ids, state.removed)]

    def vectors(self) -> tuple[Int64Array, Float32Array]:
        """Return all ids, ascending, and their rows."""
        state = self._state
        if not state.segments:
            return np.empty(0, np.int64), np.empty((0, self._dimension), np.float32)
        ids, rows = _joined(state.segments)
        order = np.argsort(ids, kind="stable")
        ids, rows = ids[order], rows[order]
        kept = ~np.isin(ids, state.removed)
        return ids[kept], np.ascontiguousarray(rows[kept])

    def _empty(self) -> Segment:
        return Segment.flat(np.empty(0, np.int64), np.empty((0, self._dimension), np.float32))

    def rows_of(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return those of some ids that are here, in the order given, and their rows."""
        state = self._state
        rows = np.empty((len(ids), self._dimension), np.float32)
        found = np.zeros(len(ids), np.bool_)
        for segment in state.segments:
            there = _is_in(segment.ids, ids)
            if there.any():
                rows[there] = segment.rows_at(ids[there])
                found |= there
        found &= ~_is_in(state.removed, ids)
        return ids[found], rows[found]


def _joined(segments: Sequence[Segment]) -> tuple[Int64Array, Float32Array]:
    """Return ids and rows of segments one after the other."""
    parts = [segment.vectors() for segment in segments]
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([rows for _, rows in parts])


def _search_segments(
    state: _Segments, query: Float32Array, k: int, selector: Any, *, scan: bool
) -> tuple[Float32Array, Int64Array]:
    found = [segment.search(query, k, selector, scan=scan) for segment in state.segments]
    if not found:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    scores = np.concatenate([scores for scores, _ in found])
    return top_k(scores, np.concatenate([ids for _, ids in found]), k)


def _is_in(ascending: Int64Array, ids: Int64Array) -> BoolArray:
    """Tell which ids are in an ascending array, without looking at all of it."""
    if not len(ascending):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.asarray(ascending[places] == ids)


def _should_merge(older: Segment, newer: Segment) -> bool:
    return not older.is_ivf and len(older.ids) <= 2 * len(newer.ids)
