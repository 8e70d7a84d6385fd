"""Large words over a picture are told from things that are its own, and left out of comparing."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from binocle.fingerprints.agreement import Agreement
from binocle.fingerprints.corrections.lettering import is_plainly_the_same, lettering, uncovered
from binocle.fingerprints.overlay import Overlay, overlaid
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import verify_whole
from binocle.types import PixelArray
from search.copies.verdicts import is_copy
from tests.support.drawings import drawn, scene

INKS = [(255, 255, 255), (250, 230, 40), (10, 10, 10)]


def captioned(pixels: PixelArray, ink: tuple[int, int, int] = INKS[0]) -> PixelArray:
    """Write three lines, each as high as a seventh of the picture."""
    changed = pixels.copy()
    height, width = pixels.shape[:2]
    for row in (0.22, 0.55, 0.9):
        at, size = (4, int(row * height)), width / 135
        cv2.putText(changed, "BIG NEWS", at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, 11)
    return changed


def laid(query: PixelArray, stored: PixelArray) -> Overlay:
    one, other = PictureView(query), PictureView(stored)
    found = overlaid((one.grey, one.colours), (other.grey, other.colours), np.eye(3), 256)
    assert found is not None
    return found


@pytest.mark.parametrize("ink", INKS)
def test_large_words_are_found_where_they_are(ink: tuple[int, int, int]) -> None:
    stored = np.asarray(drawn(1))
    query = captioned(stored, ink)
    overlay = laid(query, stored)
    hidden = lettering(overlay)
    assert hidden is not None
    written = (query != stored).any(axis=2)
    shown = cv2.resize(written.astype(np.uint8), hidden.shape[::-1]) > 0
    assert (hidden & shown).sum() > 0.9 * shown.sum()
    assert hidden.sum() < 0.8 * hidden.size
    left = uncovered(overlay, hidden)
    difference = np.abs(left.query - left.stored)[left.covered]
    assert np.percentile(difference, 95) < 8


@pytest.mark.parametrize("stored", [np.asarray(drawn(1)), scene(0), scene(1)])
def test_a_picture_under_large_words_is_a_copy(stored: PixelArray) -> None:
    found = verify_whole(PictureView(captioned(stored)), PictureView(stored), 0)
    assert found is not None
    assert found.correction == "words"
    assert found.evidence.agreement.overlap > 0.95
    assert is_copy(found)


def test_of_what_words_leave_nearly_all_must_agree() -> None:
    same = Agreement(share=0.95, correlation=0.99, kept=0.98, overlap=0.5)
    assert is_plainly_the_same(same)
    for other in (
        replace(same, share=0.85),
        replace(same, correlation=0.95),
        replace(same, kept=0.92),
    ):
        assert not is_plainly_the_same(other)


def test_another_picture_under_the_same_words_is_no_copy() -> None:
    query, stored = captioned(np.asarray(drawn(0))), captioned(np.asarray(drawn(2)))
    found = verify_whole(PictureView(query), PictureView(stored), 0)
    assert found is None or not is_copy(found)


def in_other_colours(pixels: PixelArray) -> PixelArray:
    return np.ascontiguousarray(pixels[..., [2, 0, 1]])


def with_a_sticker(pixels: PixelArray) -> PixelArray:
    changed = pixels.copy()
    changed[30:150, 40:220] = (250, 240, 60)
    return changed


@pytest.mark.parametrize("change", [in_other_colours, with_a_sticker, np.copy])
def test_other_colours_and_a_sticker_are_no_words(
    change: Callable[[PixelArray], PixelArray],
) -> None:
    assert lettering(laid(change(scene()), scene())) is None
