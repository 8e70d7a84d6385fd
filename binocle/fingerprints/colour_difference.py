"""Do two pictures have the same colours where one is laid upon the other?

Shapes alone do not tell a product from its variant in another colour. What people do to all of
a picture is allowed for: brightness, contrast, more or less colour, none, a tint, a turned hue.
Colours are compared where shapes agree, so that text and logos on top of a copy do not count.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.agreement import Windows
from binocle.fingerprints.overlay import Overlay
from binocle.types import PixelArray

COLOUR_SIDE = 96
_LEAST_SHOWN = 30  # pixels to compare
_MOST_SHOWN = 4000
_NEARLY_WHITE = 235.0
_SOFTENED = 7  # pixels: halos of sharpening and blocks of JPEG are smaller
_SAME_SHAPE = 0.7
_TEXTURE = 16.0  # variance of grey levels in a window
_SATURATIONS = (0.3, 2.5)
_SEPIA = np.array([[0.5, 0.866], [-0.866, 0.5]], np.float32)  # columns: towards it, and across
_MOST_TINT = 36.0
_FAINT = 8.0
_LUMA_WEIGHT = 0.5  # shading and halos differ in copies, colours do not
_MOST, _NEARLY_ALL = 75, 90  # percentiles
_ONE_COLOUR = 12
_MOST_OF_THE_EDGE = 0.6
_UNKNOWN = 99.0

_Values = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ColourDifference:
    """By how much colours differ that should be the same, in levels; 0 is the same, 99 unknown.

    Each after the change of all colours that fits best.

    Attributes:
        most: 75th percentile, where there is texture that agrees.
        nearly_all: 90th percentile there.
        light: 90th percentile of luma alone, there.
        most_with_plain: 75th percentile, plain places of both included.
        nearly_all_with_plain: 90th percentile of those.
        compared: How much of the overlap has texture that agrees and is not white, 0 to 1.
    """

    most: float = _UNKNOWN
    nearly_all: float = _UNKNOWN
    light: float = _UNKNOWN
    most_with_plain: float = _UNKNOWN
    nearly_all_with_plain: float = _UNKNOWN
    compared: float = 0.0


def colour_difference(overlay: Overlay, windows: Windows) -> ColourDifference:
    """Measure by how much the colours of two pictures differ.

    Args:
        overlay: The two.
        windows: Of the overlay.
    """
    first = _softened(overlay.query_colours, overlay.covered)
    second = _softened(overlay.stored_colours, overlay.covered)
    shown = overlay.covered & ((luma_of(first) < _NEARLY_WHITE) | (luma_of(second) < _NEARLY_WHITE))
    has_texture = windows.stored > _TEXTURE
    agree = shown & has_texture & (windows.correlation > _SAME_SHAPE)
    plain = shown & ~has_texture & (windows.query <= _TEXTURE)
    most, nearly_all, light = _left(first, second, agree)
    with_plain = _left(first, second, agree | plain)
    return ColourDifference(
        most,
        nearly_all,
        light,
        with_plain[0],
        with_plain[1],
        float(agree.sum()) / float(overlay.covered.sum()) if most < _UNKNOWN else 0.0,
    )


def _left(
    first: _Values, second: _Values, shown: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return two percentiles of what the best change of all colours leaves, and that of luma."""
    own, other = first[shown], second[shown]
    if len(own) < _LEAST_SHOWN:
        return _UNKNOWN, _UNKNOWN, _UNKNOWN
    step = -(-len(own) // _MOST_SHOWN)
    own, other = own[::step], other[::step]
    luma = np.abs(_luma_left(own, other))
    same = _LUMA_WEIGHT * luma + _same_colours(own, other)
    none = _LUMA_WEIGHT * luma + _no_colours(own)
    models = np.stack([same, none, _turned_hues(own, other)])
    most, nearly_all = np.percentile(models, (_MOST, _NEARLY_ALL), axis=1).min(axis=1).tolist()
    light = float(np.percentile(luma, _NEARLY_ALL))
    return min(most, _UNKNOWN), min(nearly_all, _UNKNOWN), min(light, _UNKNOWN)


def _same_colours(own: _Values, other: _Values) -> _Values:
    """Brightness and contrast may differ, and all colours be stronger or weaker."""
    chroma, there = chroma_of(own), chroma_of(other)
    strength = float((chroma * there).sum() / max(1.0, float((there * there).sum())))
    return _length(chroma - np.float32(np.clip(strength, *_SATURATIONS)) * there)


def _no_colours(own: _Values) -> _Values:
    """The query is grey, or brown as sepia is: its colour goes with its luma."""
    chroma, luma = chroma_of(own), luma_of(own)
    along, across = np.median(chroma, axis=0) @ _SEPIA
    if not -_FAINT <= along <= _MOST_TINT or abs(across) > _FAINT:
        return np.full(len(own), _UNKNOWN, np.float32)
    terms = terms_of(luma - luma.mean())
    return _length(chroma - terms @ np.linalg.lstsq(terms, chroma, rcond=None)[0])


def _turned_hues(own: _Values, other: _Values) -> _Values:
    """Value and saturation are the same, whatever the hue."""
    top = own.max(axis=1) - other.max(axis=1)
    bottom = own.min(axis=1) - other.min(axis=1)
    return np.asarray(np.hypot(top, bottom), np.float32)


def _luma_left(own: _Values, other: _Values) -> _Values:
    """Return what the best change of brightness, contrast and gamma leaves of the luma."""
    first, second = luma_of(own), luma_of(other)
    terms = terms_of(second - second.mean())
    return np.asarray(first - terms @ np.linalg.lstsq(terms, first, rcond=None)[0], np.float32)


def terms_of(values: _Values) -> _Values:
    """Return ``(n, 3)`` float32: what a parabola is fitted with."""
    scaled = values / 64
    return np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)


def _softened(colours: _Values, covered: npt.NDArray[np.bool_]) -> _Values:
    """Return the means around each pixel, of what is covered."""
    weight = covered.astype(np.float32)
    side = (_SOFTENED, _SOFTENED)
    counted = np.maximum(cv2.boxFilter(weight, -1, side), 1e-3)
    summed = cv2.boxFilter(colours * weight[..., np.newaxis], -1, side)
    return np.asarray(summed / counted[..., np.newaxis], np.float32)


def luma_of(values: _Values) -> _Values:
    """Return ``(...)`` float32: the luma of colours ``(..., 3)``, BT.601."""
    return np.asarray(values @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def chroma_of(values: _Values) -> _Values:
    """Return ``(n, 2)`` float32: Cr and Cb about 0."""
    luma = luma_of(values)
    return np.stack([0.713 * (values[:, 0] - luma), 0.564 * (values[:, 2] - luma)], axis=1)


def _length(values: _Values) -> _Values:
    return np.asarray(np.hypot(values[:, 0], values[:, 1]), np.float32)


def on_plain_ground(pixels: PixelArray) -> bool:
    """Tell whether most of a picture's edge has one colour, as behind products.

    Args:
        pixels: ``(h, w, 3)`` uint8 RGB, small.
    """
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.int16)
    near = (np.abs(edge - np.median(edge, axis=0)) <= _ONE_COLOUR).all(axis=1)
    return bool(near.mean() >= _MOST_OF_THE_EDGE)
