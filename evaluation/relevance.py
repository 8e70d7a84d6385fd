"""Fits and measures the calibration of relevance: ``python -m evaluation.relevance --data DIR``.

Prints, for each split of ``evaluation.answerable``, the AUC of the best hit's relevance between
queries with and without an answer, how relevance and the share of right hits agree, and what hub
correction does; with ``--fit`` first fits the weights of ``search.calibration`` anew, and prints
them to be copied there.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from binocle.encoders.registry import open_encoder
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Limits
from evaluation.answerable import Pictures, Split, read_sets, splits
from evaluation.calibrating import Float64Array, auc, best_cut, calibration_error, regression
from evaluation.labelling import fit_labels, lines, tasks
from search import hubs, labels
from search.calibration import FITTED, SAMPLE, Calibration, Fitted, Weights

Direction = tuple[Kind, Kind]
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Examples:
    """Hits of a split, as the regression sees them.

    Attributes:
        features_qkf: ``(q, k, 4)`` margin, level, mean, spread of each query's best hits.
        right_qk: ``(q, k)`` whether they are.
        answerable_q: ``(q,)`` whether the query has an answer.
    """

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
        np.concatenate([margins_qk[:, :, np.newaxis], repeated], axis=2),
        np.take_along_axis(right_qn, best_qk, axis=1),
        np.arange(len(queries)) < len(split.asked_qd),
    )


def fit(examples: Sequence[Examples]) -> Fitted:
    """Fit both regressions and the cut-off; each split counts alike.

    Whether there is an answer is learned from each query's best hit, queries with and without one
    counting alike; whether a hit is right, from the first hits of queries with an answer.
    """
    answers = regression(
        [one.features_qkf[:, 0] for one in examples],
        [one.answerable_q for one in examples],
        is_balanced=True,
    )
    fits = regression(
        [one.features_qkf[one.answerable_q].reshape(-1, 4) for one in examples],
        [one.right_qk[one.answerable_q].ravel() for one in examples],
        least_margin=0.05,
    )
    fitted = Fitted(answers, fits, 0.0)
    said = np.concatenate([_relevance(one, fitted).ravel() for one in examples])
    right = np.concatenate([one.right_qk.ravel() for one in examples])
    return Fitted(answers, fits, best_cut(said, right))


def _odds(one: Examples, weights: Weights) -> Float64Array:
    *slopes, bias = astuple(weights)
    return np.asarray(1 / (1 + np.exp(-(one.features_qkf @ np.array(slopes) + bias))), np.float64)


def _relevance(one: Examples, fitted: Fitted) -> Float64Array:
    """Return the relevance of each hit, ``(q, k)``."""
    return _odds(one, fitted.answers) * _odds(one, fitted.fits)


def _report(direction: Direction, known: Sequence[tuple[str, Examples]], fitted: Fitted) -> None:
    print(f"\n{direction[0]} -> {direction[1]}: {fitted}")
    print("split\tAUC\tno match: answerable\tunanswerable\tright at 1\trelevance at 1")
    areas, said, right = [], [], []
    for name, one in known:
        relevance, unanswered = _relevance(one, fitted), _odds(one, fitted.answers)[:, 0] < 0.5
        best, own = relevance[:, 0], one.answerable_q
        areas.append(auc(best[own], best[~own]))
        print(f"{name}\t{areas[-1]:.3f}\t{unanswered[own].mean():.2f}\t"
              f"{unanswered[~own].mean():.2f}\t{one.right_qk[own, 0].mean():.2f}\t"
              f"{best[own].mean():.2f}")  # fmt: skip
        said.append(relevance.ravel())
        right.append(one.right_qk.ravel())
    error, lines = calibration_error(np.concatenate(said), np.concatenate(right))
    print(f"mean AUC {np.mean(areas):.3f}, least {min(areas):.3f}, median {np.median(areas):.3f}")
    print(f"expected calibration error of the first {_DEPTH} hits {error:.3f}")
    print("relevance\tright\thits")
    print("\n".join(lines))


def report_hubs(name: str, one: Pictures) -> None:
    """Print recall with and without hub correction, in both directions."""
    for asks, queries, gallery in (
        ("text", one.last, one.rows), ("image", one.rows, one.first)
    ):  # fmt: skip
        asked = np.arange(len(queries)) % 2 == 0
        half = np.flatnonzero(asked)
        found = hubs.find_hubs(
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
            after = _recall(scores - found.penalties(gallery), tested)
        state = "on" if found else "off"
        print(f"{name}\t{asks}\t{state}\t{raw}\t{after}")


def _recall(scores_qn: Float32Array, own: Int64Array) -> str:
    score = scores_qn[np.arange(len(own)), own]
    ranks = (scores_qn > score[:, np.newaxis]).sum(axis=1) + 1
    return "/".join(f"{100 * (ranks <= k).mean():.1f}" for k in (1, 5, 10))


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.relevance", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--most", type=int, default=2000, help="pictures of each set")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew")
    options = parser.parse_args()
    encoder = open_encoder(options.model)
    sets = read_sets(options.data, encoder, Limits(), most=options.most)
    known: dict[Direction, list[tuple[str, Examples]]] = defaultdict(list)
    for split in splits(sets, encoder):
        examples = examples_of(split)
        if examples is not None:
            known[split.source, split.kind].append((split.name, examples))
    for direction, named in known.items():
        fitted = FITTED[direction]
        if options.fit:
            fitted = fit([one for _, one in named])
        _report(direction, named, fitted)
    print("\nhubs: asked by\tstate\trecall@1/5/10 before\tafter")
    for name, one in sets.items():
        report_hubs(name, one)
    drawn = list(tasks(sets, encoder))
    fitted_labels = labels.SHARPNESS, labels.WEIGHT_OF_OTHERS
    if options.fit:
        fitted_labels = fit_labels(drawn)
    print(f"\nlabels: sharpness and weight of others {fitted_labels}")
    print("task\tright\tright where it shows a label\tAUC of none\tcalibration error")
    print("\n".join(lines(drawn, *fitted_labels)))


if __name__ == "__main__":
    main()
