"""Which of some copies to keep, and what the others are of it.

The one that shows most of the picture in most pixels, as most of them have it: a border adds none,
of a crop and the whole the whole shows more, one that is mirrored or turned while the others are
not was made of them, and grey counts half of colour. What is left equal is decided by bytes, then
by which was stored first. An enlargement cannot be told from a soft original surely enough to give
that away.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.catalog.types import KnownPicture
from binocle.fingerprints.verification import PictureView
from search.copies.union_find import UnionFind
from search.copies.verdicts import Judgement, ShownRegion

_WHOLE = 0.97  # of a picture's area: what shows so much shows all of it
_EDGE = 0.02  # of a side, by which a frame's inner edge may be off
_FRAMED = 0.1  # taken off the logarithm of the pixels
_CROPPED = 0.4
_TURNED = 0.4
_GREY = math.log(2.0)
_LEAST_CHROMA = 3.0  # levels between the channels, on average; less is grey
_COMPARED = 12  # members, by pixels: the others are not looked at
_SAME_PIXELS_FROM = 0.98  # confidence

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparing:
    """How members of a cluster are looked at, by part id.

    Attributes:
        view: Returns a picture's pixels of a working size; None where it cannot be read.
        verify: Compares two, the first as the query; None where they are no copies of each other.
        have_same_pixels: Tells whether two are the same, pixel by pixel, in full size.
    """

    view: Callable[[int], PictureView | None]
    verify: Callable[[Pair], Judgement | None]
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
        judgements: What was found of pairs of them, lower part id first.
        comparing: Looks at them.
    """
    ordered = sorted(
        members, key=lambda one: (_pixels(pictures[one]), pictures[one].info.size_bytes, -one)
    )
    likely = ordered[-_COMPARED:]
    borders, crops = _framed_and_cropped(set(likely), judgements, comparing.view)
    turned = _turned(members, judgements)

    def merit(part_id: int) -> tuple[float, int, int]:
        worth = math.log(_pixels(pictures[part_id]))
        if part_id in borders:
            worth += math.log(borders[part_id]) - _FRAMED
        elif part_id in crops:
            worth -= _CROPPED
        worth -= _TURNED if part_id in turned else 0.0
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

    Args:
        keep: A part id, of the first picture with these bytes.
        other: Likewise.
        pictures: Of both.
        judgements: What was found of pairs, lower part id first.
        comparing: Looks at what was not compared yet.
    """
    if keep == other:
        return Judgement("same-file", 1.0)
    pair = min(keep, other), max(keep, other)
    found = judgements.get(pair) or comparing.verify(pair)
    if found is None:
        return Judgement("near-duplicate", 0.5)
    sizes = {(pictures[one].info.width, pictures[one].info.height) for one in pair}
    may_be_same = found.verdict == "near-duplicate" and found.confidence >= _SAME_PIXELS_FROM
    if may_be_same and len(sizes) == 1 and comparing.have_same_pixels(pair):
        return Judgement("same-pixels", 1.0)
    return found


def _framed_and_cropped(
    members: set[int],
    judgements: Mapping[Pair, Judgement],
    view: Callable[[int], PictureView | None],
) -> tuple[dict[int, float], set[int]]:
    """Return the members that show another one within a frame, and those that show a part of one.

    Returns:
        By member how much of it the other one takes; and the crops.
    """
    borders: dict[int, float] = {}
    crops: set[int] = set()
    for (lower, upper), judgement in judgements.items():
        if lower not in members or upper not in members:
            continue
        shown, stored = judgement.query_region, judgement.stored_region
        if shown is None or stored is None:
            continue
        for part_id, own, part in ((lower, shown, upper), (upper, stored, lower)):
            whole = stored if part_id == lower else shown
            if not _area(own) < _WHOLE <= _area(whole):
                continue
            if _is_frame(view(part_id), own):
                borders[part_id] = min(borders.get(part_id, 1.0), _area(own))
            else:
                crops.add(part)
    return borders, crops


def _turned(members: Sequence[int], judgements: Mapping[Pair, Judgement]) -> set[int]:
    """Return the members that are mirrored or turned as seen from most others."""
    facing = UnionFind()
    for pair, judgement in judgements.items():
        if judgement.verdict == "near-duplicate":
            facing.join(*pair)
    sizes = Counter(map(facing.first_of, members))
    most = max(sizes.values())
    if list(sizes.values()).count(most) > 1:  # nobody can tell which were turned
        return set()
    return {one for one in members if sizes[facing.first_of(one)] < most}


def _is_frame(view: PictureView | None, region: ShownRegion) -> bool:
    """Tell whether what lies beside a region is plain up to its edge, and no further."""
    if view is None:
        return False
    width, height = view.size
    left, top, right, bottom = view.inner
    ends = (region.x, region.y, region.x + region.w, region.y + region.h)
    edges = (left / width, top / height, right / width, bottom / height)
    return all(abs(end - edge) <= _EDGE for end, edge in zip(ends, edges, strict=True))


def _is_grey(view: PictureView | None) -> bool:
    if view is None:
        return False
    pixels = view.colours.astype(np.int16)
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean()) < _LEAST_CHROMA


def _pixels(picture: KnownPicture) -> int:
    return picture.info.width * picture.info.height


def _area(region: ShownRegion) -> float:
    return region.w * region.h
