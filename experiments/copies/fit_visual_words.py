"""Makes the tree of visual words.

    python -m experiments.copies.fit_visual_words FOLDER words.npz

The one in ``binocle/fingerprints`` came from 200,000 descriptors of 6,000 photographs.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from binocle.fingerprints.fingerprint import STORED_FEATURES, STORED_SIDE
from binocle.fingerprints.greyscale import grey_of
from binocle.fingerprints.local_features import BRANCHES, features_of
from binocle.media.images import SUFFIXES

_ROUNDS = 10

Descriptors = npt.NDArray[np.uint8]


def grown_tree(descriptors: Descriptors, seed: int = 0) -> tuple[Descriptors, Descriptors]:
    """Return ``(64, 32)`` roots and ``(64, 64, 32)`` leaves for ``(n, 32)`` uint8 descriptors."""
    random = np.random.default_rng(seed)
    roots = _centroids(descriptors, random)
    branch = _nearest(descriptors, roots)
    leaves = [_centroids(descriptors[branch == one], random) for one in range(BRANCHES)]
    return roots, np.stack(leaves)


def _centroids(descriptors: Descriptors, random: np.random.Generator) -> Descriptors:
    """Return 64 centres by k-majority: Lloyd's rounds with the majority of each bit."""
    picks = random.choice(len(descriptors), BRANCHES, replace=len(descriptors) < BRANCHES)
    centres = descriptors[picks]
    bits = np.unpackbits(descriptors, axis=1)
    for _ in range(_ROUNDS):
        nearest = _nearest(descriptors, centres)
        for one in range(BRANCHES):
            own = bits[nearest == one]
            if len(own):
                centres[one] = np.packbits(own.mean(axis=0) > 0.5)
    return centres


def _nearest(descriptors: Descriptors, centres: Descriptors) -> npt.NDArray[np.int64]:
    codes = np.ascontiguousarray(descriptors).view(np.uint64)
    others = np.ascontiguousarray(centres).view(np.uint64)
    apart = np.stack(
        [np.bitwise_count(codes ^ one).sum(axis=1, dtype=np.int64) for one in others], axis=1
    )
    return np.asarray(apart.argmin(axis=1), np.int64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read pictures and write the tree."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.copies.fit_visual_words", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--sample", type=int, default=200_000)
    options = parser.parse_args(arguments)
    found = []
    for path in sorted(options.folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            grey = grey_of(np.asarray(image), STORED_SIDE)
            found.append(features_of(grey, STORED_FEATURES).descriptors)
    descriptors = np.concatenate(found)
    picks = np.random.default_rng(0).permutation(len(descriptors))[: options.sample]
    roots, leaves = grown_tree(descriptors[picks])
    np.savez(options.output, roots=roots, leaves=leaves)


if __name__ == "__main__":
    main()
