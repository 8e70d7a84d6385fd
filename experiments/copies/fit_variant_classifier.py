"""Fits what tells variants from copies.

    python -m experiments.copies.fit_variant_classifier FOLDER... --output variants.npz

Each picture is changed as people change copies, the original held against the changed one and the
other way round, and made into two pictures on one template
(``experiments.copies.product_variants``).
A gradient-boosted forest is fitted to tell the ones from the others.
"""

import argparse
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from binocle.fingerprints.copy_classifier import Forest
from binocle.fingerprints.fingerprint import distances, perceptual_hash, variant_hashes
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.residual import differences
from binocle.fingerprints.variation import variation_measures
from binocle.fingerprints.verification import closely_overlaid, verify, verify_whole
from binocle.fingerprints.verified_match import VerifiedMatch
from binocle.types import Float32Array
from experiments.copies.evasions import EVASIONS
from experiments.copies.fit_copy_classifier import boosted, saved
from experiments.copies.lookup_quality import pictures_in
from experiments.copies.product_variants import VARIANTS
from experiments.copies.transformations import TRANSFORMATIONS
from search.copies.stored_pictures import working_spec

_TREES, _LEAVES, _RATE = 250, 12, 0.06
_COPIES_WEIGHT = 1.5  # losing a copy is worse than joining a variant
_OVERLAID = {
    "text", "watermark", "logo", "emoji", "banner", "sticker", "heavy-watermark", "heavy-caption",
}  # fmt: skip
_OTHER_SHAPES = {"mirror", "flip", "inverted", "inset-8%", "desktop", "blend-50%", "barrel", "wave"}
_FARTHEST = 90  # bits: what is nearer is also laid whole upon whole
_LEAST_LOG_ODDS = -5.0  # of a copy: what has less is no variant either
_SIDE = 1000


@dataclass(frozen=True, slots=True)
class VariantSample:
    """Two pictures that were laid upon each other.

    Attributes:
        kind: How one was made from the other, or what differs.
        is_variant: Whether they show two things.
        measures: ``(45,)`` float32, those of ``variation_measures``.
    """

    kind: str
    is_variant: bool
    measures: Float32Array


def samples_of(
    image: Image.Image, other: Image.Image, random: np.random.Generator, *, copies: int = 8
) -> Iterator[VariantSample]:
    """Yield copies and variants of a picture, as far as they can be laid upon each other.

    Args:
        image: Upright RGB.
        other: What shows through or lies beside it, in some copies.
        random: Chooses.
        copies: How many copies.
    """
    names = list(VARIANTS)
    shown = image
    if random.random() < 0.3:  # a picture that has words itself
        shown = _again(VARIANTS[str(random.choice(names[1:]))](image, random)[0], 90)
    kinds = [
        one
        for one in (*TRANSFORMATIONS, *EVASIONS)
        if one.name not in _OTHER_SHAPES and not one.name.startswith(("collage", "rotate-"))
    ]
    for place in random.choice(len(kinds), copies, replace=False):
        kind = kinds[int(place)]
        changed = _opened(kind.apply(shown, random, other))
        pair = (changed, shown)
        if kind.name in _OVERLAID and random.random() < 0.35:
            pair = (shown, changed)
        if (measures := measures_of(*pair)) is not None:
            yield VariantSample(kind.name, False, measures)
    for name in names:
        first, second = (_again(one, int(random.integers(60, 96)))
                         for one in VARIANTS[name](image, random))  # fmt: skip
        if (measures := measures_of(second, first)) is not None:
            yield VariantSample(f"variant-{name}", True, measures)


def measures_of(query: Image.Image, stored: Image.Image) -> Float32Array | None:
    """Return what is measured of two pictures; None where they look nothing alike."""
    one, other = _view(query), _view(stored)
    match = _match(one, other)
    if match is None or match.log_odds < _LEAST_LOG_ODDS:
        return None
    overlay = closely_overlaid(one, other, match)
    if overlay is None:
        return None
    return variation_measures(overlay, differences(overlay), match.evidence, match.log_odds)


def _match(one: PictureView, other: PictureView) -> VerifiedMatch | None:
    found = [verify(one, other)]
    bits = distances(variant_hashes(one.grey)[:1], perceptual_hash(other.grey)[None])[0, 0]
    if bits <= _FARTHEST:
        found.append(verify_whole(one, other, 0))
    matches = [match for match in found if match is not None]
    return max(matches, key=lambda match: match.log_odds, default=None)


def _view(image: Image.Image) -> PictureView:
    spec = working_spec(image.size)
    size = (spec.width, spec.height)
    small = image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)
    return PictureView(np.asarray(small))


def fitted(measures: Float32Array, variants: npt.NDArray[np.bool_], *, seed: int = 0) -> Forest:
    """Fit a forest.

    Args:
        measures: ``(n, 45)`` float32.
        variants: ``(n,)`` bool.
        seed: Which samples and measures each tree sees.
    """
    return boosted(
        measures,
        variants,
        np.where(variants, 1.0, _COPIES_WEIGHT),
        leaves=_LEAVES,
        trees=_TREES,
        seed=seed,
        learning_rate=_RATE,
        bagging_fraction=0.7,
        feature_fraction=0.5,
        min_data_in_leaf=8,
    )


def _again(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return _opened(buffer.getvalue())


def _opened(data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def main(arguments: Sequence[str] | None = None) -> None:
    """Change, measure, fit and write."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.copies.fit_variant_classifier", description=__doc__
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100, help="pictures of each folder")
    parser.add_argument("--copies", type=int, default=8, help="of each picture")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    samples: list[VariantSample] = []
    for folder in options.folders:
        paths = pictures_in(folder)
        order = np.random.default_rng(0).permutation(len(paths))[: options.count].tolist()
        for number, place in enumerate(order):
            image = _opened(paths[place].read_bytes())
            image.thumbnail((_SIDE, _SIDE))
            other = _opened(paths[order[number - 1]].read_bytes())
            random = np.random.default_rng(number)
            samples += samples_of(image, other, random, copies=options.copies)
    measures = np.stack([one.measures for one in samples])
    forest = fitted(measures, np.array([one.is_variant for one in samples]))
    saved(forest, options.output)


if __name__ == "__main__":
    main()
