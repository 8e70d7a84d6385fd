"""From matched corners to a mapping between two pictures, and what a mapping means."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.local_features import DESCRIPTOR_BYTES, LocalFeatures
from binocle.fingerprints.overlay import Mapping

_RATIO = 0.85  # a match is kept when the second best is farther by this (Lowe, IJCV 2004)
_FARTHEST = 80  # bits of 256
_REPROJECTION_PIXELS = 4.0
_LEAST_INLIERS = 6
_FOR_HOMOGRAPHY = 12
_MAX_SCALE = 12.0
_MAX_STRETCH = 2.5


@dataclass(frozen=True, slots=True)
class Fit:
    """A mapping that matched corners agree on.

    Attributes:
        mapping: ``(3, 3)`` float64 homography, pixels to pixels.
        inliers: How many matches follow it.
        points: ``(inliers, 2)`` float32, where in the query these are, in pixels.
    """

    mapping: Mapping
    inliers: int
    points: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Turn:
    """How a mapping turns and stretches a picture about its middle.

    Attributes:
        mirrored: Whether it swaps left and right.
        angle: Degrees the query must be turned clockwise, after mirroring, -180 to 180.
        stretch: Longer over shorter axis of what becomes of a circle.
        scale: Square root of what becomes of a unit area.
    """

    mirrored: bool
    angle: float
    stretch: float
    scale: float


def fits(query: LocalFeatures, stored: LocalFeatures) -> list[Fit]:
    """Return mappings from the query to the stored picture, an affine one and a homography.

    Empty where too few corners match in a consistent way.
    """
    pairs = matches(query, stored)
    if len(pairs) < _LEAST_INLIERS:
        return []
    sources, targets = query.points[pairs[:, 0]], stored.points[pairs[:, 1]]
    cv2.setRNGSeed(0)  # the same pictures get the same answer
    affine, inside = cv2.estimateAffine2D(
        sources, targets, method=cv2.USAC_MAGSAC, maxIters=3000, confidence=0.999,
        ransacReprojThreshold=_REPROJECTION_PIXELS,
    )  # fmt: skip
    found = []
    if affine is not None and inside is not None:
        found.append(_fit(np.vstack([affine, [0, 0, 1]]), inside, sources))
    if len(pairs) >= _FOR_HOMOGRAPHY:
        homography, inside = cv2.findHomography(
            sources, targets, method=cv2.USAC_MAGSAC, maxIters=3000, confidence=0.999,
            ransacReprojThreshold=_REPROJECTION_PIXELS,
        )  # fmt: skip
        if homography is not None and inside is not None:
            found.append(_fit(np.asarray(homography, np.float64), inside, sources))
    return [one for one in found if one.inliers >= _LEAST_INLIERS]


def _fit(
    mapping: Mapping, inside: npt.NDArray[np.generic], sources: npt.NDArray[np.float32]
) -> Fit:
    is_inside = inside.ravel().astype(np.bool_)
    return Fit(mapping, int(is_inside.sum()), sources[is_inside])


def matches(query: LocalFeatures, stored: LocalFeatures) -> npt.NDArray[np.int64]:
    """Return ``(n, 2)`` indices of matching features, each of the stored ones once."""
    if len(query.points) < 2 or len(stored.points) < 2:
        return np.empty((0, 2), np.int64)
    import faiss  # only where pictures are compared; five times as fast as OpenCV's matcher

    index = faiss.IndexBinaryFlat(8 * DESCRIPTOR_BYTES)
    index.add(stored.descriptors)
    distances, places = index.search(query.descriptors, 2)
    nearest, second = distances.T
    best: dict[int, int] = {}
    for source in np.flatnonzero((nearest <= _FARTHEST) & (nearest < _RATIO * second)).tolist():
        target = int(places[source, 0])
        known = best.get(target)
        if known is None or nearest[source] < nearest[known]:
            best[target] = source
    pairs = [(source, target) for target, source in best.items()]
    return np.array(pairs, np.int64).reshape(-1, 2)


def turn_of(mapping: Mapping, size: tuple[int, int]) -> Turn:
    """Return how a mapping turns a picture.

    Args:
        mapping: From the picture's pixels.
        size: Its width and height.
    """
    x, y = size[0] / 2, size[1] / 2
    spot = cv2.perspectiveTransform(np.array([[[x, y], [x + 1, y], [x, y + 1]]]), mapping)[0]
    local = np.stack([spot[1] - spot[0], spot[2] - spot[0]], axis=1)
    area = float(np.linalg.det(local))
    if area < 0:
        local = local @ np.diag([-1.0, 1.0])
    left, sizes, right = np.linalg.svd(local)
    turn = left @ right
    angle = float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))
    stretch = float(sizes[0] / max(sizes[1], 1e-9))
    return Turn(area < 0, angle, stretch, abs(area) ** 0.5)


def is_sound(mapping: Mapping, size: tuple[int, int]) -> bool:
    """Tell whether a mapping is one that cameras and people make: no fold, no needle."""
    if not np.isfinite(mapping).all():
        return False
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    depths = (corners @ mapping.T)[:, 2]
    if (depths <= 0).any() or depths.max() > 3 * depths.min():
        return False
    turn = turn_of(mapping, size)
    return turn.stretch <= _MAX_STRETCH and 1 / _MAX_SCALE <= turn.scale <= _MAX_SCALE
