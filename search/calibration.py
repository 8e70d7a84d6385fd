"""From cosines to probabilities: what a query's scores say, beside what background queries get.

A cosine means something only beside others: those of the same query with the rest of the
collection, and those that queries get which nobody asked. Four numbers, none of which depends
on where a model puts its cosines, go into a logistic regression:

- *margin*: how far the hit stands above the query's five best, in standard deviations of the
  query's scores;
- *level*: how high the five best are, in standard deviations of what background queries' five
  best are;
- *mean*: how near the query is to the collection as a whole, in the same unit;
- *spread*: the logarithm of the standard deviation of the query's scores over that of background
  queries. Words that a model does not know are about as near to everything.

Within one query only the margin differs, so relevance rises with the cosine, and a cut-off in
relevance is one in cosine. The weights were fitted by ``python -m evaluation.relevance``
(docs/relevance.md); the calibration of a collection is the background's numbers.

Source of the idea that a score is measured by its distribution over other queries: Platt,
"Probabilistic Outputs for Support Vector Machines", 1999, for the logistic; Bogolin et al.,
"Cross Modal Retrieval with Querybank Normalisation", CVPR 2022, for the bank of queries.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import Float32Array, Kind

CUT = 0.5
BEST = 5
MIN_PARTS = 20
SAMPLE = 4096
_LIMIT = 8.0  # a feature beyond it says no more
_SAME = 0.9999  # a vector and itself, within rounding
_TINY = 1e-6

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic regression; see the module."""

    margin: float
    level: float
    mean: float
    spread: float
    bias: float


WEIGHTS: dict[tuple[Kind, Kind], Weights] = {  # by what asks, and what is searched
    ("text", "image"): Weights(1.0, 0.67, 1.51, 4.35, -1.35),
    ("text", "text"): Weights(1.0, 0.67, 1.51, 4.35, -1.35),
    ("image", "image"): Weights(1.0, 0.67, 1.51, 4.35, -1.35),
    ("image", "text"): Weights(1.0, 0.67, 1.51, 4.35, -1.35),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How the scores of some queries over a sample are distributed.

    Attributes:
        level: ``(q,)`` float64 mean of the best five, of a tenth in small samples.
        mean: ``(q,)`` float64 mean of all.
        spread: ``(q,)`` float64 standard deviation of all.
    """

    level: Float64Array
    mean: Float64Array
    spread: Float64Array


def profile(queries_qd: Float32Array, sample_nd: Float32Array, *, same_kind: bool) -> Profile:
    """Return how queries score over a sample of vectors.

    Args:
        queries_qd: ``(q, d)`` float32 unit rows.
        sample_nd: ``(n, d)`` float32 unit rows, at least 1.
        same_kind: Whether a query may itself be in the sample; it is left out.
    """
    scores_qn = queries_qd @ sample_nd.T
    if same_kind:
        scores_qn = np.where(scores_qn >= _SAME, -1.0, scores_qn)
    best = min(BEST, max(1, len(sample_nd) // 10))
    place = len(sample_nd) - best
    level = np.partition(scores_qn, place, axis=1)[:, place:].mean(axis=1, dtype=np.float64)
    mean = scores_qn.mean(axis=1, dtype=np.float64)
    return Profile(level, mean, scores_qn.std(axis=1, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Judge:
    """What the scores of one query over the parts of one kind mean.

    Attributes:
        offset: Log-odds of relevance at a cosine of 0.
        slope: Log-odds by unit of cosine, more than 0.
    """

    offset: float
    slope: float

    def relevance(self, scores: npt.ArrayLike) -> Float64Array:
        """Return how likely each hit is what was asked for.

        Args:
            scores: ``(n,)`` cosines of the query and parts, in any order.

        Returns:
            ``(n,)`` float64, 0 to 1; it never falls where the cosine rises.
        """
        odds = self.offset + self.slope * np.asarray(scores, np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))), np.float64)

    def score_at(self, relevance: float) -> float:
        """Return the least cosine with at least this relevance, which may lie beyond 1.

        Args:
            relevance: 0 to 1.
        """
        if relevance <= 0:
            return -math.inf
        if relevance >= 1:
            return math.inf
        return (math.log(relevance / (1.0 - relevance)) - self.offset) / self.slope

    @property
    def cut(self) -> float:
        """The cosine from which on a hit is more likely right than not: the relevant set."""
        return self.score_at(CUT)

    def is_no_match(self, best: float) -> bool:
        """Tell whether nothing fits, given the best cosine over all that was searched."""
        return best < self.cut


@dataclass(frozen=True, slots=True)
class Calibration:
    """What background queries score over the parts of one kind of a collection.

    Attributes:
        sample_nd: ``(n, d)`` float32 vectors that stand for all.
        count: How many parts there are.
        same_kind: Whether queries are of the kind that is searched.
        level: Mean and standard deviation of the background's levels.
        mean: Mean of the background's means.
        log_spread: Mean of the logarithms of the background's spreads.
        weights: Of the features.
    """

    sample_nd: Float32Array
    count: int
    same_kind: bool
    level: tuple[float, float]
    mean: float
    log_spread: float
    weights: Weights

    @classmethod
    def measure(
        cls,
        sample_nd: Float32Array,
        count: int,
        background_bd: Float32Array,
        *,
        source: Kind,
        kind: Kind,
    ) -> "Calibration | None":
        """Calibrate.

        Args:
            sample_nd: ``(n, d)`` float32 unit rows of the collection.
            count: How many parts they stand for.
            background_bd: ``(b, d)`` float32 unit rows of queries.
            source: What asks.
            kind: What is searched.

        Returns:
            None where there are too few parts to tell, or where the background scores alike
            everywhere, as with an encoder that knows none of its words.
        """
        if len(sample_nd) < MIN_PARTS or len(background_bd) < MIN_PARTS:
            return None
        same_kind = source == kind
        seen = profile(background_bd, sample_nd, same_kind=same_kind)
        wide = seen.spread > _TINY
        if seen.level.std() < _TINY or wide.mean() < 0.5:
            return None
        return cls(
            sample_nd=sample_nd,
            count=max(count, len(sample_nd)),
            same_kind=same_kind,
            level=(float(seen.level.mean()), float(seen.level.std())),
            mean=float(seen.mean.mean()),
            log_spread=float(np.log(seen.spread[wide]).mean()),
            weights=WEIGHTS[source, kind],
        )

    def features(self, queries_qd: Float32Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Return what is known of queries before any hit.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.

        Returns:
            ``(q, 3)`` level, mean and spread; and for the margin, which is
            ``(score - start) / unit``, the starts and the units, each ``(q,)``.
        """
        seen = profile(queries_qd, self.sample_nd, same_kind=self.same_kind)
        spread = np.maximum(seen.spread, _TINY)
        centre, scale = self.level
        known = np.column_stack(
            [
                (seen.level - centre) / scale,
                (seen.mean - self.mean) / scale,
                np.log(spread) - self.log_spread,
            ]
        )
        # The best of many stand higher by chance than the best of a sample of them.
        total, sampled = np.log(self.count), np.log(len(self.sample_nd))
        chance = math.sqrt(2.0 * total) - math.sqrt(2.0 * sampled)
        return np.clip(known, -_LIMIT, _LIMIT), seen.level + chance * spread, spread

    def judges(self, queries_qd: Float32Array) -> Sequence[Judge]:
        """Return a judge for each query.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
        """
        known, starts, units = self.features(queries_qd)
        own = self.weights
        fixed = own.bias + known @ np.array([own.level, own.mean, own.spread])
        slopes = own.margin / units
        offsets = fixed - slopes * starts
        return [Judge(*pair) for pair in zip(offsets.tolist(), slopes.tolist(), strict=True)]
