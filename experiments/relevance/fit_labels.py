"""Fits and measures the probabilities of zero-shot labels, on pictures that have labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.encoders.base import Encoder
from binocle.types import Float32Array, Int64Array
from evaluation.embedding import embed_texts
from experiments.relevance.logistic import auc, calibration_error
from experiments.relevance.question_pictures import QuestionPictures
from search.labels.zero_shot import LabelSet
from search.relevance.background_texts import background_texts

_LEAST_PICTURES = 5
_SIZES = (3, 10, 40)
_DRAWS = 3
_SHARPNESSES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
_WEIGHTS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


@dataclass(frozen=True, slots=True)
class LabelTask:
    """Pictures to be labelled, half of which show none of the labels.

    Attributes:
        name: Of the data set and the number of labels.
        label_set: The labels.
        rows: ``(n, d)`` float32 unit rows of pictures.
        right: ``(n,)`` int64 the label of each, or how many there are for none.
    """

    name: str
    label_set: LabelSet
    rows: Float32Array
    right: Int64Array


def tasks(
    sets: Mapping[str, QuestionPictures], encoder: Encoder, *, seed: int = 0
) -> Iterator[LabelTask]:
    """Draw sets of labels, and as many pictures without them as with them."""
    rng = np.random.default_rng(seed)
    background = embed_texts(background_texts(), encoder)
    for name, one in sets.items():
        known = np.array(one.labels)
        names, counts = np.unique(known, return_counts=True)
        names = names[counts >= _LEAST_PICTURES]
        for size in (size for size in _SIZES for _ in range(_DRAWS) if 2 * size <= len(names)):
            chosen = list(map(str, rng.permutation(names)[:size]))
            label_set = LabelSet.of(chosen, encoder, background)
            place = {label: number for number, label in enumerate(chosen)}
            right = np.array([place.get(label, size) for label in known], np.int64)
            inside, outside = np.flatnonzero(right < size), np.flatnonzero(right == size)
            count = min(len(inside), len(outside))
            drawn = np.concatenate([rng.permutation(inside)[:count],
                                    rng.permutation(outside)[:count]])  # fmt: skip
            yield LabelTask(f"{name}, {size} labels", label_set, one.rows[drawn], right[drawn])


def fit_labels(drawn: Sequence[LabelTask]) -> tuple[float, float]:
    """Return the sharpness and the weight of others with the least mean log loss."""
    losses = {
        (sharpness, others): np.mean([_log_loss(one, sharpness, others) for one in drawn])
        for sharpness in _SHARPNESSES
        for others in _WEIGHTS
    }
    return min(losses, key=lambda pair: float(losses[pair]))


def lines(drawn: Sequence[LabelTask], sharpness: float, others: float) -> list[str]:
    """Return what is measured of each task: a line of the name and four figures.

    They are the share of pictures that get what is right, a label or none of them; the same
    among pictures that show a label; the AUC of the probability of none between those that show
    one and others; and the expected calibration error of the most likely.
    """
    found = []
    for one in drawn:
        likely = one.label_set.probabilities(one.rows, sharpness=sharpness, others=others)
        none = one.right == len(one.label_set.names)
        best = likely.argmax(axis=1) == one.right
        labelled = likely[~none, :-1].argmax(axis=1) == one.right[~none]
        apart = auc(likely[none, -1], likely[~none, -1])
        error, _ = calibration_error(likely.max(axis=1), best)
        found.append(f"{one.name}\t{best.mean():.3f}\t{labelled.mean():.3f}\t{apart:.3f}\t"
                     f"{error:.3f}")  # fmt: skip
    return found


def _log_loss(one: LabelTask, sharpness: float, others: float) -> float:
    likely = one.label_set.probabilities(one.rows, sharpness=sharpness, others=others)
    return float(-np.log(likely[np.arange(len(one.right)), one.right] + 1e-12).mean())
