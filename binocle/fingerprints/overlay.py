"""One picture laid upon another by a mapping: both on the grid of the coarser one.

What a mapping of the whole cannot say is taken out afterwards: uneven light, and lenses and waves
that bend a picture.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.greyscale import Grey, scaled
from binocle.types import Float32Array, PixelArray

Mapping = npt.NDArray[np.float64]

SIDE = 128
_LEAST_SIDE = 24
_LEAST_PIXELS = 150
_LIGHT_WINDOW = 1 / 16  # of the longer side
_DARKEST, _LIGHTEST = 10.0, 245.0  # grey levels: beyond them light was cut off
_LEAST_CHANGE = 1.15  # of light from place to place: what has less is even
_UNEVEN_LOG = 0.15
_LOCAL_CONTRAST = 1 / 16  # of the longer side
_SMOOTH_FLOW = 1 / 21
_FARTHEST_FLOW = 0.08
_LEAST_FLOW_SIDE = 40  # pixels
_FLOW_ROUNDS = 2


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


def evenly_lit(overlay: Overlay) -> Overlay | None:
    """Take out of a query what makes its light uneven: a lamp at one side, dark corners.

    The logarithm of its grey levels over those of the stored picture is fitted with a parabola of
    the place; what does not follow it, as words on top, counts little.

    Args:
        overlay: The two.

    Returns:
        The same with the query in even light; None where its light is even already.
    """
    height, width = overlay.covered.shape
    side = max(3, round(max(height, width) * _LIGHT_WINDOW)) | 1
    weight = overlay.covered.astype(np.float32)
    counted = np.maximum(cv2.blur(weight, (side, side)), 1e-3)
    query = np.asarray(cv2.blur(overlay.query * weight, (side, side)) / counted, np.float32)
    stored = np.asarray(cv2.blur(overlay.stored * weight, (side, side)) / counted, np.float32)
    shown = overlay.covered & (np.minimum(query, stored) > _DARKEST)
    shown &= np.maximum(query, stored) < _LIGHTEST
    if shown.sum() < _LEAST_PIXELS:
        return None
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    field = terms @ _robust_fit(terms[shown], np.log((query[shown] + 6) / (stored[shown] + 6)))
    light = np.exp(np.clip(field, -1.5, 1.5)).astype(np.float32)
    inside = light[overlay.covered]
    if inside.max() < _LEAST_CHANGE * inside.min():
        return None
    return replace(
        overlay,
        query=np.clip(overlay.query / light, 0, 255).astype(np.float32),
        query_colours=np.clip(overlay.query_colours / light[..., None], 0, 255).astype(np.float32),
    )


def _robust_fit(
    terms: npt.NDArray[np.float64], values: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the factors by which terms explain values best, without what fits badly."""
    weights = np.ones(len(values))
    factors: npt.NDArray[np.float64] = np.zeros(terms.shape[1])
    for _ in range(4):
        weighted = terms * weights[:, None]
        ridge = 1e-3 * np.eye(terms.shape[1])
        solved = np.linalg.solve(weighted.T @ terms + ridge, weighted.T @ values)
        factors = np.asarray(solved, np.float64)
        weights = 1 / (1 + (np.abs(values - terms @ factors) / _UNEVEN_LOG) ** 2)
    return factors


def straightened(overlay: Overlay) -> Overlay | None:
    """Bend a query back onto the stored picture where a lens or a wave has bent it.

    Dense inverse search finds where each place has gone (Kroeger et al., "Fast optical flow using
    dense inverse search", ECCV 2016; OpenCV's); softened, it cannot make other things alike.

    Args:
        overlay: The two.

    Returns:
        The same with the query bent back; None where it is small, or bent by more than 8 % of a
        side.
    """
    height, width = overlay.covered.shape
    longer = max(height, width)
    if min(height, width) < _LEAST_FLOW_SIDE:
        return None
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    stored = _locally_contrasted(overlay.stored, longer * _LOCAL_CONTRAST)
    bent = np.zeros((height, width, 2), np.float32)
    for _ in range(_FLOW_ROUNDS):
        query = _remapped(overlay.query, bent)
        seen = _locally_contrasted(query, longer * _LOCAL_CONTRAST)
        flow = finder.calc(stored, seen, np.zeros_like(bent))
        bent = bent + cv2.GaussianBlur(flow, (0, 0), longer * _SMOOTH_FLOW)
    if np.percentile(np.abs(bent)[overlay.covered], 95) > _FARTHEST_FLOW * longer:
        return None

    covered = _remapped(overlay.covered.astype(np.uint8), bent, cv2.INTER_NEAREST) > 0
    if covered.sum() < _LEAST_PIXELS:
        return None
    return replace(
        overlay,
        query=_remapped(overlay.query, bent),
        query_colours=_remapped(overlay.query_colours, bent),
        covered=covered,
    )


def _remapped(
    values: Float32Array | npt.NDArray[np.uint8], bent: Float32Array, way: int = cv2.INTER_LINEAR
) -> Float32Array:
    """Return the values found so many pixels to the right of and below each place."""
    height, width = bent.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    there = cv2.remap(
        np.asarray(values), x + bent[..., 0], y + bent[..., 1], way, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(there, np.float32)


def _locally_contrasted(levels: Float32Array, radius: float) -> npt.NDArray[np.uint8]:
    """Return grey levels of which every neighbourhood has the same mean and contrast."""
    soft = cv2.GaussianBlur(levels, (0, 0), 1)
    mean = cv2.GaussianBlur(soft, (0, 0), radius)
    spread = np.sqrt(cv2.GaussianBlur((soft - mean) ** 2, (0, 0), radius) + 20)
    return np.clip(128 + 50 * (soft - mean) / spread, 0, 255).astype(np.uint8)


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
