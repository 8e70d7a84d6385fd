"""Local features: corners with binary descriptors that survive cutting, turning and scaling.

Source: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011; OpenCV's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.likeness.grey import Grey

DESCRIPTOR_BYTES = 32
_PATCH = 31
_EDGE = 16  # less than the patch: pictures are small, and their borders hold corners too
_FAST_THRESHOLD = 7
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Features:
    """The corners of a picture.

    Attributes:
        points: ``(n, 2)`` float32, x and y in pixels.
        descriptors: ``(n, 32)`` uint8, 256 bits each.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.uint8]


_NO_FEATURES = Features(np.empty((0, 2), np.float32), np.empty((0, DESCRIPTOR_BYTES), np.uint8))


def features_of(grey: Grey, count: int, *, spread: bool = False) -> Features:
    """Return the strongest corners over eight scales, each 1.2 times the one before.

    Args:
        grey: ``(height, width)`` uint8.
        count: At most so many.
        spread: Take as many from each of 4 x 4 fields as there are, so that a crop shows some,
            even where the strongest are elsewhere.
    """
    if min(grey.shape) <= 2 * _EDGE:
        return _NO_FEATURES
    detector = cv2.ORB.create(
        nfeatures=4 * count if spread else count,
        edgeThreshold=_EDGE,
        patchSize=_PATCH,
        fastThreshold=_FAST_THRESHOLD,
    )
    keypoints = detector.detect(grey, None)
    if spread and len(keypoints) > count:
        keypoints = _spread(keypoints, grey, count)
    keypoints, descriptors = detector.compute(grey, keypoints)
    if not len(keypoints):
        return _NO_FEATURES
    points = np.asarray(cv2.KeyPoint.convert(keypoints), np.float32).reshape(-1, 2)
    return Features(points, np.asarray(descriptors, np.uint8))


def _spread(keypoints: Sequence[cv2.KeyPoint], grey: Grey, count: int) -> list[cv2.KeyPoint]:
    """Return the strongest of each field in turn: first the best of all fields, then the next."""
    height, width = grey.shape
    taken: Counter[tuple[int, int]] = Counter()
    ranked: list[tuple[int, int, cv2.KeyPoint]] = []
    for one in sorted(keypoints, key=lambda one: -one.response):
        field = int(one.pt[0] * _FIELDS / width), int(one.pt[1] * _FIELDS / height)
        ranked.append((taken[field], len(ranked), one))
        taken[field] += 1
    return [one for _, _, one in sorted(ranked, key=lambda entry: entry[:2])[:count]]
