"""Is what counts as relevant what was asked for?

    python -m experiments.relevance.relevant_sets FOLDER

Pictures whose folders name what they show are asked for by these names: a broad question, many
right hits. The F1 measure of the relevant set says how well its size fits; the best cut for each
name, which nobody can know, is the most that could be had. Names that ``mini`` does not know (an
average precision below 0.35) are left out.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from binocle.encoders.registry import open_encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import IMAGE, TEXT
from binocle.types import BoolArray, Float32Array, Limits
from evaluation.embedding import embed_pictures, embed_texts
from evaluation.zeroshot import read_labels
from search.relevance.background_texts import background_texts
from search.relevance.calibration import Calibration

_LEAST_PRECISION = 0.35


@dataclass(frozen=True, slots=True)
class Sets:
    """How well relevant sets fit, each a mean over the names that count.

    Attributes:
        names: How many count.
        f1: Of the relevant sets, 0 to 1.
        narrow: Of what they were if all that is right were one hit, as in what was fitted.
        best: Of the best cuts.
        size: Median size of the relevant sets.
        right: Median number of right pictures.
    """

    names: int
    f1: float
    narrow: float
    best: float
    size: float
    right: float


def measure(
    pictures: Float32Array, texts: Float32Array, right: BoolArray, background: Float32Array
) -> Sets:
    """Measure the relevant sets of texts that ask for pictures.

    Args:
        pictures: ``(n, d)`` float32 unit rows.
        texts: ``(t, d)`` float32 unit rows.
        right: ``(t, n)`` bool, which pictures each text asks for.
        background: ``(b, d)`` float32 unit rows of texts that nobody asks.

    Raises:
        ValueError: There are too few pictures to calibrate, or no text is known well enough.
    """
    made = Calibration.measure(pictures, len(pictures), background, source=TEXT, kind=IMAGE)
    if made is None:
        raise ValueError("there are too few pictures to tell what is relevant")
    narrow = replace(made, fitted=replace(made.fitted, wide=None))
    found = []
    pairs = zip(
        texts @ pictures.T, right, made.score_models(texts), narrow.score_models(texts), strict=True
    )
    for scores, wanted, score_model, strict in pairs:
        ordered = wanted[np.argsort(-scores, kind="stable")]
        places = np.arange(1, len(ordered) + 1)
        precision = np.cumsum(ordered) / places
        if not wanted.any() or precision[ordered].mean() < _LEAST_PRECISION:
            continue
        best = float((2 * np.cumsum(ordered) / (places + wanted.sum())).max())
        chosen = [scores >= one.cut for one in (score_model, strict)]
        f1 = [2 * int((one & wanted).sum()) / int(one.sum() + wanted.sum()) for one in chosen]
        found.append((*f1, best, int(chosen[0].sum()), int(wanted.sum())))
    if not found:
        raise ValueError("the model knows none of the texts well enough")
    table = np.array(found, np.float64)
    f1_all, narrow_all, best_all = table[:, :3].mean(axis=0).tolist()
    size, count = np.median(table[:, 3:], axis=0).tolist()
    return Sets(len(table), f1_all, narrow_all, best_all, size, count)


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.relevance.relevant_sets", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="of folders of pictures, as for 'binocle eval'")
    options = parser.parse_args()
    encoder = open_encoder("mini")
    labelled = read_labels(options.folder)
    with DecoderPool(2, Limits()) as decoders:
        embedded = embed_pictures(labelled.pictures, encoder, decoders)
    labels = labelled.labels[list(embedded.places)]
    found = measure(
        embedded.rows,
        embed_texts(labelled.classes, encoder),
        labels[np.newaxis] == np.arange(len(labelled.classes))[:, np.newaxis],
        embed_texts(background_texts(), encoder),
    )
    print(
        f"{found.names} names: F1 {found.f1:.3f} (narrow {found.narrow:.3f}, at best "
        f"{found.best:.3f}); {found.size:g} relevant, {found.right:g} right (medians)"
    )


if __name__ == "__main__":
    main()
