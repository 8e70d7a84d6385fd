"""Local features: corners with binary descriptors that survive cutting, turning and scaling.

Source: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011; OpenCV's.

Visual words are 4,096 typical descriptors in a tree of 64 times 64, for an inverted file. The tree
is a file of the package; ``experiments.copies.fit_visual_words`` makes it from any pictures. What
is stored refers to it, so a new one needs new file and format numbers.

Source: Nister and Stewenius, "Scalable recognition with a vocabulary tree", CVPR 2006, with
binary centroids; Jegou et al., "Hamming embedding", ECCV 2008, for codes beside words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import Grey
from binocle.types import Int64Array

DESCRIPTOR_BYTES = 32
_PATCH = 31
_EDGE = 16  # less than the patch: pictures are small, and their borders hold corners too
_FAST_THRESHOLD = 7
_CLEAR_FAST_THRESHOLD = 20
_FIELDS = 4
BRANCHES = 64
WORDS = BRANCHES * BRANCHES
_FILE = Path(__file__).parent / "fitted" / "words.npz"
_TRIED_BRANCHES = 3


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


def word_of(descriptors: npt.NDArray[np.uint8]) -> Int64Array:
    """Return the word of each descriptor, ``(n,)`` int64 below ``WORDS``, for ``(n, 32)`` uint8."""
    roots, leaves = _tree()
    codes = _as_numbers(descriptors)
    branch = _differing_bits(codes[:, np.newaxis], roots).argmin(axis=1)
    leaf = _differing_bits(codes[:, np.newaxis], leaves[branch]).argmin(axis=1)
    word: Int64Array = (branch * BRANCHES + leaf).astype(np.int64)
    return word


def nearest_words(descriptors: npt.NDArray[np.uint8], count: int) -> Int64Array:
    """Return words near each descriptor, ``(n, count)`` int64, in no order; count is below 192."""
    roots, leaves = _tree()
    codes = _as_numbers(descriptors)
    to_roots = _differing_bits(codes[:, np.newaxis], roots)
    branches = np.argpartition(to_roots, _TRIED_BRANCHES - 1, axis=1)[:, :_TRIED_BRANCHES]
    to_leaves = _differing_bits(codes[:, np.newaxis, np.newaxis], leaves[branches])
    flat = to_leaves.reshape(len(codes), -1)
    places = np.argpartition(flat, count - 1, axis=1)[:, :count]
    branch = np.take_along_axis(branches, places // BRANCHES, axis=1)
    words: Int64Array = (branch * BRANCHES + places % BRANCHES).astype(np.int64)
    return words


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


def _as_numbers(descriptors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(descriptors).view(np.uint64)


def _differing_bits(
    codes: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint16]:
    """Return in how many bits ``(..., 4)`` numbers differ; the shapes are broadcast."""
    shape = np.broadcast_shapes(codes.shape, others.shape)[:-1]
    differing = np.zeros(shape, np.uint16)
    for place in range(codes.shape[-1]):  # one sum over so short an axis takes three times as long
        differing += np.bitwise_count(codes[..., place] ^ others[..., place])
    return differing


@cache
def _tree() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return ``(64, 4)`` roots and ``(64, 64, 4)`` leaves, 256 bits each."""
    with np.load(_FILE) as stored:
        return _as_numbers(stored["roots"]), _as_numbers(stored["leaves"])
