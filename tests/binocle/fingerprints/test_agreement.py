"""Pictures agree where their windows correlate, whatever brightness and contrast."""

import cv2
import numpy as np

from binocle.fingerprints.agreement import Agreement, agreement, windows_of
from binocle.fingerprints.greyscale import grey_of
from binocle.fingerprints.overlay import Overlay, overlaid
from binocle.types import PixelArray
from tests.support.drawings import scene


def overlay(query: PixelArray, stored: PixelArray) -> Overlay:
    found = overlaid((grey_of(query, 240), query), (grey_of(stored, 240), stored), np.eye(3))
    assert found is not None
    return found


def of(query: PixelArray, stored: PixelArray) -> Agreement:
    laid = overlay(query, stored)
    return agreement(laid, windows_of(laid))


def plain() -> PixelArray:
    return np.full((240, 240, 3), 128, np.uint8)


def test_brightness_and_contrast_make_no_difference() -> None:
    fainter = np.clip(scene() * 0.6 + 50, 0, 255).astype(np.uint8)
    same, faint = of(scene(), scene()), of(fainter, scene())
    for found in (same, faint):
        assert found.share > 0.99
        assert found.correlation > 0.97
        assert found.coarse > 0.99
        assert found.overall > 0.99
        assert found.overlap == 1


def test_other_pictures_do_not_agree() -> None:
    found = of(scene(1), scene())
    assert found.share < 0.3
    assert found.correlation < 0.5
    assert found.overall < 0.5


def test_a_negative_correlates_the_other_way() -> None:
    found = of(255 - scene(), scene())
    assert found.share == 0
    assert found.correlation < -0.9
    assert found.energy < -0.9


def test_what_was_put_on_top_is_told_from_what_is_gone() -> None:
    edited = plain()
    edited[60:180, 60:180] = scene()[60:180, 60:180]
    base = plain()
    base[60:120, 60:180] = scene()[60:120, 60:180]
    assert of(edited, base).added > 0.2 > of(edited, base).gone
    assert of(base, edited).gone > 0.2 > of(base, edited).added


def test_what_is_put_on_top_leaves_what_is_kept_beside_it() -> None:
    stored = plain()
    stored[:, 120:] = scene()[:, 120:]
    query = stored.copy()
    query[:, :100] = scene(1)[:, :100]
    found = of(query, stored)
    assert found.share < 0.75
    assert found.kept > 0.97
    hidden = stored.copy()
    hidden[:120] = scene(1)[:120]
    assert 0.35 < of(hidden, stored).kept < 0.65
    assert of(scene(1), scene()).kept < 0.3
    assert of(255 - scene(), scene()).kept < -0.8


def test_plain_windows_tell_nothing() -> None:
    found = of(plain(), plain())
    assert found == Agreement(overlap=1.0)
    half = plain()
    cv2.circle(half, (60, 120), 40, (20, 20, 20), -1)
    assert 0 < of(half, half).textured < 0.3
    assert of(half, half).same > 0.9
