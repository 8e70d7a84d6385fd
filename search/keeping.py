"""Which of some copies to keep, and what the others are of it.

The one that shows most of the picture in most pixels: a border adds none, and of a crop and the
whole the whole shows more. Grey counts half of colour. What is left equal is decided by bytes,
then by which was stored first. An enlargement cannot be told from a soft original surely enough
to give that away.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.catalog.likeness import KnownPicture
from binocle.likeness.verification import View, plain_share
from search.verdicts import Judgement, Region

_WHOLE = 0.97  # of a picture's area: what shows so much shows all of it
_PLAIN = 0.66  # of what a picture shows beside another: as plain as a frame
_FRAMED = 0.1  # taken off the logarithm of the pixels
_GREY = math.log(2.0)
_LEAST_CHROMA = 3.0  # levels between the channels, on average; less is grey
_COMPARED = 12  # members, by pixels: of more no border and no colour is looked for
_SAME_PIXELS_FROM = 0.98  # confidence

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparing:
    """How members of a cluster are looked at, by part id.

    Attributes:
        view: Returns a picture's pixels of a working size; None where it cannot be read.
        judge: Compares two, the first as the query; None where they are no copies of each other.
        have_same_pixels: Tells whether two are the same, pixel by pixel, in full size.
    """

    view: Callable[[int], View | None]
    judge: Callable[[Pair], Judgement | None]
    have_same_pixels: Callable[[Pair], bool]


def best_of(
    members: Sequence[int],
    pictures: Mapping[int, KnownPicture],
    judgements: Mapping[Pair, Judgement],
    comparing: Comparing,
) -> int:
    """Return the part id of the picture to keep.

    Args:
        members: Part ids.
        pictures: Of the members.
        judgements: What was found of pairs, lower part id first.
        comparing: Looks at them.
    """
    ordered = sorted(members, key=lambda one: (_pixels(pictures[one]), -one))
    likely = ordered[-_COMPARED:]
    borders = _framed(set(likely), judgements, comparing.view)

    def merit(part_id: int) -> tuple[float, int, int]:
        worth = math.log(_pixels(pictures[part_id]))
        if part_id in borders:
            worth += math.log(borders[part_id]) - _FRAMED
        worth -= _GREY if _is_grey(comparing.view(part_id)) else 0.0
        return -round(worth, 6), -pictures[part_id].info.size_bytes, part_id

    return min(likely, key=merit)


def judgement_of(
    keep: int,
    other: int,
    pictures: Mapping[int, KnownPicture],
    judgements: Mapping[Pair, Judgement],
    comparing: Comparing,
) -> Judgement:
    """Return what a member is of the one to keep.

    Where only others link them and they are no copies by themselves, it is that they are alike.
    """
    if pictures[keep].sha256 == pictures[other].sha256:
        return Judgement("same-file", 1.0)
    pair = min(keep, other), max(keep, other)
    found = judgements.get(pair) or comparing.judge(pair)
    if found is None:
        return Judgement("near-duplicate", 0.5)
    sizes = {(pictures[one].info.width, pictures[one].info.height) for one in pair}
    may_be_same = found.verdict == "near-duplicate" and found.confidence >= _SAME_PIXELS_FROM
    if may_be_same and len(sizes) == 1 and comparing.have_same_pixels(pair):
        return Judgement("same-pixels", 1.0)
    return found


def _framed(
    members: set[int],
    judgements: Mapping[Pair, Judgement],
    view: Callable[[int], View | None],
) -> dict[int, float]:
    """Return the members that show another one within a frame, and how much of them it takes."""
    found: dict[int, float] = {}
    for (lower, upper), judgement in judgements.items():
        if lower not in members or upper not in members:
            continue
        shown, stored = judgement.query_region, judgement.stored_region
        if shown is None or stored is None:
            continue
        sides = ((lower, shown, stored), (upper, stored, shown))
        for part_id, own, other in sides:
            if _area(own) < _WHOLE <= _area(other) and _rest_is_plain(view(part_id), own):
                found[part_id] = min(found.get(part_id, 1.0), _area(own))
    return found


def _rest_is_plain(view: View | None, region: Region) -> bool:
    if view is None:
        return False
    height, width = view.grey.shape
    rest = np.ones((height, width), np.bool_)
    left, top = round(region.x * width), round(region.y * height)
    right, bottom = round((region.x + region.w) * width), round((region.y + region.h) * height)
    rest[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = False
    return bool(rest.any()) and plain_share(view.grey[rest]) >= _PLAIN


def _is_grey(view: View | None) -> bool:
    if view is None:
        return False
    pixels = view.colours.astype(np.int16)
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean()) < _LEAST_CHROMA


def _pixels(picture: KnownPicture) -> int:
    return picture.info.width * picture.info.height


def _area(region: Region) -> float:
    return region.w * region.h
