"""Where two pictures differ, and in what manner."""

import numpy as np
import pytest

from binocle.fingerprints.overlay import Overlay, overlaid
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.residual import Residual, differences, residual
from binocle.types import PixelArray
from tests.support.drawings import shirt


def overlay(query: PixelArray, stored: PixelArray) -> Overlay:
    one, other = PictureView(query), PictureView(stored)
    found = overlaid((one.grey, one.colours), (other.grey, other.colours), np.eye(3), 256)
    assert found is not None
    return found


def measured(query: PixelArray, stored: PixelArray) -> Residual:
    laid = overlay(query, stored)
    return residual(laid, differences(laid))


def marked(colour: tuple[int, int, int]) -> PixelArray:
    pixels = shirt((30, 60, 160))
    pixels[150:180, 10:40] = colour
    return pixels


def test_brightness_and_contrast_are_no_difference() -> None:
    stored = shirt((90, 120, 160))
    darker = (stored * 0.7 + 20).astype(np.uint8)
    found = measured(darker, stored)
    assert found.changed == 0
    assert found.same_greys == -1  # nothing to tell it by


def test_a_mark_on_the_ground_hides_ground_and_brings_a_colour_of_its_own() -> None:
    found = measured(marked((230, 20, 20)), shirt((30, 60, 160)))
    assert found.changed == pytest.approx(30 * 30 / 200**2, rel=0.3)
    assert found.spots == pytest.approx(np.log(2))
    assert found.stored_ground > 0.9
    assert found.query_ground < 0.2
    assert found.new_colours > 0.8
    assert found.lost_colours < 0.1


def test_the_two_pictures_swapped_swap_what_is_told_of_each() -> None:
    plain, drawn = shirt((30, 60, 160)), marked((230, 20, 20))
    one, other = measured(drawn, plain), measured(plain, drawn)
    assert other.new_colours == pytest.approx(one.lost_colours, abs=0.1)
    assert other.lost_colours == pytest.approx(one.new_colours, abs=0.1)
    assert other.texture_ratio * one.texture_ratio <= 0


def test_another_colour_of_the_thing_goes_one_way() -> None:
    found = measured(shirt((160, 60, 30)), shirt((30, 60, 160)))
    assert found.of_thing > 0.8
    assert found.hue_shift > 20
    assert found.hue_shift_together > 0.9
