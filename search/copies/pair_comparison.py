"""What two stored pictures are of each other."""

import math
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeVar

import numpy as np
from cachetools import LRUCache

from binocle.catalog.types import KnownPicture
from binocle.fingerprints.fingerprint import (
    VARIANTS,
    distances,
    perceptual_hash,
    variant_hashes,
)
from binocle.fingerprints.geometry import fits
from binocle.fingerprints.greyscale import grey_levels
from binocle.fingerprints.local_features import LocalFeatures
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.residual import differences, residual
from binocle.fingerprints.verification import (
    closely_overlaid,
    verify,
    verify_fitted,
    verify_whole,
)
from binocle.fingerprints.verified_match import VerifiedMatch
from search.copies.keep_choice import Pair
from search.copies.originals import LEAST_ENLARGEMENT, drawn_side, is_enlarged
from search.copies.pairing import NO_FORM
from search.copies.stored_pictures import StoredPictures
from search.copies.verdicts import Judgement, is_copy, judged

_T = TypeVar("_T")
_VIEWS_KEPT = 512
_FEATURES_KEPT = 8_192  # pictures, 20 kB each: most pairs need nothing else to be told apart
_SAME_COLOURS = 4.0  # levels: one product in two shades is no duplicate


class PairComparison:
    """Compares stored pictures, and keeps those that were looked at last. Thread-safe.

    Attributes:
        pictures: Those that can be compared, by part id.
        unreadable: The part ids of those that were to be compared and could not be read.
    """

    def __init__(self, stored: StoredPictures) -> None:
        """Set up; ``pictures`` are filled in by whoever knows them."""
        self.pictures: Mapping[int, KnownPicture] = {}
        self.unreadable: set[int] = set()
        self._stored = stored
        self._views: LRUCache[int, PictureView | None] = LRUCache(_VIEWS_KEPT)
        self._features: LRUCache[int, LocalFeatures] = LRUCache(_FEATURES_KEPT)
        self._lock = Lock()

    def view(self, part_id: int) -> PictureView | None:
        """Return a picture in its working size; None where it cannot be read."""
        with self._lock:
            if part_id in self._views:
                return self._views[part_id]
        view = self._stored.view(self.pictures[part_id])
        with self._lock:
            self._views[part_id] = view
        return view

    def features(self, part_id: int) -> LocalFeatures | None:
        """Return a picture's corners, which are kept longer; None where it cannot be read."""
        with self._lock:
            if part_id in self._features:
                return self._features[part_id]
        view = self.view(part_id)
        if view is None:
            return None
        with self._lock:
            self._features[part_id] = view.features
        return view.features

    def judge(self, pair: Pair, variant: int) -> Judgement | None:
        """Return what two are of each other; None where they are no duplicates.

        Args:
            pair: Part ids.
            variant: Which form of the first has a near hash; ``NO_FORM`` for none.
        """
        match = self._match(pair, variant)
        return judged(match) if match is not None and _is_duplicate(match) else None

    def judge_anyhow(self, pair: Pair) -> Judgement | None:
        """Compare two in the form whose hash is nearest, and mirrored as well as not."""
        one, other = map(self.view, pair)
        if one is None or other is None:
            return None
        forms = distances(variant_hashes(one.grey), perceptual_hash(other.grey)[np.newaxis])
        matches = [
            verify_whole(one, other, int(forms.argmin())),
            verify(one, other),
            verify(one, other, mirrored=True),
        ]
        copies = [match for match in matches if match is not None and _is_duplicate(match)]
        best = max(copies, key=lambda match: match.log_odds, default=None)
        return judged(best) if best is not None else None

    def have_same_pixels(self, pair: Pair) -> bool:
        """Tell whether two are the same, pixel by pixel, in full size."""
        one, other = (self._stored.pixels(self.pictures[part_id]) for part_id in pair)
        return one is not None and other is not None and np.array_equal(one, other)

    def is_enlarged(self, pair: Pair) -> bool:
        """Tell whether the first of two is the second one enlarged."""
        large, small = (self.pictures[one] for one in pair)
        areas = (one.info.width * one.info.height for one in (large, small))
        enlargement = math.sqrt(next(areas) / next(areas))
        if enlargement < LEAST_ENLARGEMENT:
            return False
        pixels = self._stored.pixels(large)
        return pixels is not None and is_enlarged(grey_levels(pixels), enlargement)

    def drawn_on(self, pair: Pair) -> int | None:
        """Return which of two has words or a logo on it; None where nobody can tell."""
        one, other = map(self.view, pair)
        match = None if one is None or other is None else verify_whole(one, other, 0)
        if one is None or other is None or match is None or not is_copy(match):
            return None
        overlay = closely_overlaid(one, other, match)
        side = 0 if overlay is None else drawn_side(residual(overlay, differences(overlay)))
        return None if side == 0 else pair[0] if side > 0 else pair[1]

    def _match(self, pair: Pair, variant: int) -> VerifiedMatch | None:
        if variant == NO_FORM:
            return self._match_by_corners(pair)
        views = self._both(self.view, pair)
        if views is None:
            return None
        whole = verify_whole(*views, variant)
        if whole is not None and is_copy(whole):
            return whole
        return verify(*views, mirrored=VARIANTS[variant][1])

    def _match_by_corners(self, pair: Pair) -> VerifiedMatch | None:
        """Compare two by their corners; where these agree on no mapping, no pixels are needed."""
        corners = self._both(self.features, pair)
        found = fits(*corners) if corners is not None else []
        views = self._both(self.view, pair) if found else None
        return verify_fitted(*views, found) if views is not None else None

    def _both(self, read: Callable[[int], _T | None], pair: Pair) -> tuple[_T, _T] | None:
        """Return what is read of two pictures; None where one cannot be read, which is noted."""
        one, other = map(read, pair)
        if one is not None and other is not None:
            return one, other
        lost = [part_id for part_id, found in zip(pair, (one, other), strict=True) if found is None]
        with self._lock:
            self.unreadable.update(lost)
        return None


def _is_duplicate(match: VerifiedMatch) -> bool:
    """Tell copies from two shades of one product: who removes duplicates wants to keep those."""
    if match.is_product and match.evidence.colours.most > _SAME_COLOURS:
        return False
    return is_copy(match)
