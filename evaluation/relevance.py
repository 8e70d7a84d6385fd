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
import numpy.typing as npt

from binocle.encoders.registry import open_encoder
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Limits
from evaluation.answerable import Pictures, Split, read_sets, splits
from search import hubs
from search.calibration import FITTED, SAMPLE, Calibration, Fitted, Weights

Float64Array = npt.NDArray[np.float64]
Direction = tuple[Kind, Kind]
_DEPTH = 10
_RIDGE = 1.0
_BINS = 10


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
    answers = _regression(
        [one.features_qkf[:, 0] for one in examples],
        [one.answerable_q for one in examples],
        is_balanced=True,
    )
    fits = _regression(
        [one.features_qkf[one.answerable_q].reshape(-1, 4) for one in examples],
        [one.right_qk[one.answerable_q].ravel() for one in examples],
        least_margin=0.05,
    )
    fitted = Fitted(answers, fits, 0.0)
    said = np.concatenate([_relevance(one, fitted).ravel() for one in examples])
    right = np.concatenate([one.right_qk.ravel() for one in examples])
    return Fitted(answers, fits, best_cut(said, right))


def best_cut(relevance: Float64Array, right: BoolArray) -> float:
    """Return the cut-off with the highest F1 measure, in hundredths."""
    cuts = np.arange(0.02, 0.9, 0.01)
    found = [2 * right[relevance >= cut].sum() / ((relevance >= cut).sum() + right.sum())
             for cut in cuts]  # fmt: skip
    return round(float(cuts[int(np.argmax(found))]), 2)


def _regression(
    features: Sequence[Float64Array],
    wanted: Sequence[BoolArray],
    *,
    is_balanced: bool = False,
    least_margin: float = 0.0,
) -> Weights:
    """Return the most likely weights with a small ridge, none of them below 0.

    A nearer hit, a higher level, a nearer collection and a wider spread never speak against.
    """
    counts = []
    for one in wanted:
        share = np.where(one, one.mean(), 1 - one.mean()) if is_balanced else 1.0
        counts.append(np.broadcast_to(1000.0 / (len(one) * np.maximum(share, 1e-9)), len(one)))
    rows = np.concatenate(features)
    table = np.column_stack([rows, np.ones(len(rows))])
    targets, weights = np.concatenate(wanted).astype(np.float64), np.concatenate(counts)
    least = np.array([least_margin, 0.0, 0.0, 0.0])
    found, free = np.zeros(5), np.ones(5, np.bool_)
    for _ in range(5):  # what would be below its least is set to it, and the rest fitted again
        found = _newton(table, targets, weights, found, free)
        low = np.append(found[:4] < least, False) & free
        if not low.any():
            break
        found[low] = np.append(least, 0.0)[low]
        free &= ~low
    return Weights(*(round(float(one), 2) for one in found))


def _newton(
    table: Float64Array,
    wanted: Float64Array,
    weights: Float64Array,
    start: Float64Array,
    free: BoolArray,
) -> Float64Array:
    found = start.copy()
    ridge = np.diag([_RIDGE] * 4 + [0.0])[np.ix_(free, free)]
    for _ in range(100):
        odds = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        gradient = table[:, free].T @ (weights * (wanted - odds)) - ridge @ found[free]
        curve = (table[:, free] * (weights * odds * (1 - odds))[:, np.newaxis]).T @ table[:, free]
        step = np.linalg.solve(curve + ridge, gradient)
        found[free] += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    return found


def _odds(one: Examples, weights: Weights) -> Float64Array:
    *slopes, bias = astuple(weights)
    return np.asarray(1 / (1 + np.exp(-(one.features_qkf @ np.array(slopes) + bias))), np.float64)


def _relevance(one: Examples, fitted: Fitted) -> Float64Array:
    """Return the relevance of each hit, ``(q, k)``."""
    return _odds(one, fitted.answers) * _odds(one, fitted.fits)


def auc(high: Float64Array, low: Float64Array) -> float:
    """Return how often one of the first is above one of the second, ties counting half."""
    below = np.searchsorted(np.sort(low), high, "left")
    upto = np.searchsorted(np.sort(low), high, "right")
    return float((below + upto).mean() / (2 * len(low)))


def calibration_error(relevance: Float64Array, right: BoolArray) -> tuple[float, list[str]]:
    """Return the expected calibration error, and a line for each of ten equal bins.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    bins = np.minimum((relevance * _BINS).astype(np.int64), _BINS - 1)
    error, lines = 0.0, []
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            said, true = relevance[inside].mean(), right[inside].mean()
            error += abs(said - true) * inside.mean()
            lines.append(f"{said:.2f}\t{true:.2f}\t{inside.sum()}")
    return error, lines


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


if __name__ == "__main__":
    main()
