"""What the scores of one query mean: how relevant hits are, which fit, and whether any does.

``search.relevance.calibration`` makes the judges of queries, by what scores other queries get.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

_OF_BOTH = 0.6  # of the log-odds by pictures, and of those by texts
_NONE_OF_BOTH = 0.645  # of the lower of both thresholds: 0.2, and up to 0.32 by own texts
_NEVER = 1e-300  # nothing is as unlikely
NOTHING = 0.07  # relevance: what has less is in no relevant set; where all have, nothing fits
CERTAIN = 0.999  # relevance of what is the very same as the question
NOWHERE = math.inf  # no cosine reaches it
_STEPS = 40  # halving an interval of 2 this often leaves less than float32 can tell

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """What the scores of one query over the parts of one kind mean.

    Attributes:
        answers: Log-odds that the collection has an answer: at a cosine of 0, and by unit of it.
        fits: Log-odds that a hit is right where there is an answer, likewise; the second is more
            than 0.
        best: About the highest cosine the query gets.
        least: The relevance from which on hits are in the relevant set, if one is that relevant.
        none: How likely an answer must be for something to fit, 0 to 1, neither included.
        same_from: The cosine from which on a part is the very same as the question, and so right
            for certain, whatever else is known; above 1 where none can be.
    """

    answers: tuple[float, float]
    fits: tuple[float, float]
    best: float
    least: float
    none: float = 0.5
    same_from: float = NOWHERE

    def relevance(self, scores: npt.ArrayLike) -> Float64Array:
        """Return how likely each hit is what was asked for.

        Args:
            scores: ``(n,)`` cosines of the query and parts, in any order.

        Returns:
            ``(n,)`` float64, 0 to 1; it never falls where the cosine rises.
        """
        cosines = np.asarray(scores, np.float64)
        both = [offset + slope * cosines for offset, slope in (self.answers, self.fits)]
        one, other = (1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))) for odds in both)
        return np.where(cosines >= self.same_from, np.maximum(one * other, CERTAIN), one * other)

    def score_at(self, relevance: float) -> float:
        """Return the least cosine with at least this relevance; infinite where there is none.

        Args:
            relevance: 0 to 1.
        """
        low, high = -1.0, 1.0
        if self._at(high) < relevance:
            return math.inf
        if self._at(low) >= relevance:
            return -math.inf
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self._at(middle) >= relevance:
                high = middle
            else:
                low = middle
        return high

    @property
    def answer_odds(self) -> float:
        """Log-odds that the collection has an answer, at about the highest cosine."""
        return self.answers[0] + self.answers[1] * self.best

    def told(self, answer_odds: float, none: float) -> "ScoreModel":
        """Return the judge of the same query where more is known of whether there is an answer.

        Args:
            answer_odds: Log-odds that there is one.
            none: How likely it must be for something to fit, 0 to 1, neither included.
        """
        return replace(self, answers=(answer_odds, 0.0), none=none)

    def told_beside(self, other: "ScoreModel") -> "ScoreModel":
        """Return the judge that knows of whether there is an answer by pictures and texts.

        Args:
            other: Of the same query over the parts of the other kind.
        """
        odds = _OF_BOTH * (self.answer_odds + other.answer_odds)
        return self.told(odds, _NONE_OF_BOTH * min(self.none, other.none))

    def wider(self, half: float) -> "ScoreModel":
        """Return the judge by which hits down to a cosine are half as relevant as the best or more.

        The best hit is as relevant as before.

        Args:
            half: The cosine; where it is not below the best nothing changes.
        """
        odds = self.fits[0] + self.fits[1] * self.best
        likely = 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))
        gap = self.best - half
        if not 0.0 < likely < 1.0 or gap <= 0.0:
            return self
        slope = (odds - math.log(likely / (2.0 - likely))) / gap
        if slope >= self.fits[1]:
            return self
        return replace(self, fits=(odds - slope * self.best, slope))

    def never_denied(self) -> "ScoreModel":
        """Return the judge of the same query where it is known otherwise that something fits."""
        return replace(self, none=_NEVER)

    def never_same(self) -> "ScoreModel":
        """Return the judge of a question that keeps away from something: nothing is the same."""
        return replace(self, same_from=NOWHERE)

    @property
    def is_never_denied(self) -> bool:
        """Whether it is known otherwise that something fits."""
        return self.none <= _NEVER

    @property
    def cut(self) -> float:
        """The cosine from which on hits are in the relevant set; infinity where nothing fits.

        Hits down to half the relevance of the best belong to it even where no hit is very
        relevant: the cut-off with the highest expected F1 measure is half that measure (Lipton,
        Elkan and Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1 Measure",
        ECML 2014).
        """
        least = min(self.least, self._at(self.best) / 2)
        if not self.is_never_denied:
            least = max(least, NOTHING)
        return min(max(self.score_at(least), self._answered_from), self.same_from)

    def is_no_match(self, best: float) -> bool:
        """Tell whether nothing fits: that there is an answer is less likely than ``none``.

        Args:
            best: The highest cosine over all that was searched.
        """
        return best < min(self._answered_from, self.same_from)

    @property
    def _answered_from(self) -> float:
        offset, slope = self.answers
        offset -= math.log(self.none / (1.0 - self.none))
        if slope <= 0:
            return -math.inf if offset >= 0 else math.inf
        return -offset / slope

    def _at(self, cosine: float) -> float:
        odds = (offset + slope * cosine for offset, slope in (self.answers, self.fits))
        one, other = (1.0 / (1.0 + math.exp(-min(max(each, -700.0), 700.0))) for each in odds)
        return max(one * other, CERTAIN) if cosine >= self.same_from else one * other
