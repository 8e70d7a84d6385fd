"""Fits and measures the calibration of relevance.

    python -m experiments.relevance.fit_relevance --data DIR

Prints, for each split of ``experiments.relevance.question_sets``, the AUC of the best hit's
relevance between queries with and without an answer, how relevance and the share of right hits
agree, and what hub correction does; with ``--fit`` first fits the weights of
``search.relevance.calibration`` anew, and prints them to be copied there; with ``--held-out`` each
split is judged by weights fitted without its data sets.
"""

import argparse
import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from binocle.encoders.registry import open_encoder
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Limits
from experiments.relevance.fit_labels import fit_labels, lines, tasks
from experiments.relevance.logistic import (
    FEATURES,
    Float64Array,
    auc,
    best_cut,
    calibration_error,
    regression,
)
from experiments.relevance.mixed_collections import further_splits
from experiments.relevance.question_pictures import QuestionPictures, read_sets
from experiments.relevance.question_sets import Split, splits
from search.labels import zero_shot
from search.relevance import hub_correction
from search.relevance.calibration import SAMPLE, Calibration
from search.relevance.fitted_weights import FITTED, CalibrationWeights, Fitted

Direction = tuple[Kind, Kind]
_DEPTH = 10
_REFUSED = 0.1
FITS_USE = ("margin", "level")
ANSWERS_USE: dict[Direction, tuple[str, ...]] = {  # what carried over best: docs/relevance.md
    (TEXT, IMAGE): ("level",),
    (TEXT, TEXT): ("level", "mean", "spread"),
    (IMAGE, IMAGE): ("level", "mean"),
    (IMAGE, TEXT): ("level", "mean", "spread", "near"),
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Hits of a split, as the regression sees them.

    Attributes:
        name: Of the split.
        families: The data sets it is made of.
        is_fresh: Nothing is fitted on it.
        features_qkf: ``(q, k, 5)`` margin, level, mean, spread, near of each query's best hits.
        right_qk: ``(q, k)`` whether they are.
        answerable_q: ``(q,)`` whether the query has an answer.
    """

    name: str
    families: frozenset[str]
    is_fresh: bool
    features_qkf: Float64Array
    right_qk: BoolArray
    answerable_q: BoolArray


def examples_of(split: Split) -> Examples | None:
    """Return what a split teaches; None where it cannot be calibrated."""
    gallery = split.gallery_nd
    places = np.unique(np.linspace(0, len(gallery) - 1, SAMPLE).astype(np.int64))
    calibrated = Calibration.measure(
        gallery[places], len(gallery), split.background_bd, source=split.source, kind=split.kind
    )
    if calibrated is None:
        return None
    queries = np.concatenate([split.asked_qd, split.absent_ud])
    none = np.zeros((len(split.absent_ud), len(gallery)), np.bool_)
    right_qn = np.concatenate([split.right_qn, none])
    seen = calibrated.features(queries)
    scores_qn = queries @ gallery.T
    best_qk = np.argsort(-scores_qn, axis=1, kind="stable")[:, :_DEPTH]
    scores_qk = np.take_along_axis(scores_qn, best_qk, axis=1).astype(np.float64)
    margins_qk = (scores_qk - seen.starts[:, np.newaxis]) / seen.units[:, np.newaxis]
    repeated = np.repeat(seen.known[:, np.newaxis], best_qk.shape[1], axis=1)
    return Examples(
        split.name,
        split.families,
        split.is_fresh,
        np.concatenate([margins_qk[:, :, np.newaxis], repeated], axis=2),
        np.take_along_axis(right_qn, best_qk, axis=1),
        np.arange(len(queries)) < len(split.asked_qd),
    )


def fit(examples: Sequence[Examples], direction: Direction) -> Fitted:
    """Fit both regressions, the cut-off and the threshold; each split counts alike.

    Whether there is an answer is learned from each query's best hit, queries with and without one
    counting alike; whether a hit is right, from the first hits of queries with an answer.
    """
    answers = regression(
        [one.features_qkf[:, 0] for one in examples],
        [one.answerable_q for one in examples],
        used=ANSWERS_USE[direction],
        is_balanced=True,
    )
    fits = regression(
        [one.features_qkf[one.answerable_q].reshape(-1, len(FEATURES)) for one in examples],
        [one.right_qk[one.answerable_q].ravel() for one in examples],
        used=FITS_USE,
        least_margin=0.05,
    )
    from_best = FITTED[direction].from_best
    fitted = Fitted(answers, fits, cut=0.0, none=0.5)
    said = np.concatenate([_relevance(one, fitted).ravel() for one in examples])
    right = np.concatenate([one.right_qk.ravel() for one in examples])
    none = _threshold([_odds(one, answers)[one.answerable_q, 0] for one in examples])
    return Fitted(answers, fits, best_cut(said, right), none, from_best)


def _threshold(answered: Sequence[Float64Array]) -> float:
    """Return the threshold that refuses no more than a tenth in three of four splits."""
    cuts = np.arange(0.02, 0.51, 0.01)
    refused = np.array([[(one < cut).mean() for one in answered] for cut in cuts])
    kept = cuts[np.quantile(refused, 0.75, axis=1) <= _REFUSED]
    return round(float(kept.max(initial=0.02)), 2)


def _odds(one: Examples, weights: CalibrationWeights) -> Float64Array:
    *slopes, bias = astuple(weights)
    return np.asarray(1 / (1 + np.exp(-(one.features_qkf @ np.array(slopes) + bias))), np.float64)


def _relevance(one: Examples, fitted: Fitted) -> Float64Array:
    """Return the relevance of each hit, ``(q, k)``."""
    return _odds(one, fitted.answers) * _odds(one, fitted.fits)


def _held_out(examples: Sequence[Examples], direction: Direction) -> list[Fitted]:
    """Return for each split what is fitted without its data sets."""
    known: dict[frozenset[str], Fitted] = {}
    for families in {one.families for one in examples}:
        left = [one for one in examples if not one.is_fresh and not one.families & families]
        if left:
            known[families] = fit(left, direction)
    return [known.get(one.families, FITTED[direction]) for one in examples]


def _report(direction: Direction, known: Sequence[Examples], fitted: Sequence[Fitted]) -> None:
    """Print how well splits are judged, each by its own weights."""
    print(f"\n{direction[0]} -> {direction[1]}: {fitted[0]}")
    print("split\tAUC\tno match: answerable\tunanswerable\tright at 1\trelevance at 1\terror")
    areas, said, right, errors = [], [], [], []
    for one, own_fitted in zip(known, fitted, strict=True):
        relevance = _relevance(one, own_fitted)
        unanswered = _odds(one, own_fitted.answers)[:, 0] < own_fitted.none
        best, own = relevance[:, 0], one.answerable_q
        areas.append(auc(best[own], best[~own]))
        errors.append(calibration_error(relevance.ravel(), one.right_qk.ravel())[0])
        print(f"{one.name}\t{areas[-1]:.3f}\t{unanswered[own].mean():.2f}\t"
              f"{unanswered[~own].mean():.2f}\t{one.right_qk[own, 0].mean():.2f}\t"
              f"{best[own].mean():.2f}\t{errors[-1]:.3f}")  # fmt: skip
        said.append(relevance.ravel())
        right.append(one.right_qk.ravel())
    error, lines = calibration_error(np.concatenate(said), np.concatenate(right))
    print(f"mean AUC {np.mean(areas):.3f}, least {min(areas):.3f}, median {np.median(areas):.3f}")
    print(f"expected calibration error of the first {_DEPTH} hits {error:.3f}, "
          f"mean of the splits {np.mean(errors):.3f}")  # fmt: skip
    print("relevance\tright\thits")
    print("\n".join(lines))


def report_hubs(name: str, one: QuestionPictures) -> None:
    """Print recall with and without hub correction, in both directions."""
    for asks, queries, gallery in (
        (TEXT, one.last, one.rows), (IMAGE, one.rows, one.first)
    ):  # fmt: skip
        asked = np.arange(len(queries)) % 2 == 0
        half = np.flatnonzero(asked)
        found = hub_correction.find_hubs(
            queries[~asked][:: max(1, len(queries) // 1024)],
            gallery[~asked][:SAMPLE],
            queries[half[::2][:512]],
            gallery[half[::2][:512]],
        )
        tested = half[1::2]
        scores = queries[tested] @ gallery.T
        raw = _recall(scores, tested)
        after = raw
        if found is not None:
            after = _recall(
                scores - found.penalties(hub_correction.hubness(found.bank_bd, gallery)), tested
            )
        state = "on" if found else "off"
        print(f"{name}\t{asks}\t{state}\t{raw}\t{after}")


def _recall(scores_qn: Float32Array, own: Int64Array) -> str:
    score = scores_qn[np.arange(len(own)), own]
    ranks = (scores_qn > score[:, np.newaxis]).sum(axis=1) + 1
    return "/".join(f"{100 * (ranks <= k).mean():.1f}" for k in (1, 5, 10))


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.fit_relevance", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--most", type=int, default=2000, help="pictures of each set")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew")
    parser.add_argument("--held-out", action="store_true", help="judge by what is fitted elsewhere")
    options = parser.parse_args()
    encoder = open_encoder(options.model)
    sets = read_sets(options.data, encoder, Limits(), most=options.most)
    known: dict[Direction, list[Examples]] = defaultdict(list)
    for split in itertools.chain(splits(sets, encoder), further_splits(sets, encoder)):
        examples = examples_of(split)
        if examples is not None:
            known[split.source, split.kind].append(examples)
    for direction, every in known.items():
        fitted = [FITTED[direction]] * len(every)
        if options.fit:
            fitted = [fit([one for one in every if not one.is_fresh], direction)] * len(every)
        if options.held_out:
            fitted = _held_out(every, direction)
        _report(direction, every, fitted)
    print("\nhubs: asked by\tstate\trecall@1/5/10 before\tafter")
    for name, one in sets.items():
        report_hubs(name, one)
    drawn = list(tasks(sets, encoder))
    fitted_labels = zero_shot.SHARPNESS, zero_shot.WEIGHT_OF_OTHERS
    if options.fit:
        fitted_labels = fit_labels(drawn)
    print(f"\nlabels: sharpness and weight of others {fitted_labels}")
    print("task\tright\tright where it shows a label\tAUC of none\tcalibration error")
    print("\n".join(lines(drawn, *fitted_labels)))


if __name__ == "__main__":
    main()
