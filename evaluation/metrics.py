"""What a ranking is worth: the usual measures of retrieval, from the ranks of the right answers.

Everything is computed from one thing: for each query, the positions of its right answers among
all candidates. Equals never flatter: where a wrong candidate scores like a right one, the wrong
one is counted as standing first, so a model that gives everything the same score gets the worst
rank and not the average one. Scores nearer to each other than ``TIE`` are equals, since float32
products of unit rows cannot tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Float32Array, Int64Array

TIE = 2e-7
_FEW = 16  # up to this many right answers, counting each is faster than sorting the row
_BLOCK_BYTES = 64 * 1024 * 1024

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where the right answers of each query stand.

    Attributes:
        positions: ``(p,)`` float64, the positions of all queries' right answers one query after
            another, ascending within each; 1 is first, infinity is not among the answers.
        offsets: ``(q + 1,)`` int64, where each query begins in ``positions``, and the end. Every
            query has at least one right answer.
        tied: ``(q,)`` bool, whether a wrong candidate scores like the query's best right one.
    """

    positions: Float64Array
    offsets: Int64Array
    tied: BoolArray

    @property
    def right(self) -> Int64Array:
        """Return how many right answers each query has, ``(q,)`` int64."""
        counts: Int64Array = np.diff(self.offsets)
        return counts

    @property
    def best(self) -> Float64Array:
        """Return the position of each query's best right answer, ``(q,)`` float64."""
        return self.positions[self.offsets[:-1]]

    @classmethod
    def gather(cls, queries: Sequence[tuple[Float64Array, bool]]) -> "Ranks":
        """Join what ``positions_among`` gave for each query."""
        positions = [one for one, _ in queries]
        offsets = np.zeros(len(positions) + 1, np.int64)
        np.cumsum([len(one) for one in positions], out=offsets[1:])
        joined = np.concatenate(positions) if positions else np.empty(0)
        return cls(joined, offsets, np.array([tied for _, tied in queries], np.bool_))

    def take(self, queries: Int64Array) -> "Ranks":
        """Return the ranks of some queries, in the order named; one may be named twice."""
        return Ranks.gather(
            [
                (self.positions[self.offsets[one] : self.offsets[one + 1]], bool(self.tied[one]))
                for one in queries
            ]
        )


def positions_among(
    scores_c: npt.NDArray[np.floating[Any]], right: Int64Array
) -> tuple[Float64Array, bool]:
    """Return the positions of a query's right answers among all candidates.

    The i-th best right answer stands behind every wrong candidate that scores at least as much,
    and behind the i - 1 right ones before it.

    Args:
        scores_c: ``(c,)`` scores of all candidates, higher is nearer.
        right: ``(r,)`` int64, which candidates are right, each once, at least one.

    Returns:
        ``(r,)`` float64 positions, ascending, and whether the best of them is tied with a wrong
        candidate.
    """
    thresholds = np.sort(scores_c[right])[::-1]
    low = thresholds - TIE
    if len(right) <= _FEW:
        reached = np.array([np.count_nonzero(scores_c >= one) for one in low])
    else:
        reached = len(scores_c) - np.searchsorted(np.sort(scores_c), low, side="left")
    right_reached = len(right) - np.searchsorted(thresholds[::-1], low, side="left")
    wrong = reached - right_reached
    positions = (wrong + np.arange(1, len(right) + 1)).astype(np.float64)
    high = thresholds[0] + TIE
    clear = np.count_nonzero(scores_c > high)  # no right one scores more than the best right one
    return positions, bool(wrong[0] > clear)


def rank_all(
    queries_qd: Float32Array, candidates_cd: Float32Array, right: Sequence[Int64Array]
) -> Ranks:
    """Rank all candidates for each query by inner product, a block of queries at a time.

    Args:
        queries_qd: ``(q, d)`` float32 unit rows.
        candidates_cd: ``(c, d)`` float32 unit rows.
        right: For each query the candidates that are right, each once, at least one.

    Returns:
        The ranks. Beyond them, about 64 MiB are in use at any time.
    """
    block = max(1, _BLOCK_BYTES // (4 * max(1, len(candidates_cd))))
    found = []
    for start in range(0, len(queries_qd), block):
        scores_qc = queries_qd[start : start + block] @ candidates_cd.T
        found += [
            positions_among(row, right[start + number]) for number, row in enumerate(scores_qc)
        ]
    return Ranks.gather(found)


def reciprocal_rank(ranks: Ranks) -> Float64Array:
    """Return 1 / position of the best right answer, ``(q,)``, 0 to 1; 0 where none was found.

    Its mean is the mean reciprocal rank (MRR).

    Source: Voorhees, *The TREC-8 Question Answering Track Report*, 1999,
    https://trec.nist.gov/pubs/trec8/papers/qa_report.pdf
    """
    values: Float64Array = 1.0 / ranks.best
    return values


def average_precision(ranks: Ranks) -> Float64Array:
    """Return the mean, over right answers, of the precision at their positions, ``(q,)``, 0 to 1.

    The i-th right answer at position p adds i / p; one that was not found adds 0. The mean over
    queries is mAP.

    Source: Manning, Raghavan and Schütze, *Introduction to Information Retrieval*, 2008, section
    8.4, https://nlp.stanford.edu/IR-book/
    """
    right = ranks.right
    place = np.arange(len(ranks.positions)) - np.repeat(ranks.offsets[:-1], right) + 1
    return _sum_by_query(ranks, place / ranks.positions) / right


def ndcg_at(ranks: Ranks, k: int) -> Float64Array:
    """Return the discounted gain in the first k over the best possible one, ``(q,)``, 0 to 1.

    Every right answer has gain 1 and is discounted by log2(position + 1).

    Source: Järvelin and Kekäläinen, *Cumulated Gain-Based Evaluation of IR Techniques*, ACM TOIS
    20(4), 2002, https://doi.org/10.1145/582415.582418; with the discount that trec_eval and
    most others use, of Burges et al., *Learning to Rank using Gradient Descent*, 2005.
    """
    gains = np.where(ranks.positions <= k, 1.0 / np.log2(ranks.positions + 1.0), 0.0)
    best = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    values: Float64Array = _sum_by_query(ranks, gains) / best[np.minimum(ranks.right, k) - 1]
    return values


def _sum_by_query(ranks: Ranks, values: Float64Array) -> Float64Array:
    if not len(ranks.right):
        return np.empty(0)
    sums: Float64Array = np.add.reduceat(values, ranks.offsets[:-1])
    return sums
