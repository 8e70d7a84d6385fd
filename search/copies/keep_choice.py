"""Which of some copies to keep, why, and what the others are of it.

The one that shows most of the picture in most pixels, as most of them have it: a border adds none,
of a crop and the whole the whole shows more, one that is mirrored or turned while the others are
not was made of them, grey counts half of colour, an enlargement shows what it was made of, and what
has words or a logo on it was made of what has none. What is left equal is decided by bytes, then
by which was stored first; of as many that face one way as another, those of the first one stay.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from binocle.catalog.types import KnownPicture
from binocle.fingerprints.picture_view import PictureView
from search.copies.union_find import UnionFind
from search.copies.verdicts import Judgement, ShownRegion

_WHOLE = 0.97  # of a picture's area: what shows so much shows all of it
_EDGE = 0.02  # of a side, by which a frame's inner edge may be off
_FRAMED = 0.1  # taken off the logarithm of the pixels
_CROPPED = 0.4
_TURNED = 0.4
_GREY = math.log(2.0)
_DRAWN_ON = 0.4
_ENLARGED = 0.05
_LEAST_CHROMA = 3.0  # levels between the channels, on average; less is grey
_COMPARED = 12  # members, by pixels: the others are not looked at
_SAME_PIXELS_FROM = 0.98  # confidence

Pair = tuple[int, int]
Flaw: TypeAlias = Literal[
    "has a border", "cropped", "turned or mirrored", "grey", "something drawn on it", "enlarged"
]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of some copies to keep, and why.

    Attributes:
        keep: Its part id.
        reasons: Of each other one, by part id: why that is not kept.
    """

    keep: int
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True)
class Comparing:
    """How members of a cluster are looked at, by part id.

    Attributes:
        view: Returns a picture's pixels of a working size; None where it cannot be read.
        verify: Compares two, the first as the query; None where they are no copies of each other.
        have_same_pixels: Tells whether two are the same, pixel by pixel, in full size.
        drawn_on: Returns which of two has words or a logo on it that the other has not; None where
            nobody can tell.
        is_enlarged: Tells whether the first of two is the second one enlarged.
    """

    view: Callable[[int], PictureView | None]
    verify: Callable[[Pair], Judgement | None]
    have_same_pixels: Callable[[Pair], bool]
    drawn_on: Callable[[Pair], int | None]
    is_enlarged: Callable[[Pair], bool]


def choice_of(
    members: Sequence[int],
    pictures: Mapping[int, KnownPicture],
    judgements: Mapping[Pair, Judgement],
    comparing: Comparing,
) -> Choice:
    """Choose the picture to keep.

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
    within = {
        pair: found for pair, found in judgements.items() if pair[0] in likely and pair[1] in likely
    }
    worths = {one: math.log(_pixels(pictures[one])) for one in likely}
    flaws: dict[int, list[Flaw]] = {one: [] for one in members}
    for part_id, flaw, loss in _flaws(members, likely, within, judgements, comparing):
        worths[part_id] -= loss
        flaws[part_id].append(flaw)

    def merit(part_id: int) -> tuple[float, int, int]:
        return -round(worths[part_id], 6), -pictures[part_id].info.size_bytes, part_id

    best = min(likely, key=merit)
    while (original := _original_of(best, within, pictures, comparing)) is not None:
        worths[best] = worths[original] - _ENLARGED
        flaws[best].append("enlarged")
        best = min(likely, key=merit)
    reasons = {
        one: ", ".join(flaws[one]) or _lesser(pictures[one], pictures[best])
        for one in members
        if one != best
    }
    return Choice(best, reasons)


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


def _flaws(
    members: Sequence[int],
    likely: Sequence[int],
    within: Mapping[Pair, Judgement],
    judgements: Mapping[Pair, Judgement],
    comparing: Comparing,
) -> Iterator[tuple[int, Flaw, float]]:
    """Yield what is wrong with which of the likely members, and how much worth that takes."""
    borders, crops = _framed_and_cropped(within, comparing.view)
    turned = _turned(members, judgements)
    drawn_on = _drawn_on(within, comparing)
    grey = {one for one in likely if _is_grey(comparing.view(one))}
    are_coloured = set(likely) - grey - drawn_on - borders.keys()  # by more than what was put on
    for part_id in likely:
        if part_id in borders:
            yield part_id, "has a border", _FRAMED - math.log(borders[part_id])
        elif part_id in crops:
            yield part_id, "cropped", _CROPPED
        if part_id in turned:
            yield part_id, "turned or mirrored", _TURNED
        if part_id in grey and are_coloured:
            yield part_id, "grey", _GREY
        if part_id in drawn_on:
            yield part_id, "something drawn on it", _DRAWN_ON


def _framed_and_cropped(
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


def _drawn_on(judgements: Mapping[Pair, Judgement], comparing: Comparing) -> set[int]:
    """Return the members with something on them that another one shows without it."""
    pairs = [pair for pair, found in judgements.items() if found.verdict == "near-duplicate"]
    return {one for pair in pairs if (one := comparing.drawn_on(pair)) is not None}


def _original_of(
    best: int,
    judgements: Mapping[Pair, Judgement],
    pictures: Mapping[int, KnownPicture],
    comparing: Comparing,
) -> int | None:
    """Return the smaller member that one was enlarged from; None where it was not."""
    others = [sum(pair) - best for pair in judgements if best in pair]
    smaller = [one for one in others if _pixels(pictures[one]) < _pixels(pictures[best])]
    for other in sorted(smaller, key=lambda one: -_pixels(pictures[one])):
        if comparing.is_enlarged((best, other)):
            return other
    return None


def _lesser(other: KnownPicture, keep: KnownPicture) -> str:
    """Return by what a copy without flaws is the lesser one."""
    if _pixels(other) < _pixels(keep):
        return "fewer pixels"
    if other.sha256 == keep.sha256:
        return "the same file"
    return "fewer bytes" if other.info.size_bytes < keep.info.size_bytes else "stored later"


def _turned(members: Sequence[int], judgements: Mapping[Pair, Judgement]) -> set[int]:
    """Return the members that are mirrored or turned as seen from most others.

    Where as many face one way as another nobody can tell, and what was stored first is upright.
    """
    facing = UnionFind()
    for pair, judgement in judgements.items():
        if judgement.verdict == "near-duplicate":
            facing.join(*pair)
    sizes = Counter(map(facing.first_of, members))
    upright = min(sizes, key=lambda one: (-sizes[one], one))
    return {one for one in members if facing.first_of(one) != upright}


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
