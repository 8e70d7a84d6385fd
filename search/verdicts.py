"""What a verified mapping between two pictures is called, and how sure that is."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from binocle.likeness.verification import Match

Verdict: TypeAlias = Literal[
    "same-file", "same-pixels", "near-duplicate", "mirrored", "rotated", "part", "similar", "none"
]
COPIES: frozenset[Verdict] = frozenset(
    ("same-file", "same-pixels", "near-duplicate", "mirrored", "rotated", "part")
)

# Set on half of the pictures of the evaluation and checked on the other (docs/lookup.md).
_ALIKE = 0.58  # of the windows with texture, where corners agree on the mapping
_ALIKE_IF_PLAIN = 0.87  # thumbnails and things on plain ground look alike without being copies
_ALIKE_IN_COLOUR = 0.55  # the same where corners agree, and colours do too
_PLAIN_TEXTURE = 0.5
_SOME_INLIERS = 20
# Levels by which colours may differ in such pictures, at least agreement and for more of it.
_LEAST_COLOURS, _MORE_COLOURS = 4.5, 9.0
_LARGER_COLOURS = 3.0  # in addition, for what is not small: there is more to tell things apart by
_OTHER_COLOURS = 16.0  # in other pictures, where the windows agree only just
_CLEARLY_ALIKE = 0.8
_TRUER_COLOURS = 3.0  # levels by which a better explanation is better
_SAME_PIXELS = 0.89  # correlation of the median window in copies of photographs
_NEARLY_ALL = 0.9  # of the windows: where these agree, they may agree less well
_MANY_INLIERS = 130  # so many corners agree in copies only
_LEAST_INLIERS = 7
_PATCH = 0.15  # of the stored picture: so little of it is like many things
_LEAST_INLIERS_OF_A_PATCH = 20
_LEAST_TEXTURE = 0.02
_WHOLE_SHARE = 0.58  # of the stored picture: what keeps less is a part of it
_FRAMED_SHARE = 0.12  # of the query: what shows less shows something else
_PLAIN = 0.66  # of the rest of the query: what has less is a collage, not a frame
_PLAIN_IF_SMALL = 0.85  # the same where the query shows it small
_SMALL_SHARE = 0.3
_PLAIN_IF_BESIDE = 0.93  # the same where all of the rest lies to one side, as another tile does
_BESIDE = 0.38  # of a side of the query
_AT_THE_EDGE = 0.1
_TURNED_DEGREES = 4.0


@dataclass(frozen=True, slots=True)
class Region:
    """An upright box in a picture, as fractions of its width and height, 0 to 1."""

    x: float
    y: float
    w: float
    h: float


WHOLE = Region(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one picture is of another.

    Attributes:
        verdict: Its class.
        confidence: 0 to 1; copies have at least 0.5.
        query_region: Where the query shows the stored picture; None without a mapping.
        stored_region: What of the stored picture it shows.
        corners: Where the stored picture's corners lie in the query, as fractions, from the left
            top clockwise; beyond 0 to 1 where they were cut off.
        angle: Degrees by which the query must be turned clockwise, after mirroring back.
        is_mirrored: Whether left and right are swapped.
    """

    verdict: Verdict
    confidence: float
    query_region: Region | None = None
    stored_region: Region | None = None
    corners: tuple[tuple[float, float], ...] = ()
    angle: float = 0.0
    is_mirrored: bool = False


def is_copy(match: Match) -> bool:
    """Tell whether a mapping holds well enough to say that one was made from the other."""
    least = _LEAST_INLIERS if match.agreement.overlap >= _PATCH else _LEAST_INLIERS_OF_A_PATCH
    if match.agreement.textured < _LEAST_TEXTURE or 0 < match.inliers < least:
        return False
    if match.agreement.share < _needed(match) or not _agrees_well(match):
        return False
    return match.colour_difference <= _colours_allowed(match)


def _agrees_well(match: Match) -> bool:
    """Tell copies with things put on top from photographs of one scene, taken one after the other.

    Where something covers a copy, the rest has the same pixels; where people moved, all else has
    moved a little, too.
    """
    if _looks_like_others(match) or match.agreement.share >= _NEARLY_ALL:
        return True
    return match.agreement.correlation >= _SAME_PIXELS


def _needed(match: Match) -> float:
    """Return how much agreement makes a copy: less where there is more that could differ."""
    if not match.inliers:
        return _ALIKE_IF_PLAIN
    if _looks_like_others(match):
        return _ALIKE_IN_COLOUR if match.inliers >= _SOME_INLIERS else _ALIKE_IF_PLAIN
    is_plain = match.agreement.textured < _PLAIN_TEXTURE and match.inliers < _MANY_INLIERS
    return _ALIKE_IF_PLAIN if is_plain else _ALIKE


def _looks_like_others(match: Match) -> bool:
    """Tell whether different things may agree as well: small ones, and those on plain ground."""
    return match.is_small or match.on_plain_ground


def _colours_allowed(match: Match) -> float:
    share = match.agreement.share
    if not _looks_like_others(match):
        return float("inf") if share >= _CLEARLY_ALIKE else _OTHER_COLOURS
    allowed = _LEAST_COLOURS + _MORE_COLOURS * (share - _ALIKE_IN_COLOUR)
    return allowed if match.is_small else allowed + _LARGER_COLOURS


def without_variants(found: dict[int, Match]) -> dict[int, Match]:
    """Leave out pictures of products that another explains better: same shape, truer colours.

    Args:
        found: Copies by part id.
    """
    kept = {}
    for part_id, match in found.items():
        least = min(
            one.colour_difference
            for one in found.values()
            if one is match or (_looks_like_others(one) and _show_the_same(one, match))
        )
        if not _looks_like_others(match) or match.colour_difference <= least + _TRUER_COLOURS:
            kept[part_id] = match
    return kept


def _show_the_same(one: Match, other: Match) -> bool:
    """Tell whether two mappings are of about the same part of the query."""
    first, second = _shown(one), _shown(other)
    across = min(first.x + first.w, second.x + second.w) - max(first.x, second.x)
    down = min(first.y + first.h, second.y + second.h) - max(first.y, second.y)
    shared = max(0.0, across) * max(0.0, down)
    return shared > 0.5 * (first.w * first.h + second.w * second.h - shared)


def _shown(match: Match) -> Region:
    """Return where the query shows the stored picture."""
    return _box(_mapped(_CORNERS, np.asarray(np.linalg.inv(match.mapping), np.float64)))


def judged(match: Match) -> Judgement:
    """Name a mapping that holds."""
    needed = _needed(match)
    surplus = (match.agreement.share - needed) / (1 - needed)
    corners = 1.0 if match.inliers == 0 else 1 - float(np.exp(-match.inliers / 8))
    backwards = np.asarray(np.linalg.inv(match.mapping), np.float64)
    return Judgement(
        _named(match),
        round(0.5 + 0.5 * max(0.0, surplus) ** 0.5 * corners, 4),
        _box(_mapped(_CORNERS, backwards)),
        _box(_mapped(_CORNERS, match.mapping)),
        tuple((round(float(x), 4), round(float(y), 4)) for x, y in _mapped(_CORNERS, backwards)),
        round(match.turn.angle, 1),
        match.turn.mirrored,
    )


_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)


def _named(match: Match) -> Verdict:
    shown = match.agreement.overlap
    if shown < _WHOLE_SHARE or match.query_share < _FRAMED_SHARE:
        return "part"
    needed = _PLAIN if match.query_share >= _SMALL_SHARE else _PLAIN_IF_SMALL
    if _is_beside(match):
        needed = _PLAIN_IF_BESIDE
    if match.query_share < 0.9 and match.plain_share < needed:
        return "part"
    if match.turn.mirrored:
        return "mirrored"
    return "rotated" if abs(match.turn.angle) > _TURNED_DEGREES else "near-duplicate"


def _is_beside(match: Match) -> bool:
    """Tell whether the query shows it as a tile: much room on one side, none on the other."""
    box = _shown(match)
    across, down = (box.x, 1 - box.x - box.w), (box.y, 1 - box.y - box.h)
    beside = [max(one) >= _BESIDE and min(one) <= _AT_THE_EDGE for one in (across, down)]
    filled = [max(one) <= _AT_THE_EDGE for one in (across, down)]
    return any(beside) and all(one or other for one, other in zip(beside, filled, strict=True))


def _mapped(
    points: npt.NDArray[np.float64], mapping: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(cv2.perspectiveTransform(points[np.newaxis], mapping)[0], np.float64)


def _box(corners: npt.NDArray[np.float64]) -> Region:
    left, top = np.clip(corners.min(axis=0), 0, 1)
    right, bottom = np.clip(corners.max(axis=0), 0, 1)
    return Region(*(round(float(one), 4) for one in (left, top, right - left, bottom - top)))
