"""What ``python -m experiments.relevance.fit_relevance --fit`` found (docs/relevance.md).

See ``search.relevance.calibration`` for what is weighed.
"""

from dataclasses import dataclass

from binocle.media.kinds import IMAGE, TEXT
from binocle.types import Kind


@dataclass(frozen=True, slots=True)
class CalibrationWeights:
    """Of a logistic regression; see the module."""

    margin: float
    level: float
    mean: float
    spread: float
    near: float
    bias: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learned of one direction.

    Attributes:
        answers: Whether the collection has an answer.
        fits: Whether a hit is right, where there is an answer.
        cut: The relevance from which on hits are in the relevant set: where the F1 measure of
            right hits among the first ten is highest.
        from_best: Whether the margin is counted from the query's best hit, and not from its five
            best: then how relevant the best hit is depends on the level only.
        none: How likely an answer must be for something to fit: below, nothing does. Less than
            even, as people mind an answer that is denied more than a weak one that is shown.
        wide: How far from the mean to the five best hits are at least half as relevant as the
            best, 0 to 1; None for no such thing. What was fitted has one right hit for a query,
            and of a broad one ("dog") many are.
    """

    answers: CalibrationWeights
    fits: CalibrationWeights
    cut: float
    none: float
    from_best: bool = False
    wide: float | None = None


FITTED: dict[tuple[Kind, Kind], Fitted] = {  # by what asks, and what is searched
    (TEXT, IMAGE): Fitted(
        answers=CalibrationWeights(
            margin=0.0, level=2.1, mean=0.0, spread=0.0, near=0.0, bias=-1.39
        ),
        fits=CalibrationWeights(
            margin=2.84, level=0.97, mean=0.0, spread=0.0, near=0.0, bias=-1.07
        ),
        cut=0.36,
        none=0.31,
        from_best=True,
        wide=0.85,
    ),
    (TEXT, TEXT): Fitted(
        answers=CalibrationWeights(
            margin=0.0, level=2.03, mean=2.84, spread=2.39, near=0.0, bias=-2.09
        ),
        fits=CalibrationWeights(
            margin=1.58, level=0.64, mean=0.0, spread=0.0, near=0.0, bias=-1.38
        ),
        cut=0.36,
        none=0.5,
    ),
    (IMAGE, IMAGE): Fitted(
        answers=CalibrationWeights(
            margin=0.0, level=2.16, mean=0.86, spread=0.0, near=0.0, bias=3.48
        ),
        fits=CalibrationWeights(
            margin=0.71, level=0.74, mean=0.0, spread=0.0, near=0.0, bias=-0.51
        ),
        cut=0.31,
        none=0.5,
    ),
    (IMAGE, TEXT): Fitted(
        answers=CalibrationWeights(
            margin=0.0, level=0.94, mean=0.78, spread=1.04, near=1.77, bias=3.88
        ),
        fits=CalibrationWeights(
            margin=2.63, level=0.53, mean=0.0, spread=0.0, near=0.0, bias=-0.21
        ),
        cut=0.33,
        none=0.5,
    ),
}
