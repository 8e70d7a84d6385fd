"""Logistic regression, and how probabilities agree with what is true."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray
from search.relevance.fitted_weights import CalibrationWeights

Float64Array = npt.NDArray[np.float64]
_RIDGE = 50.0  # a weaker one fits better, and carries over worse (docs/relevance.md)
_BINS = 10
FEATURES = ("margin", "level", "mean", "spread", "near")


def best_cut(relevance: Float64Array, right: BoolArray) -> float:
    """Return the cut-off with the highest F1 measure, in hundredths."""
    cuts = np.arange(0.02, 0.9, 0.01)
    found = [2 * right[relevance >= cut].sum() / ((relevance >= cut).sum() + right.sum())
             for cut in cuts]  # fmt: skip
    return round(float(cuts[int(np.argmax(found))]), 2)


def regression(
    features: Sequence[Float64Array],
    wanted: Sequence[BoolArray],
    *,
    used: Sequence[str],
    is_balanced: bool = False,
    least_margin: float = 0.0,
) -> CalibrationWeights:
    """Return the most likely weights with a ridge, none of them below 0.

    A nearer hit, a higher level, a nearer collection and a wider spread never speak against.

    Args:
        features: Of each split ``(n, 5)`` margin, level, mean, spread, near.
        wanted: Of each split ``(n,)`` what is to be told.
        used: The features that may count, by name.
        is_balanced: Both answers count alike, however many there are of each.
        least_margin: The least weight of the margin.
    """
    counts = []
    for one in wanted:
        share = np.where(one, one.mean(), 1 - one.mean()) if is_balanced else 1.0
        counts.append(np.broadcast_to(1000.0 / (len(one) * np.maximum(share, 1e-9)), len(one)))
    rows = np.concatenate(features)
    table = np.column_stack([rows, np.ones(len(rows))])
    targets, weights = np.concatenate(wanted).astype(np.float64), np.concatenate(counts)
    least = np.array([least_margin] + [0.0] * (len(FEATURES) - 1))
    found = np.zeros(len(FEATURES) + 1)
    free = np.array([name in used for name in FEATURES] + [True])
    for _ in range(len(FEATURES) + 1):  # what falls below its least is set to it
        found = _newton(table, targets, weights, found, free, _RIDGE)
        low = np.append(found[:-1] < least, False) & free
        if not low.any():
            break
        found[low] = np.append(least, 0.0)[low]
        free &= ~low
    return CalibrationWeights(*(round(float(one), 2) for one in found))


def _newton(
    table: Float64Array,
    wanted: Float64Array,
    weights: Float64Array,
    start: Float64Array,
    free: BoolArray,
    ridge: float,
) -> Float64Array:
    """Return the most likely weights by Newton's steps, the bias last; some stay as they are."""
    found = start.copy()
    penalty = np.diag([ridge] * (len(start) - 1) + [0.0])[np.ix_(free, free)]
    for _ in range(100):
        odds = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        gradient = table[:, free].T @ (weights * (wanted - odds)) - penalty @ found[free]
        curve = (table[:, free] * (weights * odds * (1 - odds))[:, np.newaxis]).T @ table[:, free]
        step = np.linalg.solve(curve + penalty, gradient)
        found[free] += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    return found


def logistic(
    rows: Float64Array, wanted: Float64Array, weights: Float64Array, ridge: float = 5.0
) -> Float64Array:
    """Return the weights of a logistic regression with a ridge, the bias last.

    Args:
        rows: ``(n, f)`` features.
        wanted: ``(n,)`` 0 or 1.
        weights: ``(n,)`` how much each row counts.
        ridge: On all weights but the bias.

    Returns:
        ``(f + 1,)`` float64.
    """
    table = np.column_stack([rows, np.ones(len(rows))])
    start = np.zeros(table.shape[1])
    return _newton(table, wanted, weights, start, np.ones(len(start), np.bool_), ridge)


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
