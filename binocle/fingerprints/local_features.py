"""Local features: corners with binary descriptors that survive cutting, turning and scaling.

Source: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011; OpenCV's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import Grey

DESCRIPTOR_BYTES = 32
_PATCH = 31
_EDGE = 16  # less than the patch: pictures are small, and their borders hold corners too
_FAST_THRESHOLD = 7
_CLEAR_FAST_THRESHOLD = 20
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class LocalFeatures:
    """The corners of a picture.

    Attributes:
        points: ``(n, 2)`` float32, x and y in pixels.
        descriptors: ``(n, 32)`` uint8, 256 bits each.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.uint8]


_NO_FEATURES = LocalFeatures(
    np.empty((0, 2), np.float32), np.empty((0, DESCRIPTOR_BYTES), np.uint8)
)


def features_of(grey: Grey, count: int) -> LocalFeatures:
    """Return the strongest corners over eight scales, each 1.2 times the one before.

    Args:
        grey: ``(height, width)`` uint8.
        count: At most so many.
    """
    if min(grey.shape) <= 2 * _EDGE:
        return _NO_FEATURES
    detector = _detector(count, _FAST_THRESHOLD)
    return _described(detector, grey, detector.detect(grey, None))


def spread_features_of(grey: Grey, count: int) -> LocalFeatures:
    """Return corners from all over a picture, for storing: so that a crop shows some.

    Of each of 4 x 4 fields as many are taken as there are, even where the strongest are
    elsewhere. Six scales, each 1.3 times the one before, and first only clear corners, find as
    much as the eight scales of a query, in less time.

    Args:
        grey: ``(height, width)`` uint8.
        count: At most so many.
    """
    if min(grey.shape) <= 2 * _EDGE:
        return _NO_FEATURES
    detector = _detector(4 * count, _CLEAR_FAST_THRESHOLD, scales=6, step=1.3)
    keypoints = detector.detect(grey, None)
    if len(keypoints) < 2 * count:
        detector.setFastThreshold(_FAST_THRESHOLD)
        keypoints = detector.detect(grey, None)
    if len(keypoints) > count:
        keypoints = _spread(keypoints, grey, count)
    return _described(detector, grey, keypoints)


def _detector(count: int, threshold: int, scales: int = 8, step: float = 1.2) -> cv2.ORB:
    return cv2.ORB.create(
        nfeatures=count,
        scaleFactor=step,
        nlevels=scales,
        edgeThreshold=_EDGE,
        patchSize=_PATCH,
        fastThreshold=threshold,
    )


def _described(detector: cv2.ORB, grey: Grey, keypoints: Sequence[cv2.KeyPoint]) -> LocalFeatures:
    keypoints, descriptors = detector.compute(grey, keypoints)
    if not len(keypoints):
        return _NO_FEATURES
    points = np.asarray(cv2.KeyPoint.convert(keypoints), np.float32).reshape(-1, 2)
    return LocalFeatures(points, np.asarray(descriptors, np.uint8))


def _spread(keypoints: Sequence[cv2.KeyPoint], grey: Grey, count: int) -> list[cv2.KeyPoint]:
    """Return the strongest of each field in turn: first the best of all fields, then the next."""
    height, width = grey.shape
    points = np.asarray(cv2.KeyPoint.convert(keypoints), np.float32).reshape(-1, 2)
    strongest = np.argsort([-one.response for one in keypoints], kind="stable")
    cells = (points[strongest] * (_FIELDS / width, _FIELDS / height)).astype(np.int64)
    fields = cells[:, 0] * _FIELDS + cells[:, 1]
    by_field = np.argsort(fields, kind="stable")
    places = np.arange(len(fields))
    rank = np.empty(len(fields), np.int64)
    rank[by_field] = places - np.searchsorted(fields[by_field], fields[by_field])
    chosen = strongest[np.lexsort((places, rank))[:count]]
    return [keypoints[one] for one in chosen.tolist()]
