"""Zero-shot labelling: a picture gets the label whose words are nearest to it.

Source: Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*,
2021, section 3.1, https://arxiv.org/abs/2103.00020: a label is put into several sentences, whose
rows are averaged and made unit rows again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.errors import SourceError
from binocle.types import Float32Array, Int64Array
from evaluation.bootstrap import draw_within, interval
from evaluation.metrics import TIE, Float64Array
from evaluation.results import Confusion, Section
from indexer.sources.base import Candidate
from indexer.sources.folder import FolderSource

_CURVE_DEPTH = 10
_CONFUSIONS = 10
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """Pictures whose folders name what they show.

    Attributes:
        path: The folder, absolute.
        classes: The labels as words, in order of the folders' names.
        pictures: All files below the folders; what is no picture carries a skip.
        labels: ``(n,)`` int64, the place of each picture's label in ``classes``.
    """

    path: Path
    classes: tuple[str, ...]
    pictures: tuple[Candidate, ...]
    labels: Int64Array


def read_labels(folder: Path) -> LabelledPictures:
    """List a folder whose subfolders are classes; no picture is opened.

    Files beside the subfolders are left out. A folder's name becomes words: underscores are
    spaces, capitals small.

    Raises:
        SourceError: It cannot be read, or has fewer than two subfolders with files.
    """
    absolute = folder.expanduser().resolve()
    pictures: list[Candidate] = []
    folders: list[str] = []
    for candidate in FolderSource(absolute).scan(absolute.name):
        name, slash, _ = candidate.key.partition("/")
        if slash:
            pictures.append(candidate)
            folders.append(name)
    names = sorted(set(folders))
    if len(names) < 2:
        raise SourceError(
            f"{folder} has {len(names)} subfolders with pictures; each subfolder is a label, and "
            "it takes at least 2"
        )
    number = {name: place for place, name in enumerate(names)}
    labels = np.array([number[name] for name in folders], np.int64)
    words = tuple(" ".join(name.replace("_", " ").lower().split()) for name in names)
    return LabelledPictures(absolute, words, tuple(pictures), labels)


def evaluate_zero_shot(
    image_rows: Float32Array,
    class_rows: Float32Array,
    labels: Int64Array,
    classes: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Section:
    """Label pictures and count what is right.

    A wrong label that scores like the right one is counted as standing first. The bootstrap draws
    pictures within each label, so the sizes of the classes stay.

    Args:
        image_rows: ``(n, d)`` float32 unit rows, at least 1.
        class_rows: ``(k, d)`` float32 unit rows, at least 2.
        labels: ``(n,)`` int64 rows of ``class_rows``: the right labels.
        classes: The labels as words, for the report.
        resamples: Bootstrap draws, at least 1.
        seed: Of the draws.
    """
    order = np.argsort(labels, kind="stable")
    sizes = np.unique(labels, return_counts=True)[1]
    positions, tied, taken_for = _positions(image_rows[order], class_rows, labels[order])
    depth = min(_CURVE_DEPTH, len(class_rows))
    hits_nk = (positions[:, np.newaxis] <= np.arange(1, depth + 1)).astype(np.float64)
    shares_bk, recalls_b = _resampled(hits_nk, sizes, resamples=resamples, seed=seed)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    by_class = np.add.reduceat(hits_nk[:, 0], starts) / sizes
    curve = tuple(interval(hits_nk[:, k].mean(), shares_bk[:, k]) for k in range(depth))
    tops = (1, 5) if len(class_rows) > 5 else (1,)
    return Section(
        queries=len(labels),
        candidates=len(class_rows),
        tied=float(tied.mean()),
        estimates={
            **{f"top-{k} accuracy": curve[k - 1] for k in tops},
            "mean per-class recall": interval(by_class.mean(), recalls_b),
        },
        curve=curve,
        confusions=_confusions(labels[order], taken_for, classes),
        replicates=np.column_stack([shares_bk[:, [k - 1 for k in tops]], recalls_b]),
    )


def _resampled(
    hits_nk: Float64Array, sizes: Int64Array, *, resamples: int, seed: int
) -> tuple[Float64Array, Float64Array]:
    """Return each draw's shares of hits among the first k, and its mean recall of the labels."""
    shares, recalls = [], []
    for sums in draw_within(hits_nk, sizes, resamples=resamples, seed=seed):
        shares.append(sums.sum(axis=1) / len(hits_nk))
        recalls.append((sums[:, :, 0] / sizes).mean(axis=1))
    return np.concatenate(shares), np.concatenate(recalls)


def _confusions(
    right: Int64Array, taken_for: Int64Array, classes: Sequence[str]
) -> tuple[Confusion, ...]:
    """Return the most frequent mistakes; a picture that was labelled rightly is taken for -1."""
    pairs = zip(right.tolist(), taken_for.tolist(), strict=True)
    mistakes = Counter(pair for pair in pairs if pair[1] >= 0)
    return tuple(
        Confusion(classes[label], classes[wrong], count)
        for (label, wrong), count in mistakes.most_common(_CONFUSIONS)
    )


def _positions(
    image_rows: Float32Array, class_rows: Float32Array, labels: Int64Array
) -> tuple[Int64Array, np.ndarray[tuple[int], np.dtype[np.bool_]], Int64Array]:
    """Return each right label's position, whether it is tied, and the label that beats it or -1."""
    positions, tied, taken_for = [], [], []
    for start in range(0, len(labels), _BLOCK):
        right = labels[start : start + _BLOCK]
        scores_nk = image_rows[start : start + _BLOCK] @ class_rows.T
        own = np.take_along_axis(scores_nk, right[:, np.newaxis], axis=1)
        np.put_along_axis(scores_nk, right[:, np.newaxis], -np.inf, axis=1)
        reached = (scores_nk >= own - TIE).sum(axis=1)
        beaten = (scores_nk > own + TIE).sum(axis=1)
        positions.append(1 + reached)
        tied.append(reached > beaten)
        taken_for.append(np.where(beaten > 0, scores_nk.argmax(axis=1), -1))
    return np.concatenate(positions), np.concatenate(tied), np.concatenate(taken_for)
