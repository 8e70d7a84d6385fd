"""What a verified mapping between two pictures is called, and how sure that is."""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.copy_classifier import Evidence
from binocle.fingerprints.verified_match import VerifiedMatch

Verdict: TypeAlias = Literal[
    "same-file", "same-pixels", "near-duplicate", "mirrored", "rotated", "part", "variant",
    "hash-match", "similar", "none",
]  # fmt: skip
COPIES: frozenset[Verdict] = frozenset(
    ("same-file", "same-pixels", "near-duplicate", "mirrored", "rotated", "part")
)

_OTHER_COLOURS_VARY = 0.9
_OTHER_COLOURS = 18.0  # levels: 99.5 % of the copies of products have less
_SAME_SHAPES, _SAME_SHAPES_OF_SCENES = 0.72, 0.9  # share of the windows that agree
_CLEAR_VARIANT = 2.0  # log odds: of scenes, too, so many shapes are enough
_TRUER_COLOURS = 3.0  # levels by which a better explanation is better
_WHOLE_SHARE = 0.58  # of the stored picture: what keeps less is a part of it
_FRAMED_SHARE = 0.12  # of the query: what shows less shows something else
_PLAIN = 0.66  # of the rest of the query: what has less is a collage, not a frame
_PLAIN_IF_LARGE = 0.4  # the same where the query shows more of it than of all else
_LARGE_SHARE = 0.54
_PLAIN_IF_SMALL = 0.85  # the same where the query shows it small
_SMALL_SHARE = 0.3
_PLAIN_IF_BESIDE = 0.93  # the same where all of the rest lies to one side, as another tile does
_BESIDE = 0.38  # of a side of the query
_AT_THE_EDGE = 0.1
_TURNED_DEGREES = 4.0
_UNBACKED_BITS, _BITS_OF_BACKING = 96, 8  # log odds that each bit nearer than so many adds
_MOST_BACKING = 6.0  # log odds
_NO_VARIANT = -2.0  # log odds, of products
_HARDLY = 0.4  # log odds of what only its hash or its details make a copy
_KEPT_OF_SCENES = ((0.7, 16.0, 0.0),)  # texture, levels of colour, log odds of a variant
_KEPT_OF_PRODUCTS = ((0.65, 8.0, _NO_VARIANT), (0.85, 16.0, _NO_VARIANT))
_KEPT_OF_THUMBNAILS = ((0.95, 12.0, -4.0),)


@dataclass(frozen=True, slots=True)
class ShownRegion:
    """An upright box in a picture, as fractions of its width and height, 0 to 1."""

    x: float
    y: float
    w: float
    h: float


WHOLE = ShownRegion(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one picture is of another.

    Attributes:
        verdict: Its class.
        confidence: 0 to 1; copies and variants have at least 0.5.
        query_region: Where the query shows the stored picture; None without a mapping.
        stored_region: What of the stored picture it shows.
        corners: Where the stored picture's corners lie in the query, as fractions, from the left
            top clockwise; beyond 0 to 1 where they were cut off.
        angle: Degrees by which the query must be turned clockwise, after mirroring back.
        is_mirrored: Whether left and right are swapped.
        differing: Of a variant, where the stored picture shows something else, largest first.
    """

    verdict: Verdict
    confidence: float
    query_region: ShownRegion | None = None
    stored_region: ShownRegion | None = None
    corners: tuple[tuple[float, float], ...] = ()
    angle: float = 0.0
    is_mirrored: bool = False
    differing: tuple[ShownRegion, ...] = ()


def is_copy(match: VerifiedMatch) -> bool:
    """Tell whether a mapping holds well enough to say that one was made from the other."""
    return match.holds and not _has_other_colours(match)


def is_variant(match: VerifiedMatch) -> bool:
    """Tell whether two pictures stand on one template and show two things."""
    if is_copy(match) or match.variation is None:
        return False
    return match.evidence.agreement.overlap >= _WHOLE_SHARE and _stands_on_one_template(match)


def _stands_on_one_template(match: VerifiedMatch) -> bool:
    """Tell whether shapes agree, whatever the colours.

    Of pairs of products that look alike and are no copies, nearly all of those stand on one
    template of which 0.72 of the windows agree.
    """
    variation = match.variation
    is_clear = variation is not None and variation.log_odds >= _CLEAR_VARIANT
    least = _SAME_SHAPES if match.is_product or is_clear else _SAME_SHAPES_OF_SCENES
    return match.log_odds >= 0 or match.evidence.agreement.share >= least


def _has_other_colours(match: VerifiedMatch) -> bool:
    colours = match.evidence.colours
    return match.is_product and colours.compared > 0 and colours.most > _OTHER_COLOURS


def backed_by_hash(match: VerifiedMatch, bits: int) -> VerifiedMatch:
    """Take a mapping that does not quite hold for one that just does, where hashes are near.

    Words all over a picture, or another one shining through, hide most windows and leave the low
    frequencies. Things on one drawing have near hashes, too: they must clearly be no variants, and
    thumbnails are left out.

    Args:
        match: Of whole pictures.
        bits: In how many of 256 the hashes differ.
    """
    evidence, variation = match.evidence, match.variation
    if match.log_odds >= 0 or evidence.is_small or evidence.agreement.overlap < _WHOLE_SHARE:
        return match
    if variation is None or variation.log_odds > (_NO_VARIANT if match.is_product else 0):
        return match
    odds = match.log_odds + min(_MOST_BACKING, (_UNBACKED_BITS - bits) / _BITS_OF_BACKING)
    return replace(match, log_odds=min(odds, _HARDLY)) if odds >= 0 else match


def backed_by_detail(match: VerifiedMatch) -> VerifiedMatch:
    """Take a mapping that does not quite hold for one that just does, where details are kept.

    Words over a picture, and uneven light on plain ground, bring texture that the stored one has
    not; where that one has some, the query has the same. Other things must clearly be no variants.

    What was bent until it fits proves nothing by fitting: two wallets do, too.

    Args:
        match: Of whole pictures.
    """
    agreement, variation = match.evidence.agreement, match.variation
    if match.log_odds >= 0 or variation is None or agreement.overlap < _WHOLE_SHARE:
        return match
    if "bend" in match.correction:
        return match
    is_backed = any(
        agreement.kept >= kept
        and match.evidence.colours.most <= colours
        and variation.log_odds <= log_odds
        for kept, colours, log_odds in _kept_by(match.evidence)
    )
    return replace(match, log_odds=_HARDLY) if is_backed else match


def _kept_by(evidence: Evidence) -> tuple[tuple[float, float, float], ...]:
    """Return how much texture is kept at least, at most by how much colours differ, and the odds.

    Things of one shape keep much, and thumbnails of them nearly all.
    """
    if evidence.is_small:
        return _KEPT_OF_THUMBNAILS
    return _KEPT_OF_PRODUCTS if evidence.on_plain_ground else _KEPT_OF_SCENES


def truest(found: dict[int, VerifiedMatch]) -> dict[int, VerifiedMatch]:
    """Leave out pictures of products that another explains better: same shape, truer colours.

    Args:
        found: Copies by part id.
    """
    kept = {}
    for part_id, match in found.items():
        rivals = [one for one in found.values() if one.is_product and _show_the_same(one, match)]
        least = min((_colours(one) for one in rivals), default=0.0)
        if not match.is_product or _colours(match) <= least + _TRUER_COLOURS:
            kept[part_id] = match
    return kept


def _colours(match: VerifiedMatch) -> float:
    return match.evidence.colours.most_with_plain


def _show_the_same(one: VerifiedMatch, other: VerifiedMatch) -> bool:
    """Tell whether two mappings are of about the same part of the query."""
    first, second = _shown(one), _shown(other)
    across = min(first.x + first.w, second.x + second.w) - max(first.x, second.x)
    down = min(first.y + first.h, second.y + second.h) - max(first.y, second.y)
    shared = max(0.0, across) * max(0.0, down)
    return shared > 0.5 * (first.w * first.h + second.w * second.h - shared)


def _shown(match: VerifiedMatch) -> ShownRegion:
    """Return where the query shows the stored picture."""
    return _box(_mapped(_CORNERS, np.asarray(np.linalg.inv(match.mapping), np.float64)))


def judged(match: VerifiedMatch) -> Judgement:
    """Name a mapping of a copy that holds."""
    certainty = _chance(match.log_odds) * (1 - _chance_of_variant(match))
    return _placed(match, _named(match), certainty)


def judged_variant(match: VerifiedMatch) -> Judgement:
    """Name a mapping between two pictures on one template."""
    certainty = _chance_of_variant(match)
    if _has_other_colours(match):
        certainty = max(certainty, _OTHER_COLOURS_VARY)
    if match.log_odds < 0:
        certainty *= match.evidence.agreement.share
    regions = () if match.variation is None else match.variation.regions
    differing = tuple(ShownRegion(*(round(one, 4) for one in region)) for region in regions)
    return replace(_placed(match, "variant", certainty), differing=differing)


def _placed(match: VerifiedMatch, verdict: Verdict, certainty: float) -> Judgement:
    backwards = np.asarray(np.linalg.inv(match.mapping), np.float64)
    return Judgement(
        verdict,
        round(max(0.5, certainty), 4),
        _box(_mapped(_CORNERS, backwards)),
        _box(_mapped(_CORNERS, match.mapping)),
        tuple((_rounded(x), _rounded(y)) for x, y in _mapped(_CORNERS, backwards)),
        round(match.turn.angle, 1),
        match.turn.mirrored,
    )


def _chance_of_variant(match: VerifiedMatch) -> float:
    return 0.0 if match.variation is None else _chance(match.variation.log_odds)


def _chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)


def _named(match: VerifiedMatch) -> Verdict:
    evidence = match.evidence
    shown = evidence.agreement.overlap
    if shown < _WHOLE_SHARE or evidence.query_share < _FRAMED_SHARE:
        return "part"
    if evidence.query_share < 0.9 and evidence.plain_share < _plain_needed(match):
        return "part"
    if match.turn.mirrored:
        return "mirrored"
    return "rotated" if abs(match.turn.angle) > _TURNED_DEGREES else "near-duplicate"


def _plain_needed(match: VerifiedMatch) -> float:
    """Return how plain the rest of the query is at least where it is a frame."""
    if _is_beside(match):
        return _PLAIN_IF_BESIDE
    shown = match.evidence.query_share
    if shown < _SMALL_SHARE:
        return _PLAIN_IF_SMALL
    return _PLAIN_IF_LARGE if shown >= _LARGE_SHARE else _PLAIN


def _is_beside(match: VerifiedMatch) -> bool:
    """Tell whether the query shows it as a tile: much room on one side, none on the other."""
    box = _shown(match)
    across, down = (box.x, 1 - box.x - box.w), (box.y, 1 - box.y - box.h)
    auxiliary = [max(one) >= _BESIDE and min(one) <= _AT_THE_EDGE for one in (across, down)]
    filled = [max(one) <= _AT_THE_EDGE for one in (across, down)]
    return any(auxiliary) and all(
        one or other for one, other in zip(auxiliary, filled, strict=True)
    )


def _rounded(value: float) -> float:
    return round(float(value), 4) + 0.0  # no -0.0


def _mapped(
    points: npt.NDArray[np.float64], mapping: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(cv2.perspectiveTransform(points[np.newaxis], mapping)[0], np.float64)


def _box(corners: npt.NDArray[np.float64]) -> ShownRegion:
    left, top = np.clip(corners.min(axis=0), 0, 1)
    right, bottom = np.clip(corners.max(axis=0), 0, 1)
    return ShownRegion(*(round(float(one), 4) for one in (left, top, right - left, bottom - top)))
