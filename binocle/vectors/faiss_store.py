"""FAISS: exact below a measured size, IVF above it, in immutable segments.

The policy, measured in docs/benchmarks.md: up to ``FLAT_LIMIT`` vectors everything is scanned;
above it an inverted file (``IVF4√n,Flat``) answers from the eighth of its lists nearest to the
query. IVF is preferred to HNSW because it is built about seven times as fast at equal recall,
can remove, and keeps its recall for queries from the other cone of a CLIP-like space.

FAISS indices may not be changed while they are searched. So a segment is never changed: adding
makes a small flat segment, merged with its neighbours as in a log-structured merge tree,
retiring marks ids, and a view is the tuple of segments there were.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from binocle.errors import StorageError
from binocle.files import replacing
from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours, Space
from binocle.vectors.base import Allowed, Watermark, places_in, top_k
from binocle.vectors.faiss_segments import FlatSegment, IvfSegment, Scored, Segment, loaded

FLAT_LIMIT = 100_000
_REBUILD_SHARE = 0.25
_SCAN_LIMIT = 20_000


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
    def held_bytes(self) -> dict[int, int]:
        """Bytes of the vectors in each segment, by what names it for as long as it lives."""
        return {id(one.ids): 4 * self.dimension * len(one.ids) for one in self.segments}

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
        self, query: Float32Array, least: float, *, allowed: Allowed | None = None
    ) -> Neighbours:
        """Return all vectors with at least this score; see ``VectorView.above``."""
        mask = self._without_removed(allowed)
        found = [segment.above(query, least, mask) for segment in self.segments]
        return Neighbours(*_merged(found, self.stored), exact=True)

    def with_rows(self, ids: Int64Array, rows: Float32Array) -> "FaissView":
        """Return a view with further vectors."""
        segments = [*self.segments, FlatSegment.made(ids, rows)]
        while len(segments) > 1 and _should_merge(segments[-2], segments[-1]):
            segments[-2:] = [FlatSegment.made(*_joined(segments[-2:]))]
        return FaissView(self.dimension, tuple(segments), self.removed)

    def without(self, ids: Int64Array) -> "FaissView":
        """Return a view that lacks some vectors."""
        present = [np.intersect1d(ids, segment.ids) for segment in self.segments]
        removed = np.unique(np.concatenate([self.removed, *present]))
        return FaissView(self.dimension, self.segments, removed)

    def compact(self, flat_limit: int) -> "FaissView":
        """Return a view of the same in one segment of the kind its size asks for."""
        wants_lists = self.count() > flat_limit
        is_one = len(self.segments) <= 1 and not len(self.removed)
        if is_one and all(bool(segment.lists) == wants_lists for segment in self.segments):
            return self
        ids, rows = _joined(self.segments)
        order = np.argsort(ids, kind="stable")
        order = order[~np.isin(ids[order], self.removed)]
        if not len(order):
            return FaissView(self.dimension)
        make = IvfSegment.made if wants_lists else FlatSegment.made
        return FaissView(self.dimension, (make(ids[order], rows[order]),))

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


class FaissStore:
    """Segments, and a file of FAISS's with a stamp; see ``VectorStore`` and ``OpenStore``."""

    def __init__(
        self, place: Path, space: Space, *, anew: bool = False, flat_limit: int = FLAT_LIMIT
    ) -> None:
        """Open; see ``OpenStore``.

        Args:
            place: ``NAME.faiss`` and ``NAME.stamp.json`` are its files.
            space: The vectors' space.
            anew: Start empty.
            flat_limit: Up to how many vectors everything is scanned.

        Raises:
            StorageError: The files are damaged, do not fit together, or are of another space.
        """
        self._file = place.with_name(f"{place.name}.faiss")
        self._stamp = place.with_name(f"{place.name}.stamp.json")
        self._space = space
        self._flat_limit = flat_limit
        self._now = FaissView(space.dimension)
        self._newest_id = -1
        self._changed = -1
        self._watermark: Watermark | None = None
        if not anew:
            self._read()

    def upsert(self, ids: Int64Array, rows: Float32Array, *, born: int) -> None:
        """Add vectors; see ``VectorStore.upsert``."""
        first = int(np.searchsorted(ids, self._newest_id, side="right"))
        self._changed = max(self._changed, born)
        if first == len(ids):
            return
        now = self._now.with_rows(ids[first:], rows[first:])
        fresh = sum(len(segment.ids) for segment in now.segments if not segment.lists)
        if now.count() > self._flat_limit and fresh > _REBUILD_SHARE * now.count():
            now = now.compact(self._flat_limit)
        self._now, self._newest_id = now, int(ids[-1])

    def retire(self, ids: Int64Array, *, died: int) -> None:
        """Let vectors be found no more; see ``VectorStore.retire``."""
        now = self._now.without(ids)
        if len(now.removed) > max(1000, _REBUILD_SHARE * now.stored):
            now = now.compact(self._flat_limit)
        self._now, self._changed = now, max(self._changed, died)

    def at(self, change: int) -> FaissView:
        """Pin the store as of a change number; see ``VectorStore.at``.

        Raises:
            ValueError: Something was written with a later change number.
        """
        if change < self._changed:
            raise ValueError(f"the vectors are as of change {self._changed}, not {change}")
        return self._now

    def watermark(self) -> Watermark | None:
        """Return what was last persisted."""
        return self._watermark

    def persist(self, watermark: Watermark) -> None:
        """Write the files, and search one segment from now on; see ``VectorStore.persist``."""
        now = self._now.compact(self._flat_limit)
        nothing = np.empty(0, np.int64), np.empty((0, now.dimension), np.float32)
        data = (now.segments[0] if now.segments else FlatSegment.made(*nothing)).dump()
        stamp = {
            "token": watermark.token,
            "space": self._space.fingerprint,
            "change": watermark.change,
            "last_part_id": watermark.last_id,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        self._stamp.unlink(missing_ok=True)  # between the two writes nothing valid is there
        with replacing(self._file) as file:
            file.write(data)
        with replacing(self._stamp) as file:
            file.write(json.dumps(stamp).encode())
        self._now, self._watermark = now, watermark

    def _read(self) -> None:
        try:
            stamp = json.loads(self._stamp.read_text())
            data = self._file.read_bytes()
            fits = stamp["space"] == self._space.fingerprint
            if not fits or stamp["sha256"] != hashlib.sha256(data).hexdigest():
                raise StorageError("its stamp does not fit")
            segment = loaded(data, self._space.dimension)
            mark = Watermark(stamp["change"], stamp["last_part_id"], stamp["token"])
            if not isinstance(mark.change, int) or not isinstance(mark.last_id, int):
                raise StorageError("its stamp is damaged")
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"the stamp {self._stamp.name} is damaged ({error})") from error
        if len(segment.ids):
            self._now = FaissView(self._space.dimension, (segment,))
        self._newest_id, self._changed, self._watermark = mark.last_id, mark.change, mark


def _joined(segments: Sequence[Segment]) -> tuple[Int64Array, Float32Array]:
    """Return ids and rows of segments one after the other."""
    parts = [segment.all_rows() for segment in segments]
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([rows for _, rows in parts])


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
    return not older.lists and len(older.ids) <= 2 * len(newer.ids)
