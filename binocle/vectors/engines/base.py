"""What every engine promises that keeps the vectors of a collection elsewhere.

An engine lags behind the catalogue: a *push* brings it what is new, and writes the watermark when
all else is there. What a reader asks for is pinned by the change number of such a watermark, so
that neither a push that is going on nor one that was killed is seen.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from binocle.types import Float32Array, Int64Array
from binocle.vectors.base import Watermark

NO_IDS = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Among:
    """Which of its rows an engine may find."""

    change: int  # those born until then and not dead by then; a watermark's
    only: Int64Array | None = None  # none but these ids, ascending, at most ``most_ids``
    without: Int64Array = field(default_factory=lambda: NO_IDS)  # none of these, at most as many


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """What an engine found for one query, best first."""

    ids: Int64Array  # (n,), each once
    scores: Float32Array  # (n,) inner products as the engine sums them
    exact: bool  # whether everything was scanned


@dataclass(frozen=True, slots=True)
class Push:
    """What an engine lacks."""

    ids: Int64Array  # (n,) ascending
    rows: Float32Array  # (n, d) unit rows
    born: Int64Array  # (n,) with which change each came
    retired: Int64Array  # (m,) ids that are gone; the engine need not have all of them
    died: Int64Array  # (m,) with which change each went
    watermark: Watermark  # what the engine is as of, with this
    anew: bool = False  # whether nothing counts that the engine has


class VectorEngine(Protocol):
    """The vectors of one kind of a collection's parts, in an engine. Thread-safe.

    Whatever it raises on purpose is a ``StorageError``; where it cannot be reached, an
    ``UnreachableError``.
    """

    @property
    def most_ids(self) -> int:
        """How many ids a condition may have."""

    @property
    def description(self) -> str:
        """How it is searched, for a person."""

    @property
    def is_scanned(self) -> bool:
        """Whether it has no index, so that it scans everything whatever it is asked."""

    def watermark(self) -> Watermark | None:
        """Return that of the last push that was finished; None before the first.

        Raises:
            StorageError: Its vectors are of another space.
        """

    def ids(self, change: int) -> Int64Array:
        """Return the ids born until a change and not dead by then, ascending."""

    def held(self) -> Int64Array:
        """Return all ids it has a row of, ascending: also of what is dead and not removed yet."""

    def rows(self, ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        """Return those of some ids that it has, in any order, and their rows as pushed."""

    def nearest(self, query: Float32Array, k: int, among: Among, *, exact: bool) -> EngineAnswer:
        """Return the k rows nearest to a ``(d,)`` unit row, equal scores in order of id.

        Fewer come back where there are no more, or, unless all are to be scanned (exact), where an
        index has given up.
        """

    def above(self, query: Float32Array, least: float, among: Among) -> EngineAnswer:
        """Return all rows with at least this score, as the engine sums it; by an index, most."""

    def push(self, push: Push) -> None:
        """Take in what is new, and write the watermark last.

        It can be done again whenever it was killed, and by several at once. Where the engine's
        watermark is as new as this one, nothing is done, unless anew. Rows that died before a
        watermark that was written more than a minute ago are removed for good.
        """
