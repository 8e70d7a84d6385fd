"""Is one picture made from the other? Local features propose a mapping, the pixels judge it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from binocle.fingerprints.agreement import agreement, windows_of
from binocle.fingerprints.colour_difference import colour_difference
from binocle.fingerprints.copy_classifier import Evidence, log_odds
from binocle.fingerprints.corrections.lettering import is_plainly_the_same, lettering, uncovered
from binocle.fingerprints.corrections.white_light import in_white_light
from binocle.fingerprints.geometry import Fit, fits, is_sound, turn_of
from binocle.fingerprints.greyscale import Grey
from binocle.fingerprints.mappings import (
    covered_of,
    fractions_of,
    swap_of,
    tiles_around,
    whole_mappings,
)
from binocle.fingerprints.overlay import SIDE, Mapping, Overlay, evenly_lit, overlaid, straightened
from binocle.fingerprints.picture_view import Box, PictureView
from binocle.fingerprints.variation import GRID_SIDE, variation
from binocle.fingerprints.verified_match import Correction, VerifiedMatch

_LEAST_SHARE = 0.3  # of the windows: where fewer agree it is no copy
_LEAST_LOG_ODDS, _LEAST_SHARE_OF_VARIANTS = -5.0, 0.7  # what has less of both is no variant
_LEAST_KEPT = 0.6  # of the stored picture's texture, under what may have been put on top
_LEAST_CORNERS, _LEAST_ALIKE = 12, 0.4  # of what may be corrected: others have less of both
_CORRECTED = 2  # mappings
_LEAST_CORNERS_OF_A_TILE = 20
_LEAST_OF_A_TILE = 0.4  # of the stored picture
_DOUBT_OF_TILES = 1.0  # log odds of a variant: shown small, a copy differs from what is stored
_DOUBT: dict[Correction, float] = {
    "none": 0.0, "light": 0.5, "bend": 1.0, "light and bend": 1.5, "words": 1.0,
}  # fmt: skip
_DOUBT_OF_WORDS = 1.0  # log odds of a variant: of a scene hardly anybody makes one
_DOUBT_OF_PRODUCTS = 1.5  # bent a little, one shoe looks like another


def verify(
    query: PictureView, stored: PictureView, *, mirrored: bool = False
) -> VerifiedMatch | None:
    """Return the best mapping from the query to a stored picture; None where there is none.

    Args:
        query: The picture asked for.
        stored: The picture that it may be made from.
        mirrored: Look for a mirrored copy, and for no other.
    """
    view = query.mirrored if mirrored else query
    found = fits(view.features, stored.features)
    swap = swap_of(query) if mirrored else np.eye(3)
    best = _best(query, stored, [(one.mapping @ swap, one.inliers) for one in found])
    if best is not None and best.holds:
        return best
    cut = [tile for one in found for tile in _cut(view, stored, one, swap)]
    known = [*cut, best] if best is not None else cut
    return max(known, key=lambda one: one.log_odds, default=None)


def verify_fitted(
    query: PictureView, stored: PictureView, found: Sequence[Fit]
) -> VerifiedMatch | None:
    """Return the best of some mappings that corners agree on; None where none holds."""
    return _best(query, stored, [(one.mapping, one.inliers) for one in found])


def _cut(
    query: PictureView, stored: PictureView, fit: Fit, swap: Mapping
) -> Iterator[VerifiedMatch]:
    """Compare only a part of a query that has the corners: the rest may be other pictures.

    Args:
        query: Mirrored where a mirrored copy is looked for.
        stored: The stored picture.
        fit: A mapping from the query.
        swap: The mapping from the query as it was asked for, pixels to pixels.
    """
    if fit.inliers < _LEAST_CORNERS_OF_A_TILE:
        return
    for box in tiles_around(fit.points, query.size):
        shift = np.array([[1.0, 0, box[0]], [0, 1, box[1]], [0, 0, 1]])
        tile = query.cut(box)
        match = _best(tile, stored, [(fit.mapping @ shift, fit.inliers)])
        if match is None or match.evidence.agreement.overlap < _LEAST_OF_A_TILE:
            continue
        share = tile.size[0] * tile.size[1] / (query.size[0] * query.size[1])
        within = fractions_of(tile.size) @ np.linalg.inv(shift) @ swap
        evidence, variation = match.evidence, match.variation
        if variation is not None:
            variation = replace(variation, log_odds=variation.log_odds - _DOUBT_OF_TILES)
        yield replace(
            match,
            variation=variation,
            mapping=match.mapping @ within @ np.linalg.inv(fractions_of(query.size)),
            turn=turn_of(fit.mapping @ swap, query.size),
            evidence=replace(evidence, query_share=evidence.query_share * share, plain_share=0.0),
        )


def verify_whole(
    query: PictureView, stored: PictureView, variant: int, tile: Box | None = None
) -> VerifiedMatch | None:
    """Return the mapping of all of a query to all of a stored picture, turned as its hash was.

    The query is also tried without its border, and the stored picture without its own.

    Args:
        query: The picture asked for.
        stored: The picture that it may be made from.
        variant: Which of ``hashes.VARIANTS`` of the query had the stored picture's hash.
        tile: The part of the query that had it; None for all of it.
    """
    return _best(query, stored, whole_mappings(query, stored, variant, tile))


def _best(
    query: PictureView, stored: PictureView, proposed: list[tuple[Mapping, int]]
) -> VerifiedMatch | None:
    matches = [
        match
        for mapping, inliers in proposed
        if is_sound(mapping, query.size)
        and (match := measured(query, stored, mapping, inliers)) is not None
    ]
    best = max(matches, key=_merit, default=None)
    if best is None:
        return None
    if best.log_odds < 0:
        hopeful = [one for one in matches if _may_be_corrected(one)]
        hopeful.sort(key=lambda one: -one.evidence.agreement.share)
        found = [
            other for one in hopeful[:_CORRECTED] for other in _corrections(query, stored, one)
        ]
        best = max([best, *found], key=_merit)
    best = _with_variation(query, stored, best)
    return best if best.holds else _without_words(query, stored, matches) or best


def _may_be_corrected(match: VerifiedMatch) -> bool:
    alike = max(match.evidence.agreement.share, match.evidence.agreement.kept)
    return match.evidence.inliers >= _LEAST_CORNERS or alike >= _LEAST_ALIKE


def _corrections(
    query: PictureView, stored: PictureView, match: VerifiedMatch
) -> Iterator[VerifiedMatch]:
    """Yield a mapping measured again with the query evenly lit, bent back, or both."""
    overlay = _laid(query, stored, match, SIDE)
    lit = None if overlay is None else evenly_lit(overlay)
    ways: list[tuple[Correction, Overlay | None]] = [("light", lit)]
    if lit is not None:
        ways.append(("light and bend", straightened(lit)))
    elif overlay is not None:
        ways.append(("bend", straightened(overlay)))
    for correction, corrected in ways:
        found = None if corrected is None else _evidence(match, corrected)
        if found is None:
            continue
        doubt = _DOUBT[correction]
        if "bend" in correction and match.is_product:
            doubt += _DOUBT_OF_PRODUCTS
        odds = log_odds(found) - doubt
        yield replace(match, evidence=found, log_odds=odds, correction=correction)


def _without_words(
    query: PictureView, stored: PictureView, matches: Sequence[VerifiedMatch]
) -> VerifiedMatch | None:
    """Measure again what is not hidden by large words; None where that makes no copy of it."""
    hopeful = [one for one in matches if _may_be_lettered(one)]
    for match in sorted(hopeful, key=lambda one: -one.evidence.agreement.share)[:_CORRECTED]:
        overlay, closer = (_laid(query, stored, match, side) for side in (SIDE, GRID_SIDE))
        hidden = None if closer is None else lettering(closer)
        if overlay is None or closer is None or hidden is None:
            continue
        seen = _evidence(match, uncovered(overlay, hidden))
        if seen is None or not is_plainly_the_same(seen.agreement):
            continue
        overlap = match.evidence.agreement.overlap
        seen = replace(seen, agreement=replace(seen.agreement, overlap=overlap))
        found = replace(match, evidence=seen, log_odds=log_odds(seen), correction="words")
        told = variation(uncovered(closer, hidden), seen, found.log_odds)
        if not match.is_product:
            told = replace(told, log_odds=told.log_odds - _DOUBT_OF_WORDS)
        found = replace(found, log_odds=found.log_odds - _DOUBT["words"], variation=told)
        if found.holds:
            return found
    return None


def _may_be_lettered(match: VerifiedMatch) -> bool:
    """Tell whether words may be what keeps it from being a copy; thumbnails show too little."""
    return _may_be_corrected(match) and not match.evidence.is_small


def _evidence(match: VerifiedMatch, overlay: Overlay) -> Evidence | None:
    windows = windows_of(overlay)
    if windows.share < _LEAST_SHARE:
        return None
    return replace(
        match.evidence,
        agreement=agreement(overlay, windows),
        colours=colour_difference(overlay, windows),
    )


def _with_variation(query: PictureView, stored: PictureView, match: VerifiedMatch) -> VerifiedMatch:
    """Look closer at what may be another product on the same drawing."""
    is_unlikely = match.log_odds < _LEAST_LOG_ODDS and match.evidence.agreement.kept < _LEAST_KEPT
    if is_unlikely and match.evidence.agreement.share < _LEAST_SHARE_OF_VARIANTS:
        return match
    if "bend" in match.correction and not match.is_product:
        return match  # what is left of bending looks like a difference
    closer = closely_overlaid(query, stored, match)
    if closer is None:
        return match
    return replace(match, variation=variation(closer, match.evidence, match.log_odds))


def closely_overlaid(
    query: PictureView, stored: PictureView, match: VerifiedMatch
) -> Overlay | None:
    """Lay a query upon a stored picture, finely enough to see which words differ."""
    overlay = _laid(query, stored, match, GRID_SIDE)
    if overlay is not None and "light" in match.correction:
        overlay = evenly_lit(overlay) or overlay
    if overlay is not None and "bend" in match.correction:
        overlay = straightened(overlay) or overlay
    return overlay


def _laid(
    query: PictureView, stored: PictureView, match: VerifiedMatch, side: int
) -> Overlay | None:
    pixels = np.linalg.inv(fractions_of(stored.size)) @ match.mapping @ fractions_of(query.size)
    return _in_pixels(query, stored, pixels, side)


def _in_pixels(
    query: PictureView, stored: PictureView, mapping: Mapping, side: int = SIDE
) -> Overlay | None:
    views = (query.grey, query.colours), (stored.grey, stored.colours)
    laid = overlaid(*views, mapping, side)
    is_product = stored.on_plain_ground or query.is_small or stored.is_small
    return None if laid is None else in_white_light(laid, is_product=is_product)


def _merit(match: VerifiedMatch) -> tuple[float, float]:
    return match.log_odds, match.evidence.agreement.share


def measured(
    query: PictureView, stored: PictureView, mapping: Mapping, inliers: int
) -> VerifiedMatch | None:
    """Measure how well a mapping holds; None where hardly anything overlaps, or little agrees.

    Args:
        query: The picture asked for.
        stored: The picture that it may be made from.
        mapping: ``(3, 3)`` float64 homography, pixels to pixels of their working sizes.
        inliers: Matched corners that follow it.
    """
    overlay = _in_pixels(query, stored, mapping)
    if overlay is None:
        return None
    windows = windows_of(overlay)
    if windows.share < _LEAST_SHARE:
        return None
    in_fractions = fractions_of(stored.size) @ mapping @ np.linalg.inv(fractions_of(query.size))
    inside = covered_of(in_fractions, query.size)
    evidence = Evidence(
        agreement(overlay, windows),
        colour_difference(overlay, windows),
        inliers,
        float(inside.mean()),
        _plain_share(query.grey[~inside]),
        query.is_small or stored.is_small,
        stored.on_plain_ground,
    )
    return VerifiedMatch(in_fractions, turn_of(mapping, query.size), evidence, log_odds(evidence))


def _plain_share(greys: Grey) -> float:
    """Return the share of a picture's two commonest greys, each with six levels either side."""
    if len(greys) < 500:
        return 1.0
    counts = np.bincount(greys, minlength=256)
    share = 0.0
    for _ in range(2):
        summed = np.convolve(counts, np.ones(13), "same")
        level = int(summed.argmax())
        share += float(summed[level])
        counts[max(0, level - 6) : level + 7] = 0
    return share / len(greys)
