"""Grey pictures of a working size."""

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from binocle.types import PixelArray

Grey: TypeAlias = npt.NDArray[np.uint8]

_MAX_ENLARGEMENT = 3.0


def grey_of(pixels: PixelArray, side: int) -> Grey:
    """Return a picture's luma (BT.601), scaled to the area of a square.

    Small pictures are enlarged threefold at most.

    Args:
        pixels: ``(height, width, 3)`` uint8 RGB.
        side: Pixels of the square's side.

    Returns:
        ``(h, w)`` uint8 of the same shape, ``h * w`` near ``side ** 2``.
    """
    grey = grey_levels(pixels)
    ratio = min(side / (grey.shape[0] * grey.shape[1]) ** 0.5, _MAX_ENLARGEMENT)
    return scaled(grey, ratio)


def grey_levels(pixels: PixelArray) -> Grey:
    """Return the luma of ``(h, w, 3)`` uint8 RGB, ``(h, w)`` uint8."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def scaled(grey: Grey, ratio: float) -> Grey:
    """Scale a picture, averaging where it shrinks."""
    size = (max(1, round(grey.shape[1] * ratio)), max(1, round(grey.shape[0] * ratio)))
    if size == (grey.shape[1], grey.shape[0]):
        return grey
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=way), np.uint8)


def trimmed(grey: Grey) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a picture without its plain border.

    A row or column belongs to the border while it is nearly of one grey. What would leave less
    than a fifth of a side is not trimmed.
    """
    rows = _plain_ends(grey.std(axis=1), grey.mean(axis=1))
    columns = _plain_ends(grey.std(axis=0), grey.mean(axis=0))
    return columns[0], rows[0], columns[1], rows[1]


def _plain_ends(
    spreads: npt.NDArray[np.floating], levels: npt.NDArray[np.floating]
) -> tuple[int, int]:
    """Return where lines stop being plain and of their end's grey, from either end."""
    length = len(spreads)
    first = _run(spreads, levels)
    last = length - _run(spreads[::-1], levels[::-1])
    return (first, last) if last - first >= max(8, length / 5) else (0, length)


def _run(spreads: npt.NDArray[np.floating], levels: npt.NDArray[np.floating]) -> int:
    differs = (spreads > 6) | (np.abs(levels - levels[0]) > 10)
    return int(np.argmax(differs)) if differs.any() else len(spreads)
