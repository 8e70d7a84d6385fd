"""A picture's fingerprint as it is stored: a perceptual hash, features as words and codes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import fitted, grey_of
from binocle.fingerprints.local_features import spread_features_of
from binocle.fingerprints.perceptual_hash import perceptual_hash
from binocle.fingerprints.visual_words import word_of
from binocle.types import Fingerprint, Int64Array, PixelArray

STORED_SIDE = 256
STORED_FEATURES = 96
CODE_BYTES = 16  # ORB's tests come in order of merit: half of them find as much as all


@dataclass(frozen=True, slots=True)
class Codes:
    """Features of one or more pictures as an inverted file has them.

    Attributes:
        words: ``(n,)`` int64.
        codes: ``(n, 16)`` uint8.
    """

    words: Int64Array
    codes: npt.NDArray[np.uint8]


def fingerprint_of(pixels: PixelArray) -> Fingerprint:
    """Return what makes a picture known again.

    Args:
        pixels: ``(height, width, 3)`` uint8 RGB, upright; about 256 x 256 is enough.
    """
    grey = fitted(grey_of(pixels), STORED_SIDE)
    descriptors = spread_features_of(grey, STORED_FEATURES).descriptors
    words = word_of(descriptors).astype("<u2") if len(descriptors) else np.empty(0, "<u2")
    codes = np.ascontiguousarray(descriptors[:, :CODE_BYTES])
    return Fingerprint(perceptual_hash(grey).tobytes(), words.tobytes() + codes.tobytes())


def unpacked(features: bytes) -> Codes:
    """Return the features of a stored fingerprint."""
    count = len(features) // (2 + CODE_BYTES)
    words = np.frombuffer(features, "<u2", count).astype(np.int64)
    codes = np.frombuffer(features, np.uint8, offset=2 * count).reshape(count, CODE_BYTES)
    return Codes(words, codes)
