"""Fingerprints of pictures that are not there, each from its number."""

import numpy as np
import numpy.typing as npt

from binocle.fingerprints.local_features import word_of
from binocle.types import Fingerprint


def descriptors_of(seed: int, count: int = 40) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def fingerprint_of(seed: int) -> Fingerprint:
    """Return the likeness of a picture with its own hash and corners."""
    descriptors = descriptors_of(seed)
    words = word_of(descriptors).astype("<u2").tobytes()
    codes = np.ascontiguousarray(descriptors[:, :16]).tobytes()
    return Fingerprint(descriptors_of(-seed - 1 + 2**31, 1).tobytes(), words + codes)


def turned(
    random: np.random.Generator, values: npt.NDArray[np.uint8], most: int
) -> npt.NDArray[np.uint8]:
    """Return rows of bytes with up to so many bits turned in each."""
    bits = np.unpackbits(values, axis=1)
    for row in bits:
        row[random.choice(len(row), int(random.integers(0, most + 1)), replace=False)] ^= 1
    return np.packbits(bits, axis=1)
