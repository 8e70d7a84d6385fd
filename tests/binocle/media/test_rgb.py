"""Pixels of any mode on white, in the colours of their profile."""

import io

import numpy as np
import pytest
from PIL import Image

from binocle.media.rgb import small_rgb
from tests.binocle.media.test_colour_profiles import COLOUR, encoded, rgb_profile, shown_as

ICC = rgb_profile("swapped")


@pytest.mark.parametrize("size", [(64, 64), (8, 8)])
def test_a_clear_colour_is_white_and_others_are_those_of_the_profile(size: tuple[int, int]) -> None:
    clear, opaque = (0, 0, 0), shown_as(COLOUR, ICC)
    image = Image.new("RGB", (64, 64), clear)
    image.paste(opaque, (32, 0, 64, 64))
    data = encoded(image, "PNG", icc_profile=ICC, transparency=clear)
    small, extent = small_rgb(Image.open(io.BytesIO(data)), size)
    pixels = np.asarray(small).astype(int)
    assert extent == small.size
    assert np.abs(pixels[:, 0] - 255).max() == 0
    assert np.abs(pixels[:, -1] - COLOUR).max() <= 6


@pytest.mark.parametrize(
    ("size", "least_pixels", "decoded"),
    [
        ((640, 480), 0, (320, 240)),  # 1.5 times what is wanted are left
        ((640, 480), 320 * 240, (320, 240)),
        ((640, 480), 320 * 240 + 1, (640, 480)),
        ((450, 450), 0, (450, 450)),
        ((1600, 1200), 0, (400, 300)),
    ],
)
def test_a_jpeg_is_decoded_no_larger_than_it_is_needed(
    size: tuple[int, int], least_pixels: int, decoded: tuple[int, int]
) -> None:
    image = Image.open(io.BytesIO(encoded(Image.new("RGB", size), "JPEG")))
    small_rgb(image, (160, 160), least_pixels=least_pixels)
    assert image.size == decoded
