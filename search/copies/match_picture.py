"""A picture for people that shows why two pictures are said to match."""

import cv2
import numpy as np
import numpy.typing as npt

from binocle.types import PixelArray
from search.copies.verdicts import Judgement, ShownRegion

_SIDE = 480  # pixels, of each of the three panels
_GAP = 8
_GROUND = 255
_OUTLINE = (0, 200, 80)
_DIFFERING = (230, 30, 30)
_LINE = 3


def match_picture(query: PixelArray, stored: PixelArray, judgement: Judgement) -> PixelArray:
    """Draw three panels side by side: the query, the stored picture, and one upon the other.

    The query has an outline where it shows the stored picture, the stored picture one around what
    is shown of it, and of a variant boxes where it shows something else. In the third panel the
    stored picture lies upon the query, half transparent: what is sharp there is the same.

    Args:
        query: ``(h, w, 3)`` uint8 RGB, upright.
        stored: The same of the stored picture.
        judgement: What the query is of it, with ``corners``; without, as of the same file, all of
            one is all of the other.

    Returns:
        ``(h, w, 3)`` uint8 RGB, at most 480 pixels high.
    """
    first, second = _fitted(query), _fitted(stored)
    corners = np.array(judgement.corners or ((0, 0), (1, 0), (1, 1), (0, 1)), np.float64)
    outline = corners * (first.shape[1], first.shape[0])
    panels = [first.copy(), second.copy(), _blended(first, second, outline)]
    for panel in (panels[0], panels[2]):
        cv2.polylines(panel, [np.rint(outline).astype(np.int32)], True, _OUTLINE, _LINE)
    _draw_box(panels[1], judgement.stored_region or ShownRegion(0, 0, 1, 1), _OUTLINE)
    for region in judgement.differing:
        _draw_box(panels[1], region, _DIFFERING)
    return _side_by_side(panels)


def _fitted(pixels: PixelArray) -> PixelArray:
    height, width = pixels.shape[:2]
    ratio = _SIDE / max(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def _blended(query: PixelArray, stored: PixelArray, outline: npt.NDArray[np.float64]) -> PixelArray:
    """Return the query with the stored picture upon it, where its corners lie."""
    height, width = stored.shape[:2]
    own = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    mapping = cv2.getPerspectiveTransform(own, outline.astype(np.float32))
    size = (query.shape[1], query.shape[0])
    laid = cv2.warpPerspective(stored, mapping, size).astype(np.float32)
    cover = cv2.warpPerspective(np.full((height, width), 0.5, np.float32), mapping, size)
    mixed = query + cover[..., np.newaxis] * (laid - query)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _draw_box(panel: PixelArray, region: ShownRegion, colour: tuple[int, int, int]) -> None:
    height, width = panel.shape[:2]
    start = round(region.x * width), round(region.y * height)
    end = round((region.x + region.w) * width) - 1, round((region.y + region.h) * height) - 1
    cv2.rectangle(panel, start, end, colour, _LINE)


def _side_by_side(panels: list[PixelArray]) -> PixelArray:
    height = max(one.shape[0] for one in panels)
    width = sum(one.shape[1] + _GAP for one in panels) - _GAP
    sheet = np.full((height, width, 3), _GROUND, np.uint8)
    left = 0
    for one in panels:
        sheet[: one.shape[0], left : left + one.shape[1]] = one
        left += one.shape[1] + _GAP
    return sheet
