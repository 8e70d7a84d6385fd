"""What a search of the FAISS store sees: a tuple of segments that nobody changes any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours
from binocle.vectors.base import Allowed, places_in, top_k
from binocle.vectors.flat_segment import FlatSegment
from binocle.vectors.inverted_file import IvfSegment, sample_of, sample_size
from binocle.vectors.rescoring import BLOCK, Scored, Segment

_SCAN_LIMIT = 20_000
_SAMPLE = 4096
_FLOAT16 = 2.0**-11  # of a score of unit rows at most; 1e-5 as a rule


@dataclass(frozen=True, slots=True)
class FaissView:
    """The vectors of some segments; see ``VectorView``.

    Attributes:
        dimension: Components of a row.
        segments: In the order they were made.
        removed: Ids that are gone and still in the segments, ascending.
    """

    dimension: int
    segments: tuple[Segment, ...] = ()
    removed: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def description(self) -> str:
        """How it is searched, for a person."""
        for segment in self.segments:
            if segment.lists:
                lists, probed = segment.lists, segment.probed
                return f"approximate (FAISS IVF, {lists} lists, {probed} probed)"
        return "exact (FAISS flat)"

    @property
    def rounding(self) -> float:
        """How much a score may be off, lists being of float16."""
        return _FLOAT16 if any(segment.lists for segment in self.segments) else 0.0

    @property
    def held_bytes(self) -> dict[int, int]:
        """Bytes of the vectors in each segment, by what names it for as long as it lives."""
        return {id(one.ids): one.held_bytes for one in self.segments}

    @property
    def stored(self) -> int:
        """Number of vectors with those that are gone and still in the segments."""
        return sum(len(segment.ids) for segment in self.segments)

    def count(self) -> int:
        """Return the number of vectors."""
        return self.stored - len(self.removed)

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""
        if not self.segments:
            return np.empty(0, np.int64)
        ids = np.sort(np.concatenate([segment.ids for segment in self.segments]))
        return ids[~np.isin(ids, self.removed)]

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorView.rows``."""
        rows = np.empty((len(ids), self.dimension), np.float32)
        found = np.zeros(len(ids), np.bool_)
        for segment in self.segments:
            _, there = places_in(segment.ids, ids)
            if there.any():
                rows[there] = segment.rows(ids[there])
                found |= there
        found &= ~places_in(self.removed, ids)[1]
        return ids[found], rows[found]

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> list[Neighbours]:
        """Return the nearest vectors; see ``VectorView.search``.

        Flat segments are read once for all queries, which is most of the cost of a search.
        """
        mask = self._without_removed(allowed)
        available = self.count() if mask is None else int(np.count_nonzero(mask))
        # Few candidates cost less to scan than to look for, and the answer is exact for free.
        scan = exact or available <= max(_SCAN_LIMIT, 4 * k) or k > available // 4
        is_exact = scan or not any(segment.lists for segment in self.segments)
        found = [
            Neighbours(*_merged(of_segments, k), is_exact)
            for of_segments in zip(
                *(one.search(queries_qd, k, mask, scan=scan) for one in self.segments), strict=True
            )
        ]
        for number, neighbours in enumerate(found):
            if not is_exact and len(neighbours.part_ids) < min(k, available):
                alone = queries_qd[number : number + 1]
                found[number] = self.search(alone, k, allowed=allowed, exact=True)[0]
        return found or [Neighbours(*_merged([], k), exact=True) for _ in queries_qd]

    def above(
        self,
        query: Float32Array,
        least: float,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the vectors with at least this score; see ``VectorView.above``."""
        mask = self._without_removed(allowed)
        available = self.count() if mask is None else int(np.count_nonzero(mask))
        share = None if exact or available <= _SCAN_LIMIT else available / self.stored
        both = [segment.above(query, least, mask, share=share) for segment in self.segments]
        left_out = sum(left for _, left in both)
        is_exact = share is None or not any(segment.lists for segment in self.segments)
        merged = _merged([found for found, _ in both], self.stored)
        return Neighbours(*merged, exact=is_exact, left_out=left_out)

    def with_rows(self, ids: Int64Array, rows: Float32Array) -> "FaissView":
        """Return a view with further vectors."""
        segments: list[Segment] = [*self.segments, FlatSegment.made(ids, rows)]
        while len(segments) > 1 and _should_merge(segments[-2], segments[-1]):
            segments[-2:] = [FlatSegment.made(*_joined(segments[-2:]))]
        return FaissView(self.dimension, tuple(segments), self.removed)

    def without(self, ids: Int64Array) -> "FaissView":
        """Return a view that lacks some vectors."""
        present = [ids[places_in(segment.ids, ids)[1]] for segment in self.segments]
        removed = np.unique(np.concatenate([self.removed, *present]))
        return FaissView(self.dimension, self.segments, removed)

    def compact(self, flat_limit: int) -> "FaissView":
        """Return a view of the same in one segment of the kind its size asks for."""
        wants_lists = self.count() > flat_limit
        is_one = len(self.segments) <= 1 and not len(self.removed)
        if is_one and all(bool(segment.lists) == wants_lists for segment in self.segments):
            return self
        if not self.count():
            return FaissView(self.dimension)
        made = self._in_lists() if wants_lists else self._in_one()
        return FaissView(self.dimension, (made,))

    def whole(self) -> Segment:
        """Return the one segment of a compact view, in memory."""
        if not self.segments:
            nothing = np.empty((0, self.dimension), np.float32)
            return FlatSegment.made(np.empty(0, np.int64), nothing)
        (segment,) = self.segments
        return segment.in_memory() if isinstance(segment, IvfSegment) else segment

    def _in_lists(self) -> IvfSegment:
        """Return everything in lists: in those there are where their centroids still do."""
        lists = next((one for one in self.segments if isinstance(one, IvfSegment)), None)
        fresh = [one for one in self.segments if one is not lists]
        if lists is None or not lists.suits(self.count(), self._sample(fresh, _SAMPLE)):
            fresh = list(self.segments)
            _, sample = self.rows(sample_of(self.ids(), sample_size(self.count())))
            lists = IvfSegment.trained(self.count(), sample)
        return lists.grown((block for one in fresh for block in one.blocks()), self.removed)

    def _sample(self, segments: Sequence[Segment], size: int) -> Float32Array:
        """Return rows by chance, fewer where some of them are removed."""
        ids = np.concatenate([one.ids for one in segments] or [np.empty(0, np.int64)])
        return self.rows(sample_of(ids, size))[1]

    def _in_one(self) -> FlatSegment:
        """Return everything in one flat segment."""
        ids = self.ids()
        return FlatSegment.made(*self.rows(ids))

    def replaced(self, older: "FaissView", better: "FaissView") -> "FaissView":
        """Return the same in a better form of an older view, and beside it what is newer."""
        newest = max((int(one.ids[-1]) for one in older.segments), default=-1)
        segments = list(better.segments)
        for one in self.segments:
            first = int(np.searchsorted(one.ids, newest, side="right"))
            if first == 0:
                segments.append(one)
            elif first < len(one.ids):
                ids = one.ids[first:]
                segments.append(FlatSegment.made(ids, one.rows(ids)))
        removed = np.setdiff1d(self.removed, older.removed)
        return FaissView(self.dimension, tuple(segments), removed)

    def _without_removed(self, allowed: Allowed | None) -> BoolArray | None:
        """Return which ids may be found, None for all there are."""
        if not len(self.removed):
            return None if allowed is None else allowed.mask
        if allowed is None:
            mask = np.ones(max(int(segment.ids[-1]) for segment in self.segments) + 1, np.bool_)
        else:
            mask = allowed.mask.copy()
        mask[self.removed[self.removed < len(mask)]] = False
        return mask


def _joined(segments: Sequence[Segment]) -> tuple[Int64Array, Float32Array]:
    """Return ids and rows of segments one after the other."""
    blocks = [block for one in segments for block in one.blocks()]
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([rows for _, rows in blocks])


def _merged(found: Sequence[Scored], k: int) -> Scored:
    """Return the k best of what segments found."""
    if not found:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    return top_k(
        np.concatenate([scores for scores, _ in found]),
        np.concatenate([ids for _, ids in found]),
        k,
    )


def _should_merge(older: Segment, newer: Segment) -> bool:
    both = len(older.ids) + len(newer.ids)
    return not older.lists and both <= BLOCK and len(older.ids) <= 2 * len(newer.ids)
