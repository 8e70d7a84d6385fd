"""A store whose vectors are in an engine; what the engine has not yet is kept here, and scanned.

The catalogue is followed as by any store: ``upsert`` and ``retire`` say what is new, which stays
here as the *tail* until ``persisting`` pushes it. So what is committed is found whatever the
engine's lag, also where it cannot be reached just now. Several processes may push; each passes over
what another has pushed, and lets go of its tail when it sees that.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from binocle.errors import StorageError
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import VectorsGoneError, Watermark, places_in
from binocle.vectors.engines.base import NO_IDS, Push, VectorEngine
from binocle.vectors.engines.engine_view import SCAN_LIMIT, EngineView, empty_view
from binocle.vectors.faiss_view import FaissView
from binocle.vectors.tuned_search import TunedSearch

_log = logging.getLogger(__name__)
_PUSH_AFTER = 5000  # vectors in the tail, or as many retired
_SWEEP_AFTER_S = 61.0  # after a push that retired, when nobody sees any more what it did
_AGAIN_AFTER_S = 30.0  # after a push that failed, and between two looks at the watermark


@dataclass(frozen=True, slots=True)
class _Written:
    """Ids of one write."""

    ids: Int64Array
    change: int


class EngineStore:
    """Vectors in an engine; see ``VectorStore``."""

    def __init__(
        self,
        engine: VectorEngine,
        space: Space,
        *,
        anew: bool = False,
        scan_limit: int = SCAN_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open.

        Args:
            engine: Has the vectors of one kind.
            space: Theirs.
            anew: Start empty, whatever the engine has; it is not asked.
            scan_limit: Up to how many allowed vectors are scanned.
            clock: Seconds.

        Raises:
            StorageError: The engine's vectors are of another space.
            UnreachableError: The engine cannot be reached.
        """
        self._engine, self._clock, self._anew = engine, clock, anew
        self._changing = threading.Lock()
        self._now = empty_view(engine, space.dimension, scan_limit)
        self._born: list[_Written] = []  # of the tail
        self._died: list[_Written] = []  # not pushed yet
        self._newest_id = self._changed = -1
        self._watermark: Watermark | None = None
        self._push_from = self._look_from = -np.inf
        self._sweeping: threading.Timer | None = None
        if not anew and (mark := engine.watermark()) is not None:
            self._now = replace(self._now, change=mark.change, ids_there=engine.ids(mark.change))
            self._newest_id, self._changed, self._watermark = mark.last_id, mark.change, mark

    def upsert(self, ids: Int64Array, rows: Float32Array, *, born: int) -> None:
        """Add vectors; see ``VectorStore.upsert``."""
        with self._changing:
            first = int(np.searchsorted(ids, self._newest_id, side="right"))
            self._changed = max(self._changed, born)
            if first < len(ids):
                tail = self._now.tail.with_rows(ids[first:], rows[first:])
                self._now = replace(self._now, tail=tail)
                self._born.append(_Written(ids[first:], born))
                self._newest_id = int(ids[-1])

    def retire(self, ids: Int64Array, *, died: int) -> None:
        """Let vectors be found no more; see ``VectorStore.retire``."""
        with self._changing:
            now = self._now
            self._changed = max(self._changed, died)
            died = max(died, now.change + 1)  # whoever is at the watermark still finds them
            is_gone = np.isin(now.ids_there, ids)
            gone = now.ids_there[is_gone]
            tail_ids = now.tail.ids()
            newer = tail_ids[np.isin(tail_ids, ids)]
            if len(gone) or len(newer):
                self._died.append(_Written(np.concatenate([gone, newer]), died))
                self._now = replace(
                    now,
                    ids_there=now.ids_there[~is_gone],
                    gone=np.union1d(now.gone, gone),
                    tail=now.tail.without(newer) if len(newer) else now.tail,
                )

    def at(self, change: int) -> EngineView:
        """Pin the store as of a change number; see ``VectorStore.at``.

        Raises:
            ValueError: Something was written with a later change number.
        """
        if change < self._changed:
            raise ValueError(f"the vectors are as of change {self._changed}, not {change}")
        self._see_what_others_pushed(change)
        return self._now

    def watermark(self) -> Watermark | None:
        """Return that of the last push that is known here."""
        return self._watermark

    @property
    def is_overdue(self) -> bool:
        """Whether much is not pushed yet; not right after a push that failed."""
        waiting = self._now.tail.count() + len(self._now.gone)
        return waiting >= _PUSH_AFTER and self._clock() >= self._push_from

    def persisting(self, watermark: Watermark) -> Callable[[], None]:
        """Return what pushes; see ``VectorStore.persisting``.

        It raises StorageError where the engine does not take it: it will be pushed later; and
        VectorsGoneError where the engine has lost what it had, or somebody removed it.
        """
        with self._changing:
            before, born, died, anew = self._now, self._born[:], self._died[:], self._anew

        def persist() -> None:
            ids, rows = before.tail.rows(before.tail.ids())
            births = _changes(born, ids)
            retired = np.concatenate([NO_IDS, *(one.ids for one in died)])
            deaths = np.concatenate([NO_IDS, *(np.full(len(one.ids), one.change) for one in died)])
            try:
                if not anew:
                    self._check_kept(before.change)
                self._engine.push(Push(ids, rows, births, retired, deaths, watermark, anew))
            except StorageError:
                self._push_from = self._clock() + _AGAIN_AFTER_S
                raise
            with self._changing:
                self._anew = False
                if watermark.change >= self._now.change:  # else another's was seen meanwhile
                    told = {id(one) for one in died if one.change <= watermark.change}
                    self._rebase(watermark, [one for one in self._died if id(one) not in told])
                if len(retired) and self._sweeping is None:
                    self._sweeping = threading.Timer(_SWEEP_AFTER_S, self._sweep)
                    self._sweeping.daemon = True  # a process that ends leaves it to the next push
                    self._sweeping.start()

        return persist

    def _sweep(self) -> None:
        """Have removed for good what was retired: with a push of nothing."""
        with self._changing:
            mark, self._sweeping = self._watermark, None
        assert mark is not None
        nothing = np.empty((0, self._now.dimension), np.float32)
        try:
            self._check_kept(mark.change)
            self._engine.push(Push(NO_IDS, nothing, NO_IDS, NO_IDS, NO_IDS, mark))
        except VectorsGoneError:
            pass  # with all there was
        except StorageError as error:
            _log.warning("removed vectors stay in the engine until the next push: %s", error)

    def _check_kept(self, change: int) -> None:
        """Raise VectorsGoneError where the engine is not as new as it was."""
        mark = self._engine.watermark()
        if change >= 0 and (mark is None or mark.change < change):
            raise VectorsGoneError("the engine has lost vectors: all are pushed to it anew")

    def tune(self, queries_qd: Float32Array, recall: float) -> TunedSearch | None:  # noqa: ARG002
        """Choose nothing: how deep an index is searched is up to the engine."""
        return None

    def verify(self) -> None:
        """Trust the engine, which has checksums; its ids were read when it was opened."""

    def _see_what_others_pushed(self, change: int) -> None:
        """Let go of what is in the tail and, meanwhile, in the engine."""
        if self._anew or self._now.tail.count() < _PUSH_AFTER or self._clock() < self._look_from:
            return
        self._look_from = self._clock() + _AGAIN_AFTER_S
        try:
            mark = self._engine.watermark()
        except StorageError as error:
            _log.debug("the engine's watermark cannot be read: %s", error)
            return
        with self._changing:
            if mark is not None and self._now.change < mark.change <= change:
                self._rebase(mark, [one for one in self._died if one.change > mark.change])

    def _rebase(self, mark: Watermark, died: list[_Written]) -> None:
        """Search the engine as of another watermark; hold the lock.

        Args:
            mark: That.
            died: The retirements that were not pushed with it.
        """
        now = self._now
        ids = now.tail.ids()
        pushed, newer = ids[ids <= mark.last_id], ids[ids > mark.last_id]
        tail = FaissView(now.dimension)
        if len(newer):
            tail = tail.with_rows(*now.tail.rows(newer))
        gone = np.unique(np.concatenate([NO_IDS, *(one.ids for one in died)]))
        self._now = replace(
            now,
            change=mark.change,
            ids_there=np.concatenate([now.ids_there, pushed]),
            gone=gone[gone <= mark.last_id],
            tail=tail,
        )
        self._died = died
        self._born = [one for one in self._born if int(one.ids[-1]) > mark.last_id]
        self._watermark = mark


def _changes(written: list[_Written], ids: Int64Array) -> Int64Array:
    """Return with which change each id came; ids ascend, as the writes do."""
    changes = np.zeros(len(ids), np.int64)
    for one in written:
        changes[places_in(one.ids, ids)[1]] = one.change
    return changes
