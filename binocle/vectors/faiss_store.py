"""FAISS: exact below a measured size, IVF above it, in immutable segments.

The policy, measured in docs/benchmarks.md: up to ``FLAT_LIMIT`` vectors everything is scanned;
above it an inverted file answers from the eighth of its lists nearest to the query, or from as many
as were measured to be enough (``inverted_file.py``, ``tuned_search.py``). IVF is preferred to HNSW
because it is built about seven times as fast at equal recall, can remove, and keeps its recall for
queries from the other cone of a CLIP-like space.

FAISS indices may not be changed while they are searched. So a segment is never changed: adding
makes a small flat segment, merged with its neighbours as in a log-structured merge tree up to
``BLOCK`` rows, retiring marks ids, and a view is the tuple of segments there were. Lists are made
by ``persisting`` alone, beside searches and writes: once, and not at each step of growth.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Watermark
from binocle.vectors.faiss_view import FaissView
from binocle.vectors.flat_segment import FlatSegment
from binocle.vectors.index_file import IndexFile, SavedIndex
from binocle.vectors.inverted_file import IvfSegment
from binocle.vectors.rescoring import Segment
from binocle.vectors.tuned_search import TunedSearch

FLAT_LIMIT = 100_000
_REBUILD_SHARE = 0.25


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
        self._file = IndexFile(place)
        self._saved: SavedIndex | None = None
        self._changing = threading.Lock()
        self._space = space
        self._flat_limit = flat_limit
        self._place = place
        self._tuned = TunedSearch.read(place, space.fingerprint)
        self._now = FaissView(space.dimension)
        self._newest_id = -1
        self._changed = -1
        self._watermark: Watermark | None = None
        if not anew:
            self._read()

    def upsert(self, ids: Int64Array, rows: Float32Array, *, born: int) -> None:
        """Add vectors; see ``VectorStore.upsert``."""
        with self._changing:
            first = int(np.searchsorted(ids, self._newest_id, side="right"))
            self._changed = max(self._changed, born)
            if first < len(ids):
                self._now = self._now.with_rows(ids[first:], rows[first:])
                self._newest_id = int(ids[-1])

    def retire(self, ids: Int64Array, *, died: int) -> None:
        """Let vectors be found no more; see ``VectorStore.retire``."""
        with self._changing:
            self._now, self._changed = self._now.without(ids), max(self._changed, died)

    @property
    def is_overdue(self) -> bool:
        """Whether searches have much to scan, or to pass over; see ``VectorStore.is_overdue``."""
        now = self._now
        fresh = sum(len(one.ids) for one in now.segments if not one.lists)
        return (now.count() > self._flat_limit and fresh > _REBUILD_SHARE * now.count()) or len(
            now.removed
        ) > max(1000, _REBUILD_SHARE * now.stored)

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

    def persisting(self, watermark: Watermark) -> Callable[[], None]:
        """Return what writes the files; see ``VectorStore.persisting``.

        After it, one segment is searched, of which lists are mapped from the file.
        """
        before = self._now

        def persist() -> None:
            better = before.compact(self._flat_limit)
            stamp = {
                "token": watermark.token,
                "space": self._space.fingerprint,
                "change": watermark.change,
                "last_part_id": watermark.last_id,
            }
            segment = better.whole()
            try:
                self._saved = self._file.write(segment.index, stamp)
                if isinstance(segment, IvfSegment):
                    mapped = replace(segment, index=self._saved.index, is_mapped=True)
                    mapped = self._as_tuned(mapped)
                    better = FaissView(before.dimension, (mapped,))
                self._watermark = watermark
            finally:  # where it cannot be written, it is searched all the same
                with self._changing:
                    self._now = self._now.replaced(before, better)

        return persist

    def verify(self) -> None:
        """Read what was persisted whole; see ``VectorStore.verify``."""
        saved = self._saved
        if saved is not None and not saved.is_checked and not saved.is_whole():
            raise StorageError("the index file is damaged")

    def tune(self, queries_qd: Float32Array, recall: float) -> TunedSearch | None:
        """Choose how many lists a search looks into; see ``VectorStore.tune``."""
        lists = [one for one in self._now.segments if isinstance(one, IvfSegment)]
        if not lists:
            return None
        tuned = lists[0].tuned(queries_qd, recall)
        tuned.write(self._place, self._space.fingerprint)
        with self._changing:
            self._tuned = tuned
            segments = [
                self._as_tuned(one) if isinstance(one, IvfSegment) else one
                for one in self._now.segments
            ]
            self._now = replace(self._now, segments=tuple(segments))
        return tuned

    def _as_tuned(self, segment: IvfSegment) -> IvfSegment:
        return replace(segment, tuned_share=self._tuned.share if self._tuned else None)

    def _read(self) -> None:
        saved = self._file.read(self._space.fingerprint, self._space.dimension)
        if saved is None:
            return
        try:
            stamp = saved.stamp
            mark = Watermark(stamp["change"], stamp["last_part_id"], stamp["token"])
        except KeyError as error:
            raise StorageError(f"its stamp is damaged ({error})") from error
        if not isinstance(mark.change, int) or not isinstance(mark.last_id, int):
            raise StorageError("its stamp is damaged")
        self._saved = saved
        if saved.index.ntotal:
            if isinstance(saved.index, faiss.IndexIVF):
                segment: Segment = self._as_tuned(IvfSegment.over(saved.index))
            else:
                segment = FlatSegment.over(saved.index)
            self._now = FaissView(self._space.dimension, (segment,))
        self._newest_id, self._changed, self._watermark = mark.last_id, mark.change, mark
