"""A picture's fingerprint as it is stored: a perceptual hash, features as words and codes.

The hash has 256 bits: the signs of the low frequencies about their median. Source: PDQ (Meta, "The
TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019): a 64 x 64 luma
picture, the 16 x 16 lowest frequencies of its cosine transform without the constant ones, each bit
telling whether a coefficient exceeds the median. Not bit-compatible with PDQ, whose blur differs.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import Grey, grey_of
from binocle.fingerprints.local_features import spread_features_of, word_of
from binocle.types import Fingerprint, Int64Array, PixelArray

STORED_SIDE = 256
STORED_FEATURES = 96
CODE_BYTES = 16  # ORB's tests come in order of merit: half of them find as much as all
HASH_BYTES = 32
# The dihedral group: quarter turns against the clock, then the same of the mirrored picture.
VARIANTS = tuple((turns, mirrored) for mirrored in (False, True) for turns in range(4))
_SIDE, _LOW = 64, 16
_MIDDLE = (_LOW * _LOW // 2 - 1, _LOW * _LOW // 2)


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
    grey = grey_of(pixels, STORED_SIDE)
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


def perceptual_hash(grey: Grey) -> npt.NDArray[np.uint8]:
    """Hash a picture.

    Args:
        grey: ``(height, width)`` uint8, of any size.

    Returns:
        ``(32,)`` uint8, 256 bits. Copies differ in few bits (0 to about 60), unrelated pictures in
        about 128.
    """
    return _hash(_reduced(grey))


def variant_hashes(grey: Grey) -> npt.NDArray[np.uint8]:
    """Hash a picture in its eight turned and mirrored forms.

    Args:
        grey: ``(height, width)`` uint8.

    Returns:
        ``(8, 32)`` uint8 in the order of ``VARIANTS``: of the picture mirrored left to right or
        not, then turned so many quarters against the clock.
    """
    small = _reduced(grey)
    return np.stack(
        [
            _hash(np.rot90(small[:, ::-1] if mirrored else small, turns))
            for turns, mirrored in VARIANTS
        ]
    )


def turned_hashes(hashes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the hashes of turned and mirrored pictures, from the hashes of the upright ones.

    Mirroring turns the sign of odd frequencies, and the median is near 0, so their bits are
    inverted; a quarter turn also transposes. A few bits differ from ``variant_hashes``.

    Args:
        hashes: ``(n, 32)`` uint8.

    Returns:
        ``(n, 8, 32)`` uint8 in the order of ``VARIANTS``.
    """
    bits = np.unpackbits(hashes, axis=1).reshape(-1, _LOW, _LOW).astype(np.bool_)
    odd = np.arange(1, _LOW + 1) % 2 == 1  # row and column i hold frequency i + 1
    forms = []
    for turns, mirrored in VARIANTS:
        form = bits ^ odd if mirrored else bits
        for _ in range(turns):  # a quarter turn against the clock: transpose, then upside down
            form = form.transpose(0, 2, 1) ^ odd[:, np.newaxis]
        forms.append(np.packbits(form.reshape(len(bits), -1), axis=1))
    return np.stack(forms, axis=1)


def distances(
    hashes: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """Return in how many bits hashes differ, ``(n, m)`` for ``(n, 32)`` and ``(m, 32)`` uint8."""
    left = np.ascontiguousarray(hashes).view(np.uint64)[:, np.newaxis]
    right = np.ascontiguousarray(others).view(np.uint64)[np.newaxis]
    counted: npt.NDArray[np.int64] = np.bitwise_count(left ^ right).sum(axis=2, dtype=np.int64)
    return counted


def _reduced(grey: Grey) -> npt.NDArray[np.float32]:
    way = cv2.INTER_AREA if min(grey.shape) >= _SIDE else cv2.INTER_LINEAR
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=way)
    return small.astype(np.float32)


def _hash(small: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    basis = _basis()
    low = (basis @ small @ basis.T).ravel()
    below, above = np.partition(low, _MIDDLE)[list(_MIDDLE)]
    return np.packbits(low > (below + above) / np.float32(2))  # the median, in a fifth of its time


@cache
def _basis() -> npt.NDArray[np.float32]:
    """Return ``(16, 64)``: the cosines of frequencies 1 to 16 (DCT-II)."""
    places = (2 * np.arange(_SIDE) + 1) * np.pi / (2 * _SIDE)
    return np.cos(np.arange(1, _LOW + 1)[:, np.newaxis] * places).astype(np.float32)
