"""Colours are compared in the stored picture's light, and a thing in another colour stays one."""

import numpy as np
import pytest

from binocle.fingerprints.corrections.white_light import in_white_light
from binocle.fingerprints.overlay import Overlay, overlaid
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import verify_whole
from binocle.types import PixelArray
from search.copies.verdicts import is_copy
from tests.support.drawings import shirt

BLUE, GREEN = (30, 60, 160), (150, 200, 140)


def warmer(pixels: PixelArray, gains: tuple[float, ...] = (1.15, 1.0, 0.8)) -> PixelArray:
    return np.asarray(np.clip(pixels * np.array(gains), 0, 255), np.uint8)


def in_two_inks(pixels: PixelArray) -> PixelArray:
    dark, light = np.array([50.0, 10.0, 40.0]), np.array([250.0, 240.0, 190.0])
    grey = pixels @ np.array([0.2126, 0.7152, 0.0722]) / 255
    return np.asarray(np.rint(dark + grey[..., None] * (light - dark)), np.uint8)


def laid(query: PixelArray, stored: PixelArray) -> Overlay:
    one, other = PictureView(query), PictureView(stored)
    found = overlaid((one.grey, one.colours), (other.grey, other.colours), np.eye(3))
    assert found is not None
    return found


def test_light_that_all_of_a_picture_is_seen_in_is_taken_out() -> None:
    found = laid(warmer(shirt(BLUE)), shirt(BLUE))
    lit = in_white_light(found, is_product=True)
    assert np.abs(found.query_colours - found.stored_colours).mean() > 15
    assert np.abs(lit.query_colours - lit.stored_colours).mean() < 8
    assert lit.query is found.query


def test_what_is_printed_in_two_inks_becomes_grey() -> None:
    lit = in_white_light(laid(in_two_inks(shirt(BLUE)), shirt(BLUE)), is_product=True)
    assert np.ptp(lit.query_colours, axis=2).max() < 1


@pytest.mark.parametrize("other", [shirt(GREEN), shirt(BLUE)])
def test_on_the_same_ground_nothing_is_changed(other: PixelArray) -> None:
    found = laid(other, shirt(BLUE))
    assert in_white_light(found, is_product=True) is found


def test_a_scene_in_two_inks_becomes_grey_whatever_its_ground() -> None:
    dark = (shirt(BLUE) * 0.5).astype(np.uint8)
    inked = (dark @ np.array([0.3, 0.6, 0.1]))[..., None] * (1.6, 0.5, 0.9)
    strong = laid(np.asarray(inked, np.uint8), dark)
    assert in_white_light(strong, is_product=True) is strong
    assert np.ptp(in_white_light(strong, is_product=False).query_colours, axis=2).max() < 1


def test_without_light_ground_nothing_is_known_of_the_light() -> None:
    dark = (shirt(BLUE) * 0.5).astype(np.uint8)
    found = laid(warmer(dark), dark)
    assert in_white_light(found, is_product=True) is found


@pytest.mark.parametrize(
    ("query", "copied"),
    [
        (in_two_inks(shirt(BLUE)), True),
        (warmer(shirt(BLUE)), True),
        (warmer(shirt(BLUE), (1.2, 1.0, 0.6)), True),
        (shirt(GREEN), False),
        (warmer(shirt(GREEN)), False),
    ],
)
def test_a_product_in_another_light_is_a_copy_and_in_another_colour_none(
    query: PixelArray, copied: bool
) -> None:
    match = verify_whole(PictureView(query), PictureView(shirt(BLUE)), 0)
    assert match is not None
    assert is_copy(match) == copied
