"""One picture laid upon another by a mapping: both on the grid of the coarser one."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import Grey, scaled
from binocle.types import Float32Array, PixelArray

Mapping = npt.NDArray[np.float64]

SIDE = 128
_LEAST_SIDE = 24
_LEAST_PIXELS = 150


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Two pictures on the grid of the stored one.

    Attributes:
        query: ``(h, w)`` float32 grey levels of the query where the mapping puts it.
        stored: ``(h, w)`` float32 grey levels of the stored picture.
        query_colours: ``(h, w, 3)`` float32 RGB, 0 to 255.
        stored_colours: The same.
        covered: ``(h, w)`` bool, where the query is.
    """

    query: Float32Array
    stored: Float32Array
    query_colours: Float32Array
    stored_colours: Float32Array
    covered: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        """How much of the stored picture is covered, 0 to 1."""
        return float(self.covered.mean())


def overlaid(
    query: tuple[Grey, PixelArray],
    stored: tuple[Grey, PixelArray],
    mapping: Mapping,
    most_side: int = SIDE,
) -> Overlay | None:
    """Lay a query upon a stored picture; None where hardly anything is covered.

    Args:
        query: ``(h, w)`` uint8 grey, and ``(h', w', 3)`` uint8 RGB of the same picture.
        stored: The same of the stored picture.
        mapping: ``(3, 3)`` float64 homography from pixels of the query's grey to those of the
            stored picture's.
        most_side: Pixels of the longer side of the grid, at most.
    """
    grey, own = query[0], stored[0]
    enlargement = max(_scale_of(mapping, grey), 1e-3)
    side = min(most_side, max(_LEAST_SIDE, max(own.shape) / enlargement))
    base = scaled(own, min(1.0, side / max(own.shape)))
    size = (base.shape[1], base.shape[0])
    to_grid = _resizing(own.shape, base.shape) @ mapping
    laid, covered = _laid(grey, to_grid, size)
    if covered.sum() < _LEAST_PIXELS:
        return None
    colours, _ = _laid(query[1], to_grid @ _resizing(query[1].shape, grey.shape), size)
    way = cv2.INTER_AREA if size[0] < stored[1].shape[1] else cv2.INTER_LINEAR
    others = cv2.resize(stored[1], size, interpolation=way)
    return Overlay(
        laid.astype(np.float32),
        base.astype(np.float32),
        colours.astype(np.float32),
        others.astype(np.float32),
        covered,
    )


def _laid(
    pixels: npt.NDArray[np.uint8], mapping: Mapping, size: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return a picture by a mapping, and where it is; averaged first where it shrinks."""
    shrunk = _scale_of(mapping, pixels)
    if shrunk < 1:
        height, width = pixels.shape[:2]
        smaller = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
        source = np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), np.uint8)
        mapping = mapping @ _resizing(source.shape, pixels.shape)
        pixels = source
    laid = np.asarray(cv2.warpPerspective(pixels, mapping, size, flags=cv2.INTER_LINEAR), np.uint8)
    full = np.full(pixels.shape[:2], 255, np.uint8)
    return laid, np.asarray(cv2.warpPerspective(full, mapping, size) > 250, np.bool_)


def _scale_of(mapping: Mapping, pixels: npt.NDArray[np.uint8]) -> float:
    """Return how much the mapping enlarges a picture at its middle."""
    height, width = pixels.shape[:2]
    middle = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2],
                       [width / 2, height / 2 + 1]])  # fmt: skip
    there = cv2.perspectiveTransform(middle[np.newaxis], mapping)[0]
    area = np.linalg.det(there[1:] - there[0])
    return float(abs(area) ** 0.5)


def _resizing(before: tuple[int, ...], after: tuple[int, ...]) -> Mapping:
    """Return the mapping of a change of shape that keeps the corners of pixels in place."""
    across, down = after[1] / before[1], after[0] / before[0]
    return np.array(
        [[across, 0, 0.5 * across - 0.5], [0, down, 0.5 * down - 0.5], [0, 0, 1]], np.float64
    )
