"""How likely a record that words found is what was asked for.

A query that a collection can answer finds most of what its words are worth: of captions asked
for by another caption of the same photo 95 in 100 reach 0.125 of the full score, of product
titles nearly all reach 0.78; of queries about other things 95 in 100 stay below 0.16. Which of the
hits is right depends on how far the others stay behind. The figures and how they were
found: docs/relevance.md.
"""

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray

CUT = 0.34  # as for vectors: the relevance from which on hits are in the relevant set
NONE = 0.1  # an answer less likely than this is none
_EXACT = 0.95  # of a record with just the model number, brand or text asked for
_EVEN = 0.13  # share of the full score at which an answer is as likely as none
_STEEP = 4.0
_LEAST, _MOST = 0.3, 0.95


def relevance(
    scores: npt.NDArray[np.float64],
    best: float,
    full_score: float,
    exact: BoolArray | None = None,
) -> npt.NDArray[np.float64]:
    """Return how likely hits by words are right.

    A number that happens to be in a record makes it exact, though nothing else of a long query is
    there: exact hits too are as likely as an answer is by their share of the full score.

    Args:
        scores: ``(n,)`` of ``KeywordRanking``.
        best: The highest score of that ranking.
        full_score: Of that ranking, above 0.
        exact: ``(n,)`` bool of that ranking; None for none.

    Returns:
        ``(n,)`` float64 from 0 to 0.95, higher for higher scores.
    """
    if best <= 0 or full_score <= 0:
        return np.zeros(len(scores))
    own = np.asarray(scores, np.float64)
    share = min(1.0, best / full_score)
    first = float(_answers(np.array([share]))[0]) * (_LEAST + (_MOST - _LEAST) * share)
    likely = np.asarray(first * (own / best) ** 3)
    if exact is not None:
        certain = _EXACT * _answers(np.clip(own / full_score, 0.0, 1.0))
        likely = np.where(exact, np.maximum(likely, certain), likely)
    return likely


def is_no_match(best: float, full_score: float) -> bool:
    """Tell whether nothing fits, by the highest score of a ranking."""
    share = np.array([min(1.0, max(best, 0.0) / full_score)]) if full_score > 0 else np.zeros(1)
    return bool(_answers(share)[0] < NONE)


def _answers(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how likely a query has an answer whose best hit has a share of the full score."""
    return np.asarray(1.0 / (1.0 + (_EVEN / np.maximum(shares, 1e-6)) ** _STEEP))
