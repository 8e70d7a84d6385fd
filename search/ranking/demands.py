"""What a question demands: the words that what is relevant must have.

Where most of what is looked at has texts, a record without a word that was asked for, and that
others have, is seldom what was meant, however near its vector is. It is in no relevant set, and
elsewhere less relevant.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Int64Array
from search.keyword.bm25_ranker import KeywordRanking
from search.ranking.query_plan import Plan

Float64Array = npt.NDArray[np.float64]

LACKING = 0.3  # a record without what is demanded keeps so much of its relevance


@dataclass(frozen=True, slots=True)
class Demands:
    """Which records have what a question demands.

    Attributes:
        having: ``(m,)`` bool by internal record id; beyond its end none has.
        words: What is demanded, where it is not all that was asked for.
        spare: How many of these may lack.
    """

    having: BoolArray
    words: tuple[str, ...] = ()
    spare: int = 0

    @classmethod
    def of(cls, plan: Plan, words: KeywordRanking) -> "Demands | None":
        """Return what a question demands; None where no record that passes its filter has it.

        Args:
            plan: Of the query.
            words: What its words found, of records that need not pass, or of a sample.
        """
        passing = plan.snapshot.mask(plan.query.where)
        shared = min(len(passing), len(words.demanded_of))
        if not (passing[:shared] & words.demanded_of[:shared]).any():
            return None
        return cls(words.demanded_of, words.demanded, words.spare)

    def has(self, record_ids: Int64Array) -> BoolArray:
        """Tell of records, ``(r,)`` int64 internal ids, whether they have it, ``(r,)`` bool."""
        known = record_ids < len(self.having)
        return np.asarray(known & self.having[np.where(known, record_ids, 0)])

    def __str__(self) -> str:
        least = len(self.words) - self.spare
        if self.spare:
            return f"with {least} of {', '.join(self.words)}"
        return f"with {' and '.join(self.words)}" if self.words else ""

    def weaken(self, record_ids: Int64Array, relevances: Float64Array) -> Float64Array:
        """Return relevances, ``(r,)`` float64, less for records that lack what is demanded."""
        return np.asarray(np.where(self.has(record_ids), relevances, LACKING * relevances))
