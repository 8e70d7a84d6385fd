"""Local features: corners with binary descriptors that survive cutting, turning and scaling.

Source: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011; OpenCV's.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.likeness.grey import Grey

DESCRIPTOR_BYTES = 32
_PATCH = 31
_EDGE = 16  # less than the patch: pictures are small, and their borders hold corners too
_FAST_THRESHOLD = 7


@dataclass(frozen=True, slots=True)
class Features:
    """The corners of a picture.

    Attributes:
        points: ``(n, 2)`` float32, x and y in pixels.
        descriptors: ``(n, 32)`` uint8, 256 bits each.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.uint8]


def features_of(grey: Grey, count: int) -> Features:
    """Return the strongest corners over eight scales, each 1.2 times the one before.

    Args:
        grey: ``(height, width)`` uint8.
        count: At most so many.
    """
    if min(grey.shape) <= 2 * _EDGE:
        return Features(np.empty((0, 2), np.float32), np.empty((0, DESCRIPTOR_BYTES), np.uint8))
    detector = cv2.ORB.create(
        nfeatures=count, edgeThreshold=_EDGE, patchSize=_PATCH, fastThreshold=_FAST_THRESHOLD
    )
    keypoints, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        descriptors = np.empty((0, DESCRIPTOR_BYTES), np.uint8)
    points = cv2.KeyPoint.convert(keypoints) if keypoints else np.empty((0, 2))
    return Features(
        np.asarray(points, np.float32).reshape(-1, 2), np.asarray(descriptors, np.uint8)
    )
