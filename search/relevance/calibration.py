"""From cosines to probabilities: what a query's scores say, beside what background queries get.

A cosine means something only beside others: those of the same query with the rest of the
collection, and those that queries get which nobody asked. Five numbers, none of which depends
on where a model puts its cosines:

- *margin*: how far the hit stands above the query's five best, or below the best one, in standard
  deviations of the query's scores;
- *level*: how high the five best are, in standard deviations of what background queries' five
  best are;
- *mean*: how near the query is to the collection as a whole, in the same unit;
- *spread*: the logarithm of the standard deviation of the query's scores over that of background
  queries. Words that a model does not know are about as near to everything;
- *near*: where pictures ask, how near the query's nearest of the collection's pictures is, in
  standard deviations of what that is for these pictures among themselves.

Two logistic regressions take them, each those that carried over to collections which it was not
fitted on. One says how likely the collection has an answer, the other how likely the hit is right
if it has; relevance is the product. Within one query only the margin differs, so relevance rises
with the cosine, and a cut-off in relevance is one in cosine.

The weights were fitted by ``python -m experiments.relevance.fit_relevance --fit``
(docs/relevance.md). The calibration of a collection is the background's numbers.

Source of the idea that a score is measured by its distribution over other queries: Platt,
"Probabilistic Outputs for Support Vector Machines", 1999, for the logistic; Bogolin et al.,
"Cross Modal Retrieval with Querybank Normalisation", CVPR 2022, for the bank of queries.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from binocle.media.kinds import IMAGE
from binocle.types import Float32Array, Kind
from binocle.vectors.base import products
from search.relevance.fitted_weights import FITTED, Fitted
from search.relevance.score_model import NOWHERE, ScoreModel

BEST = 5
MIN_PARTS = 20
SAMPLE = 4096
_LIMIT = 8.0  # a feature beyond it says no more
_SAME = 0.9999  # a vector and itself, within rounding
_TINY = 1e-6
_REFUSED = 0.02  # of a collection's own texts, which are more exact than what people type

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """How the scores of some queries over a sample are distributed.

    Attributes:
        best: ``(q,)`` float64 highest score.
        level: ``(q,)`` float64 mean of the best five, of a tenth in small samples.
        mean: ``(q,)`` float64 mean of all.
        spread: ``(q,)`` float64 standard deviation of all.
    """

    best: Float64Array
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
    scores_qn = products(queries_qd, sample_nd)
    if same_kind:
        scores_qn = np.where(scores_qn >= _SAME, -1.0, scores_qn)
    best = min(BEST, max(1, len(sample_nd) // 10))
    place = len(sample_nd) - best
    highest = np.partition(scores_qn, place, axis=1)[:, place:].astype(np.float64)
    mean = scores_qn.mean(axis=1, dtype=np.float64)
    spread = scores_qn.std(axis=1, dtype=np.float64)
    return Profile(highest.max(axis=1), highest.mean(axis=1), mean, spread)


@dataclass(frozen=True, slots=True)
class CalibrationFeatures:
    """What is known of queries before any hit.

    Attributes:
        known: ``(q, 4)`` level, mean, spread and near.
        starts: ``(q,)`` cosines at which the margin is 0.
        units: ``(q,)`` cosines by which it rises by 1.
        best: ``(q,)`` about the highest cosine.
        halves: ``(q,)`` cosines from which on hits are at least half as relevant as the best.
    """

    known: Float64Array
    starts: Float64Array
    units: Float64Array
    best: Float64Array
    halves: Float64Array


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
        fitted: What weighs the features.
        bank_bd: ``(b, d)`` float32 background of pictures, which are the collection's own; None
            where texts ask.
        near: Mean and standard deviation of how near each of these is to its nearest.
        none: How likely an answer must be for something to fit; None for what was fitted.
    """

    sample_nd: Float32Array
    count: int
    same_kind: bool
    level: tuple[float, float]
    mean: float
    log_spread: float
    fitted: Fitted
    bank_bd: Float32Array | None = None
    near: tuple[float, float] = (0.0, 1.0)
    none: float | None = None

    @classmethod
    def measure(
        cls,
        sample_nd: Float32Array,
        count: int,
        background_bd: Float32Array,
        *,
        source: Kind,
        kind: Kind,
        own_qd: Float32Array | None = None,
    ) -> "Calibration | None":
        """Calibrate.

        Args:
            sample_nd: ``(n, d)`` float32 unit rows of the collection.
            count: How many parts they stand for.
            background_bd: ``(b, d)`` float32 unit rows of queries.
            source: What asks.
            kind: What is searched.
            own_qd: ``(q, d)`` float32 unit rows of queries that are known to have an answer: the
                collection's own texts where texts ask for pictures, and the other way round.

        Returns:
            None where nothing was fitted for such queries, there are too few parts to tell, or the
            background scores alike everywhere, as with an encoder that knows none of its words.
        """
        fitted = FITTED.get((source, kind))
        if fitted is None or min(len(sample_nd), len(background_bd)) < MIN_PARTS:
            return None
        same_kind = source == kind
        seen = profile(background_bd, sample_nd, same_kind=same_kind)
        wide = seen.spread > _TINY
        if seen.level.std() < _TINY or wide.mean() < 0.5:
            return None
        bank, near = None, np.array([0.0, 1.0])
        if source == IMAGE:
            bank, near = background_bd, _nearest(background_bd, background_bd)
        made = cls(
            sample_nd=sample_nd,
            count=max(count, len(sample_nd)),
            same_kind=same_kind,
            level=(float(seen.level.mean()), float(seen.level.std())),
            mean=float(seen.mean.mean()),
            log_spread=float(np.log(seen.spread[wide]).mean()),
            fitted=fitted,
            bank_bd=bank,
            near=(float(near.mean()), max(float(near.std()), _TINY)),
        )
        if own_qd is None or len(own_qd) < MIN_PARTS:
            return made
        return replace(made, none=made._none_by(own_qd))

    def features(self, queries_qd: Float32Array) -> "CalibrationFeatures":
        """Return what is known of queries before any hit.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
        """
        seen = profile(queries_qd, self.sample_nd, same_kind=self.same_kind)
        spread = np.maximum(seen.spread, _TINY)
        centre, scale = self.level
        known = np.column_stack(
            [
                (seen.level - centre) / scale,
                (seen.mean - self.mean) / scale,
                np.log(spread) - self.log_spread,
                self._near(queries_qd),
            ]
        )
        # The best of many stand higher by chance than the best of a sample of them.
        total, sampled = math.log(self.count), math.log(len(self.sample_nd))
        chance = (math.sqrt(2.0 * total) - math.sqrt(2.0 * sampled)) * spread
        known = np.clip(known, -_LIMIT, _LIMIT)
        best = seen.best + chance
        starts = best if self.fitted.from_best else seen.level + chance
        wide = 1.0 if self.fitted.wide is None else self.fitted.wide
        halves = seen.mean + wide * (seen.level - seen.mean) + chance
        return CalibrationFeatures(known, starts, spread, best, halves)

    def _none_by(self, own_qd: Float32Array) -> float:
        """Return how likely an answer must be, by queries that have one.

        What nearly all of them reach, but not less than was fitted, and not more than even.
        """
        odds = [score_model.answer_odds for score_model in self.score_models(own_qd)]
        reached = 1.0 / (1.0 + math.exp(-float(np.quantile(odds, _REFUSED))))
        return min(max(reached, self.fitted.none), max(0.5, self.fitted.none))

    def _near(self, queries_qd: Float32Array) -> Float64Array:
        if self.bank_bd is None:
            return np.zeros(len(queries_qd))
        usual, unit = self.near
        return (_nearest(queries_qd, self.bank_bd) - usual) / unit

    def score_models(self, queries_qd: Float32Array) -> Sequence[ScoreModel]:
        """Return a judge for each query.

        Args:
            queries_qd: ``(q, d)`` float32 unit rows.
        """
        seen = self.features(queries_qd)
        lines = []
        for own in (self.fitted.answers, self.fitted.fits):
            slopes = own.margin / seen.units
            fixed = own.bias + seen.known @ np.array([own.level, own.mean, own.spread, own.near])
            lines.append(zip((fixed - slopes * seen.starts).tolist(), slopes.tolist(), strict=True))
        cut, none = self.fitted.cut, self.none or self.fitted.none
        same_from = _SAME if self.same_kind else NOWHERE
        score_models = [
            ScoreModel(answers, fits, best, cut, none, same_from)
            for answers, fits, best in zip(*lines, seen.best.tolist(), strict=True)
        ]
        if self.fitted.wide is None:
            return score_models
        return [
            one.wider(half) for one, half in zip(score_models, seen.halves.tolist(), strict=True)
        ]


def _nearest(queries_qd: Float32Array, bank_bd: Float32Array) -> Float64Array:
    """Return the cosine of each query and the nearest of a bank that is not itself."""
    scores_qb = products(queries_qd, bank_bd)
    others = np.where(scores_qb >= _SAME, -1.0, scores_qb)
    return np.asarray(others.max(axis=1), np.float64)
