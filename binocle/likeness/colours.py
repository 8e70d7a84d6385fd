"""Do two pictures have the same colours where a mapping lays one upon the other?

Shapes alone do not tell a product from its variant in another colour. What people do to all of
a picture is allowed for: brightness, contrast, more or less colour, none, a tint, a turned hue.
"""

import cv2
import numpy as np
import numpy.typing as npt

from binocle.likeness.agreement import Mapping
from binocle.types import PixelArray

COLOUR_SIDE = 96
_LEAST_SHOWN = 40  # pixels that are not white in both
_NEARLY_WHITE = 235.0
_FADED_COST = 2.0
_SATURATIONS = (0.3, 2.5)
_SEPIA = np.array([[0.5, 0.866], [-0.866, 0.5]], np.float32)  # columns: towards it, and across
_MOST_TINT = 36.0
_FAINT = 8.0
_LUMA_WEIGHT = 0.5  # shading and halos differ in copies, colours do not
_TYPICAL = 60  # percentile: text and logos on top are left out
_ONE_COLOUR = 12
_MOST_OF_THE_EDGE = 0.6

_Values = npt.NDArray[np.float32]


def colour_difference(query: PixelArray, stored: PixelArray, mapping: Mapping) -> float:
    """Return by how much colours differ that should be the same, in levels; 0 is the same.

    The 60th percentile over what is not white in both, after the change of all colours that fits
    best.

    Args:
        query: ``(h, w, 3)`` uint8 RGB, small.
        stored: ``(H, W, 3)`` uint8 RGB, small.
        mapping: ``(3, 3)`` float64 homography from fractions of the query to fractions of the
            stored picture.
    """
    size = (stored.shape[1], stored.shape[0])
    steps = _to_pixels(size) @ mapping @ np.linalg.inv(_to_pixels(query.shape[1::-1]))
    laid = np.asarray(cv2.warpPerspective(query, steps, size, flags=cv2.INTER_LINEAR), np.uint8)
    there = cv2.warpPerspective(np.full(query.shape[:2], 255, np.uint8), steps, size) > 250
    first, second = _softened(laid), _softened(stored)
    shown = there & ((_luma(first) < _NEARLY_WHITE) | (_luma(second) < _NEARLY_WHITE))
    if shown.sum() < _LEAST_SHOWN:
        return 0.0
    own, other = first[there], second[there]
    inside = shown[there]
    return min(
        _same_colours(own, other, inside),
        _no_colours(own, other, inside) + _FADED_COST,
        _turned_hues(own, other, inside) + _FADED_COST,
    )


def _same_colours(own: _Values, other: _Values, shown: npt.NDArray[np.bool_]) -> float:
    """Brightness and contrast may differ, and all colours be stronger or weaker."""
    chroma, there = _chroma(own), _chroma(other)
    strength = float((chroma * there).sum() / max(1.0, float((there * there).sum())))
    left = chroma - np.clip(strength, *_SATURATIONS) * there
    return _typical(_luma_left(own, other), left, shown)


def _no_colours(own: _Values, other: _Values, shown: npt.NDArray[np.bool_]) -> float:
    """The query is grey, or brown as sepia is: its colour goes with its luma."""
    chroma, luma = _chroma(own), _luma(own)
    along, across = np.median(chroma[shown], axis=0) @ _SEPIA
    if not -_FAINT <= along <= _MOST_TINT or abs(across) > _FAINT:
        return float("inf")
    terms = _terms(luma - luma.mean())
    tint = np.linalg.lstsq(terms[shown], chroma[shown], rcond=None)[0]
    return _typical(_luma_left(own, other), chroma - terms @ tint, shown)


def _turned_hues(own: _Values, other: _Values, shown: npt.NDArray[np.bool_]) -> float:
    """Value and saturation are the same, whatever the hue."""
    top = own.max(axis=1) - other.max(axis=1)
    bottom = own.min(axis=1) - other.min(axis=1)
    return float(np.percentile(np.hypot(top, bottom)[shown], _TYPICAL))


def _typical(luma: _Values, chroma: _Values, shown: npt.NDArray[np.bool_]) -> float:
    left = np.abs(luma) * _LUMA_WEIGHT + np.hypot(chroma[:, 0], chroma[:, 1])
    return float(np.percentile(left[shown], _TYPICAL))


def _luma_left(own: _Values, other: _Values) -> _Values:
    """Return what the best change of brightness, contrast and gamma leaves of the luma."""
    first, second = _luma(own), _luma(other)
    terms = _terms(second - second.mean())
    return np.asarray(first - terms @ np.linalg.lstsq(terms, first, rcond=None)[0], np.float32)


def _terms(values: _Values) -> _Values:
    """Return ``(n, 3)``: what a parabola is fitted with."""
    scaled = values / 64
    return np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)


def _softened(pixels: PixelArray) -> _Values:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0), np.float32)


def _luma(values: _Values) -> _Values:
    return np.asarray(values @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _chroma(values: _Values) -> _Values:
    """Return ``(n, 2)``: Cr and Cb about 0."""
    luma = _luma(values)
    return np.stack([0.713 * (values[:, 0] - luma), 0.564 * (values[:, 2] - luma)], axis=1)


def _to_pixels(size: tuple[int, int]) -> Mapping:
    """Return the mapping of fractions to pixels' middles."""
    return np.array([[size[0], 0, -0.5], [0, size[1], -0.5], [0, 0, 1]], np.float64)


def on_plain_ground(pixels: PixelArray) -> bool:
    """Tell whether most of a picture's edge has one colour, as behind products.

    Args:
        pixels: ``(h, w, 3)`` uint8 RGB, small.
    """
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.int16)
    near = (np.abs(edge - np.median(edge, axis=0)) <= _ONE_COLOUR).all(axis=1)
    return bool(near.mean() >= _MOST_OF_THE_EDGE)
