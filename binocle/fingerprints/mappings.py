"""Where a query may show a stored picture: mappings and boxes, each to be measured."""

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.fingerprint import VARIANTS
from binocle.fingerprints.overlay import Mapping
from binocle.fingerprints.picture_view import Box, PictureView

_LARGEST_TILE = 0.6  # of the query
_SMALLEST_TILE = 40  # pixels
_GRIDS = (2, 3)  # cells across and down
_BESIDE = 0.03  # of a cell, by which a corner may lie in the next one
_FAR_OFF, _WIDENED = 2, 0.04  # per cent of the corners; of a side


def swap_of(query: PictureView) -> Mapping:
    """Return the mapping that swaps left and right."""
    return np.array([[-1.0, 0, query.size[0] - 1], [0, 1, 0], [0, 0, 1]])


def tiles_around(points: npt.NDArray[np.float32], size: tuple[int, int]) -> list[Box]:
    """Return boxes around most of some points: their own, and the cells of grids that have it."""
    low, high = np.percentile(points, (_FAR_OFF, 100 - _FAR_OFF), axis=0)
    margin = _WIDENED * (high - low)
    own = np.concatenate([np.maximum(low - margin, 0), np.minimum(high + margin + 1, size)])
    boxes = [own]
    for cells in _GRIDS:
        cell = np.array(size) / cells
        place = np.floor((low + high) / 2 / cell)
        box = np.concatenate([place * cell, (place + 1) * cell])
        if (low >= box[:2] - _BESIDE * cell).all() and (high <= box[2:] + _BESIDE * cell).all():
            boxes.append(box)
    whole = [tuple(int(one) for one in np.rint(box)) for box in boxes]
    return [
        (left, top, right, bottom)
        for left, top, right, bottom in whole
        if min(right - left, bottom - top) >= _SMALLEST_TILE
        and (right - left) * (bottom - top) <= _LARGEST_TILE * size[0] * size[1]
    ]


def whole_mappings(
    query: PictureView, stored: PictureView, variant: int, tile: Box | None = None
) -> list[tuple[Mapping, int]]:
    """Return mappings of all to all, without corners: as for ``verify_whole``."""
    turns, mirrored = VARIANTS[variant]
    whole, own = (0, 0, *query.size), (0, 0, *stored.size)
    boxes = dict.fromkeys([(whole, own), (query.inner, own), (whole, stored.inner)])
    if tile is not None:
        boxes = {(tile, own): None}
    return [(_stretched(box, target, turns, mirrored=mirrored), 0) for box, target in boxes]


def _stretched(box: Box, target: Box, turns: int, *, mirrored: bool) -> Mapping:
    """Return the affine mapping of one box to another, mirrored, then turned by quarters."""
    left, top, right, bottom = (float(one) for one in box)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if mirrored:
        corners = corners[[1, 0, 3, 2]]
    corners = np.roll(corners, -turns, axis=0)  # against the clock, the right top comes to the left
    left, top, right, bottom = (float(one) for one in target)
    goal = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    half = 0.5  # boxes count edges of pixels, mappings their middles
    matrix = cv2.getAffineTransform(
        (corners[:3] - half).astype(np.float32), (goal[:3] - half).astype(np.float32)
    )
    return np.vstack([matrix, [0, 0, 1]])


def fractions_of(size: tuple[int, int]) -> Mapping:
    """Return the mapping of pixels to fractions of a picture."""
    return np.array([[1 / size[0], 0, 0.5 / size[0]], [0, 1 / size[1], 0.5 / size[1]], [0, 0, 1]])


def covered_of(mapping: Mapping, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return ``(height, width)`` bool: which pixels of a query come to lie on the stored picture.

    Args:
        mapping: From fractions to fractions.
        size: Width and height of the query in pixels.
    """
    across = (np.arange(size[0]) + 0.5) / size[0]
    down = (np.arange(size[1]) + 0.5) / size[1]
    grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(1, -1, 2)
    there = cv2.perspectiveTransform(grid, mapping)[0]
    inside: npt.NDArray[np.bool_] = ((there > -0.02) & (there < 1.02)).all(axis=1)
    return inside.reshape(size[1], size[0])
