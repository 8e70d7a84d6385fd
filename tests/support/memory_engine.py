"""An engine in memory, which can be away, and whose index can be as poor as a test wants."""

from dataclasses import dataclass, field, replace

import numpy as np

from binocle.errors import UnreachableError
from binocle.types import Float32Array, Int64Array
from binocle.vectors.base import Watermark, places_in, top_k
from binocle.vectors.engines.base import Among, EngineAnswer, Push

_NEVER = np.iinfo(np.int64).max


@dataclass
class MemoryEngine:
    """A table of vectors; see ``VectorEngine``.

    Attributes:
        dimension: Of a row.
        finds: How many rows its index gives at most; None for no index.
        most_above: How many rows above a score it gives at most; None for all.
        is_away: Whether it cannot be reached.
        asked: What it was asked for.
    """

    dimension: int
    most_ids: int = 50
    finds: int | None = None
    most_above: int | None = None
    is_away: bool = False
    asked: list[tuple[int, Among, bool]] = field(default_factory=list)
    description: str = "a table"

    def __post_init__(self) -> None:
        self.mark: Watermark | None = None
        self.table: dict[int, tuple[Float32Array, int, int]] = {}
        self.pushes: list[Push] = []

    @property
    def is_scanned(self) -> bool:
        return self.finds is None

    def watermark(self) -> Watermark | None:
        self._reach()
        return self.mark

    def ids(self, change: int) -> Int64Array:
        self._reach()
        return self._alive(Among(change))

    def held(self) -> Int64Array:
        self._reach()
        return np.array(sorted(self.table), np.int64)

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        self._reach()
        there = np.array([one for one in ids[::-1].tolist() if one in self.table], np.int64)
        return there, self._rows(there)

    def nearest(self, query: Float32Array, k: int, among: Among, *, exact: bool) -> EngineAnswer:
        self._reach()
        self.asked.append((k, among, exact))
        ids = self._alive(among)
        scores, found = top_k(self._rows(ids) @ query, ids, k)
        if self.finds is not None and not exact:
            scores, found = scores[: self.finds], found[: self.finds]
        return EngineAnswer(found, scores, exact or self.finds is None)

    def above(self, query: Float32Array, least: float, among: Among) -> EngineAnswer:
        self._reach()
        ids = self._alive(among)
        scores = self._rows(ids) @ query
        is_above = scores >= least
        found = EngineAnswer(ids[is_above], scores[is_above], exact=self.most_above is None)
        most = self.most_above
        return replace(found, ids=found.ids[:most], scores=found.scores[:most])

    def push(self, push: Push) -> None:
        self._reach()
        self.pushes.append(push)
        if push.anew:
            self.table.clear()
        elif self.mark is not None and self.mark.change >= push.watermark.change:
            return
        for one, row, born in zip(push.ids.tolist(), push.rows, push.born.tolist(), strict=True):
            self.table.setdefault(one, (row, 0 if push.anew else born, _NEVER))
        for one, died in zip(push.retired.tolist(), push.died.tolist(), strict=True):
            if one in self.table and self.table[one][2] == _NEVER:
                self.table[one] = (*self.table[one][:2], died)
        self.mark = push.watermark

    def _reach(self) -> None:
        if self.is_away:
            raise UnreachableError("the engine is away")

    def _rows(self, ids: Int64Array) -> Float32Array:
        rows = [self.table[one][0] for one in ids.tolist()]
        return np.array(rows, np.float32).reshape(-1, self.dimension)

    def _alive(self, among: Among) -> Int64Array:
        assert among.only is None or len(among.only) <= self.most_ids
        assert len(among.without) <= self.most_ids
        ids = np.array(
            sorted(
                one for one, (_, born, died) in self.table.items()
                if born <= among.change < died
            ),
            np.int64,
        )  # fmt: skip
        if among.only is not None:
            ids = ids[places_in(among.only, ids)[1]]
        return ids[~np.isin(ids, among.without)]
