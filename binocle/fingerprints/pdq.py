"""PDQ, the hash of pictures that lists are shared in.

Source: Meta, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019, and
the reference implementation in ThreatExchange, with which this agrees bit for bit on the same
pixels. A picture's luma is blurred by two tent filters, 64 x 64 samples are taken of it, and of
their 16 x 16 lowest frequencies each bit tells whether one exceeds the median. The quality tells
how much there is to see: hashes of plain pictures are near those of any other.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.fingerprint import VARIANTS
from binocle.types import ImageSpec, PixelArray

HASHED_SIDE = 1024  # larger pictures are scaled down first, as the reference does with files
LEAST_QUALITY = 50  # hashes of less are not to be matched
MATCHING_BITS = 31  # of 256: what differs in more is not a match
_SIDE, _LOW, _LEAST_SIDE = 64, 16, 5
_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
_EDGES_OF_FULL_QUALITY = 90


@dataclass(frozen=True, slots=True)
class PdqHash:
    """A picture's hash.

    Attributes:
        bits: ``(32,)`` uint8, in the order in which they are written in hexadecimal.
        quality: 0 to 100; below ``LEAST_QUALITY`` the picture is too plain to be told from others.
        forms: ``(8, 32)`` uint8: the hashes of its turned and mirrored forms, as ``VARIANTS``.
    """

    bits: npt.NDArray[np.uint8]
    quality: int
    forms: npt.NDArray[np.uint8]

    @property
    def text(self) -> str:
        """Return it as lists have it, 64 digits."""
        return self.bits.tobytes().hex()


def hashed_spec(size: tuple[int, int]) -> ImageSpec:
    """Return the pixels that are hashed of a picture of a width and height."""
    return ImageSpec(min(size[0], HASHED_SIDE), min(size[1], HASHED_SIDE), "squash")


def pdq_of(pixels: PixelArray) -> PdqHash:
    """Hash a picture.

    Args:
        pixels: ``(height, width, 3)`` uint8 RGB, upright. Of fewer than 5 pixels across or down the
            hash is 0, and so is its quality.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        nothing = np.zeros((len(VARIANTS), 32), np.uint8)
        return PdqHash(nothing[0], 0, nothing)
    luma = np.asarray(cv2.transform(pixels.astype(np.float32), _LUMA), np.float32)
    if (height, width) != (_SIDE, _SIDE):
        luma = _blurred(_blurred(luma))
    rows, columns = (((np.arange(_SIDE) + 0.5) * side / _SIDE).astype(int) for side in luma.shape)
    small = luma[np.ix_(rows, columns)]
    basis = _basis()
    low = np.asarray(basis @ small @ basis.T, np.float32)
    turned = [_turned(low, turns, mirrored=mirrored) for turns, mirrored in VARIANTS]
    forms = np.stack([_packed(one) for one in turned])
    return PdqHash(forms[0], _quality(small), forms)


def _blurred(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Average over a box that is cut off at the edges, a hundred-and-twenty-eighth of a side."""
    across, down = (-(-side // (2 * _SIDE)) for side in luma.shape[::-1])
    before = [window - (window + 2) // 2 for window in (across, down)]
    anchor = before[0], before[1]

    def summed(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        box = cv2.boxFilter(
            levels, cv2.CV_32F, (across, down), None, anchor, normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )  # fmt: skip
        return np.asarray(box, np.float32)

    return summed(luma) / summed(np.ones_like(luma))


def _turned(low: npt.NDArray[np.float32], turns: int, *, mirrored: bool) -> npt.NDArray[np.float32]:
    """Return the frequencies of a picture mirrored left to right, then turned against the clock."""
    signs = np.where(np.arange(1, _LOW + 1) % 2, -1, 1).astype(np.float32)  # odd ones turn over
    turned = low * signs if mirrored else low
    for _ in range(turns):  # transposed, then upside down
        turned = turned.T * signs[:, np.newaxis]
    return turned


def _packed(low: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the bits of frequencies, the last one first."""
    levels = low.ravel()
    median = np.partition(levels, levels.size // 2 - 1)[levels.size // 2 - 1]  # the lower of two
    return np.packbits((levels > median)[::-1])


def _quality(small: npt.NDArray[np.float32]) -> int:
    """Return how much the samples differ from those beside them, 0 to 100."""
    steps = (np.abs(np.trunc(np.diff(small, axis=axis) * 100 / 255)).sum() for axis in (0, 1))
    return min(100, int(sum(steps) / _EDGES_OF_FULL_QUALITY))


@cache
def _basis() -> npt.NDArray[np.float32]:
    """Return ``(16, 64)``: the cosines of frequencies 1 to 16 (DCT-II), orthonormal."""
    places = (2 * np.arange(_SIDE) + 1) * np.pi / (2 * _SIDE)
    cosines = np.cos(np.arange(1, _LOW + 1)[:, np.newaxis] * places)
    return np.asarray(np.sqrt(2 / _SIDE) * cosines, np.float32)
