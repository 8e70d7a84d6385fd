"""How likely a record that words found is what was asked for.

A query that a collection can answer finds most of what its words are worth: of captions asked
for by another caption of the same photo 95 in 100 reach 0.125 of the full score, of product
titles nearly all reach 0.78; of queries about other things 95 in 100 stay below 0.16. Which of the
hits is right depends on how far the others stay behind. The figures and how they were
found: docs/relevance.md.
"""

import numpy as np
import numpy.typing as npt

CUT = 0.34  # as for vectors: the relevance from which on hits are in the relevant set
EXACT = 0.95  # of a record with just the model number, brand or text asked for
_EVEN = 0.13  # share of the full score at which an answer is as likely as none
_STEEP = 4.0
_LEAST, _MOST = 0.3, 0.95


def relevance(
    scores: npt.NDArray[np.float64], best: float, full_score: float
) -> npt.NDArray[np.float64]:
    """Return how likely hits by words are right.

    Args:
        scores: ``(n,)`` of ``KeywordRanking``.
        best: The highest score of that ranking.
        full_score: Of that ranking, above 0.

    Returns:
        ``(n,)`` float64 from 0 to 0.95, higher for higher scores.
    """
    if best <= 0 or full_score <= 0:
        return np.zeros(len(scores))
    share = min(1.0, best / full_score)
    answers = 1.0 / (1.0 + (_EVEN / share) ** _STEEP)
    first = answers * (_LEAST + (_MOST - _LEAST) * share)
    return np.asarray(first * (np.asarray(scores, np.float64) / best) ** 3)
