"""Do two pictures look alike where a mapping lays one upon the other?

Corners that match prove little: a fence is a fence. So the query is laid upon the stored
picture, and the two are compared window by window, by zero-mean normalised cross-correlation,
which ignores brightness and contrast. Plain windows tell nothing and are left out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.likeness.grey import Grey, scaled

Mapping = npt.NDArray[np.float64]

_SIDE = 128
_LEAST_SIDE = 24
_WINDOW = 9
_TEXTURE = 4.0  # grey levels of standard deviation in a window
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two pictures are where they overlap.

    Attributes:
        share: Of the windows with texture in either, how many correlate, 0 to 1.
        textured: How much of the overlap has texture, 0 to 1.
        correlation: Of the median window with texture, -1 to 1: near 1 in copies, whatever was put
            on top of them; lower in photos of one scene taken one after the other.
        overlap: How much of the stored picture is covered, 0 to 1.
    """

    share: float
    textured: float
    correlation: float
    overlap: float


_NONE = Agreement(0.0, 0.0, 0.0, 0.0)


def agreement(query: Grey, stored: Grey, mapping: Mapping) -> Agreement:
    """Compare two pictures under a mapping.

    Args:
        query: ``(h, w)`` uint8.
        stored: ``(H, W)`` uint8.
        mapping: ``(3, 3)`` float64 homography from pixels of the query to pixels of the stored
            picture.
    """
    enlargement = max(_scale_of(mapping, query), 1e-3)
    side = min(_SIDE, max(_LEAST_SIDE, max(stored.shape) / enlargement))
    ratio = min(1.0, side / max(stored.shape))
    base = scaled(stored, ratio)
    shrunk = min(1.0, enlargement * ratio)
    source = scaled(query, shrunk) if shrunk < 1 else query
    steps = (
        _scaling(base.shape[1] / stored.shape[1], base.shape[0] / stored.shape[0])
        @ mapping
        @ _scaling(query.shape[1] / source.shape[1], query.shape[0] / source.shape[0])
    )
    size = (base.shape[1], base.shape[0])
    laid = cv2.warpPerspective(source, steps, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full(source.shape, 255, np.uint8), steps, size) > 250
    overlap = float(mask.mean())
    if mask.sum() < 150:
        return _NONE
    return _compared(laid.astype(np.float32), base.astype(np.float32), mask, overlap)


def _compared(
    laid: npt.NDArray[np.float32],
    base: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    overlap: float,
) -> Agreement:
    weight = mask.astype(np.float32)
    first = np.asarray(cv2.GaussianBlur(laid, (0, 0), 0.8), np.float32)
    second = np.asarray(cv2.GaussianBlur(base, (0, 0), 0.8), np.float32)

    def mean(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(_averaged(values * weight) / covered, np.float32)

    covered = np.maximum(_averaged(weight), np.float32(1e-3))
    mean_first, mean_second = mean(first), mean(second)
    variance_first = np.maximum(mean(first * first) - mean_first**2, 0)
    variance_second = np.maximum(mean(second * second) - mean_second**2, 0)
    covariance = mean(first * second) - mean_first * mean_second
    correlation = covariance / np.sqrt(variance_first * variance_second + 1.0)
    textured = mask & (np.maximum(variance_first, variance_second) > _TEXTURE**2)
    count = int(textured.sum())
    if not count:
        return Agreement(0.0, 0.0, 0.0, overlap)
    found = correlation[textured]
    alike = float((found > _ALIKE).mean())
    return Agreement(alike, count / float(mask.sum()), float(np.median(found)), overlap)


def _averaged(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(values, -1, (_WINDOW, _WINDOW)), np.float32)


def _scale_of(mapping: Mapping, query: Grey) -> float:
    """Return how much the mapping enlarges the query at its middle."""
    height, width = query.shape
    middle = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2],
                       [width / 2, height / 2 + 1]])  # fmt: skip
    there = cv2.perspectiveTransform(middle[np.newaxis], mapping)[0]
    area = np.linalg.det(there[1:] - there[0])
    return float(abs(area) ** 0.5)


def _scaling(across: float, down: float) -> Mapping:
    """Return the mapping of a change of size that keeps the corners of pixels in place."""
    return np.array(
        [[across, 0, 0.5 * across - 0.5], [0, down, 0.5 * down - 0.5], [0, 0, 1]], np.float64
    )
