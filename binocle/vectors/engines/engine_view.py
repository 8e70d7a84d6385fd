"""What a search of vectors in an engine sees: the engine as of a watermark, and what is newer.

Which ids there are is known here, so nothing that was retired since is found, and fewer than asked
for come back only where there are no more. Scores are summed anew in float64 from the rows, as
those of any other store.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from binocle.types import Float32Array, Int64Array, Neighbours
from binocle.vectors.base import Allowed, places_in, top_k
from binocle.vectors.engines.base import NO_IDS, Among, EngineAnswer, VectorEngine
from binocle.vectors.faiss_view import FaissView
from binocle.vectors.rescoring import ROUNDING, SPARE, first_rescored, not_below, rescored

SCAN_LIMIT = 20_000  # of so few, scanning costs no more than looking
_DEEPEST = 5000  # from so many on, a scan is sooner done
_MORE = 1.3  # than chance needs: who passes a filter is seldom spread evenly
_DEEPER = 4
_FEW = 1000  # ids that an index passes over sooner than it finds as many more
_LITTLE = 1000  # of so many, an index finds all that have a score sooner than a scan
_ROUGH = 1e-3  # by how much an index of float16 may have its answers in another order
_MISSED = 0.02  # what share of them it does not find, at most, as a rule


@dataclass(frozen=True, slots=True)
class EngineView:
    """The vectors of an engine and a tail; see ``VectorView``.

    Attributes:
        engine: Searches what it has as of ``change``.
        dimension: Components of a row.
        change: A watermark's; -1 where nothing was ever pushed.
        ids_there: ``(n,)`` int64 ascending, what the engine has and may be found.
        gone: ``(m,)`` int64 ascending, what it has as of ``change`` and is retired since.
        tail: What it has not.
        scan_limit: Up to how many allowed vectors are scanned, whatever the engine's index.
    """

    engine: VectorEngine
    dimension: int
    change: int
    ids_there: Int64Array
    gone: Int64Array
    tail: FaissView
    scan_limit: int = SCAN_LIMIT

    rounding = 0.0

    @property
    def description(self) -> str:
        """How it is searched, for a person."""
        beside = f"; {self.tail.count()} scanned beside" if self.tail.count() else ""
        return f"{self.engine.description}{beside}"

    @property
    def held_bytes(self) -> dict[int, int]:
        """Bytes of the ids, and of the tail's vectors."""
        return {id(self.ids_there): self.ids_there.nbytes, **self.tail.held_bytes}

    def count(self) -> int:
        """Return the number of vectors."""
        return len(self.ids_there) + self.tail.count()

    def ids(self) -> Int64Array:
        """Return all ids, ascending."""
        return np.concatenate([self.ids_there, self.tail.ids()])

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return rows by id; see ``VectorView.rows``."""
        there = ids[places_in(self.ids_there, ids)[1]]
        engine_ids, engine_rows = self.engine.rows(there) if len(there) else self.tail.rows(NO_IDS)
        tail_ids, tail_rows = self.tail.rows(ids)
        found_ids = np.concatenate([engine_ids, tail_ids])
        found_rows = np.concatenate([engine_rows, tail_rows])
        order = np.argsort(found_ids)
        places, here = places_in(found_ids[order], ids)
        return ids[here], found_rows[order[places[here]]]

    def search(
        self,
        queries_qd: Float32Array,
        k: int,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> list[Neighbours]:
        """Return the nearest vectors; see ``VectorView.search``."""
        permitted = self._permitted(allowed)
        beside = self.tail.search(queries_qd, k, allowed=allowed, exact=True)
        answers = []
        for query, newer in zip(queries_qd, beside, strict=True):
            found = self._nearest(query, k, permitted, exact=exact)
            scores, ids = rescored(_InOrder(self.engine, self.dimension), query, found.ids)
            there = ~np.isnan(scores)
            scores, ids = scores[there], ids[there]
            merged = top_k(
                np.concatenate([scores, newer.scores]), np.concatenate([ids, newer.part_ids]), k
            )
            answers.append(Neighbours(*merged, exact=found.exact))
        return answers

    def above(
        self,
        query: Float32Array,
        least: float,
        *,
        allowed: Allowed | None = None,
        exact: bool = False,
    ) -> Neighbours:
        """Return the vectors with at least this score; see ``VectorView.above``."""
        permitted = self._permitted(allowed)
        newer = self.tail.above(query, least, allowed=allowed, exact=True)
        scores, ids, is_exact = newer.scores, newer.part_ids, True
        if len(permitted):
            found = self._above(query, least - ROUNDING, permitted, exact=exact)
            is_exact = found.exact
            kept = places_in(permitted, found.ids)[1]
            there = first_rescored(
                _InOrder(self.engine, self.dimension),
                query, (found.scores[kept], found.ids[kept]), least,
            )  # fmt: skip
            there = not_below(least, there)
            scores, ids = np.concatenate([scores, there[0]]), np.concatenate([ids, there[1]])
        left_out = 0.0 if is_exact else _MISSED * len(ids)
        return Neighbours(*top_k(scores, ids, len(ids)), exact=is_exact, left_out=left_out)

    def _permitted(self, allowed: Allowed | None) -> Int64Array:
        """Return which of the engine's ids may be found, ascending."""
        if allowed is None:
            return self.ids_there
        reachable = self.ids_there[: np.searchsorted(self.ids_there, len(allowed.mask))]
        return reachable[allowed.mask[reachable]]

    def _above(
        self, query: Float32Array, least: float, permitted: Int64Array, *, exact: bool
    ) -> EngineAnswer:
        """Return what has a score: by the index where that is little, else by scanning."""
        if not exact and not self.engine.is_scanned and len(permitted) > self.scan_limit:
            found = self.engine.nearest(query, _LITTLE, Among(self.change), exact=False)
            if len(found.ids) and found.scores[-1] < least - _ROUGH:
                kept = found.scores >= least
                return EngineAnswer(found.ids[kept], found.scores[kept], found.exact)
        only = permitted if len(permitted) <= self.engine.most_ids else None
        found = self.engine.above(query, least, Among(self.change, only))
        if exact and not found.exact:
            return self._scanned_above(query, least, permitted)
        return found

    def _nearest(
        self, query: Float32Array, k: int, permitted: Int64Array, *, exact: bool
    ) -> EngineAnswer:
        """Return at least the k best of what is permitted, or all of it."""
        available = len(permitted)
        if not available:
            return EngineAnswer(NO_IDS, np.empty(0, np.float32), exact=True)
        scan = exact or self.engine.is_scanned or available <= max(self.scan_limit, 4 * k)
        is_nameable = available <= self.engine.most_ids
        if not scan or (self.engine.is_scanned and not is_nameable):
            found = self._looked_up(query, k, permitted)
            if found is not None:
                return found
        return self._scanned(query, k, permitted)

    def _looked_up(self, query: Float32Array, k: int, permitted: Int64Array) -> EngineAnswer | None:
        """Return at least the k best by the engine's index; None where it does not find so many."""
        excluded = self._excluded(permitted, _FEW)
        among = Among(self.change, None, NO_IDS if excluded is None else excluded)
        share = 1.0 if excluded is not None else len(permitted) / len(self.ids_there)
        depth = math.ceil(_MORE * (k + SPARE) / share) if share < 1 else k + SPARE
        while depth <= _DEEPEST:
            found = self.engine.nearest(query, depth, among, exact=False)
            kept = places_in(permitted, found.ids)[1]
            answer = EngineAnswer(found.ids[kept], found.scores[kept], found.exact)
            is_all = len(found.ids) < depth
            if len(answer.ids) >= k and (
                is_all or not found.exact or found.scores[-1] < answer.scores[k - 1] - ROUNDING
            ):
                return answer
            if is_all:
                return None
            depth *= _DEEPER
        return None

    def _scanned(self, query: Float32Array, k: int, permitted: Int64Array) -> EngineAnswer:
        """Return at least the k best, with everything as good as the last place."""
        answers = []
        for among in self._scans(permitted):
            depth = k + SPARE
            while True:
                found = self.engine.nearest(query, depth, among, exact=True)
                kept = places_in(permitted, found.ids)[1]
                ids, scores = found.ids[kept], found.scores[kept]
                is_all = len(found.ids) < depth
                if is_all or (len(ids) >= k and found.scores[-1] < scores[k - 1] - ROUNDING):
                    break
                depth *= _DEEPER
            answers.append(EngineAnswer(ids, scores, exact=True))
        ids = np.concatenate([one.ids for one in answers])
        scores = np.concatenate([one.scores for one in answers])
        return EngineAnswer(ids, scores, exact=True)

    def _scanned_above(
        self, query: Float32Array, least: float, permitted: Int64Array
    ) -> EngineAnswer:
        """Return all that is permitted with at least a score, and perhaps more."""
        depth = _DEEPEST
        while True:
            found = self._scanned(query, depth, permitted)
            if len(found.ids) < depth or (found.scores < least).any():
                return found
            depth *= _DEEPER

    def _scans(self, permitted: Int64Array) -> Iterator[Among]:
        """Give conditions that together let all that is permitted be found, and nothing else."""
        most = self.engine.most_ids
        excluded = self._excluded(permitted, min(most, len(permitted)))
        if excluded is not None:
            yield Among(self.change, None, excluded)
            return
        for start in range(0, len(permitted), most):
            yield Among(self.change, permitted[start : start + most])

    def _excluded(self, permitted: Int64Array, most: int) -> Int64Array | None:
        """Return what the engine has and may not be found; None where that is too much to say."""
        if len(self.ids_there) + len(self.gone) - len(permitted) > min(most, self.engine.most_ids):
            return None
        if len(permitted) == len(self.ids_there):
            return self.gone
        kept = places_in(permitted, self.ids_there)[1]
        return np.union1d(self.ids_there[~kept], self.gone)


@dataclass(frozen=True, slots=True)
class _InOrder:
    """Rows of an engine in the order asked for; NaN where they were removed for good meanwhile."""

    engine: VectorEngine
    dimension: int

    def rows(self, ids: Int64Array) -> Float32Array:
        found, rows = self.engine.rows(ids)
        ordered = np.full((len(ids), self.dimension), np.nan, np.float32)
        by_id = np.argsort(ids)
        places, _ = places_in(ids[by_id], found)
        ordered[by_id[places]] = rows
        return ordered


def empty_view(engine: VectorEngine, dimension: int, scan_limit: int) -> EngineView:
    """Return a view of nothing, until something is pushed or is newer."""
    return EngineView(engine, dimension, -1, NO_IDS, NO_IDS, FaissView(dimension), scan_limit)
