"""Tiles lie where their numbers say, however many there are."""

import io

import numpy as np
import pytest
from PIL import Image

from api.operations.numbered_sheet import numbered_sheet


def _plain(colour: tuple[int, int, int], size: tuple[int, int] = (300, 300)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "WEBP", lossless=True)
    return file.getvalue()


def _sheet(tiles: list[tuple[int, bytes | None]]) -> np.ndarray:
    opened = Image.open(io.BytesIO(numbered_sheet(tiles)))
    assert opened.format == "JPEG"
    return np.asarray(opened.convert("RGB")).astype(int)


@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
def test_every_number_of_tiles_fits(count: int) -> None:
    pixels = _sheet([(number, _plain((200, 0, 0))) for number in range(1, count + 1)])
    height, width = pixels.shape[:2]
    assert max(height, width) <= 1536
    reds = (pixels[..., 0] > 150) & (pixels[..., 1] < 80)
    assert reds.mean() > 0.6 * count / 30, "most of the sheet is pictures"


def test_tiles_are_in_rows_from_the_left_top() -> None:
    pixels = _sheet([(1, _plain((200, 0, 0))), (2, _plain((0, 0, 200))), (3, None)])
    height, width = pixels.shape[:2]
    assert pixels[height // 4, width // 4].argmax() == 0
    assert pixels[height // 4, 3 * width // 4].argmax() == 2
    assert np.ptp(pixels[3 * height // 4, width // 4]) < 10, "grey where there is no picture"


def test_numbers_are_drawn_in_the_corner() -> None:
    one, other = (_sheet([(number, _plain((255, 255, 255)))]) for number in (1, 88))
    differing = np.argwhere(np.abs(one - other).max(axis=-1) > 60)
    assert len(differing) > 20
    assert differing.max() < 60, "and nowhere else"


def test_small_pictures_have_small_tiles() -> None:
    pixels = _sheet([(number, _plain((200, 0, 0), (160, 120))) for number in range(1, 5)])
    assert pixels.shape[1] == 3 * 164 + 4
    assert _sheet([(1, _plain((200, 0, 0), (20, 20)))]).shape[1] == 128 + 8


def test_a_long_picture_is_not_distorted() -> None:
    pixels = _sheet([(1, _plain((200, 0, 0), (300, 30)))])
    reds = np.argwhere((pixels[..., 0] > 150) & (pixels[..., 1] < 80))
    tall, wide = reds.max(axis=0) - reds.min(axis=0) + 1
    assert wide / tall == pytest.approx(10, rel=0.15)
