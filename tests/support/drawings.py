"""Pictures for reverse lookup: with things at many scales, and of products that look alike."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from binocle.types import Part, PixelArray


@cache
def _drawn(seed: int, size: tuple[int, int]) -> Image.Image:
    random = np.random.default_rng(seed)
    values = np.zeros((size[1], size[0], 3), np.float32)
    for cells, weight in ((3, 0.5), (9, 0.3), (30, 0.25), (80, 0.15)):
        light = random.integers(0, 256, (cells * 3 // 4 + 1, cells, 1))
        tint = random.integers(-40, 41, (cells * 3 // 4 + 1, cells, 3))
        coarse = Image.fromarray(np.clip(light + tint, 0, 255).astype(np.uint8))
        scaled = coarse.resize(size, Image.Resampling.BICUBIC)
        values += weight * np.asarray(scaled, np.float32)
    return Image.fromarray(np.clip(values - 20, 0, 255).astype(np.uint8))


def drawn(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return a picture with soft light, things at many scales, and grain."""
    return _drawn(seed, size).copy()


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    if file_format == "PNG":
        options = {"compress_level": 1, **options}  # the same pixels in a fifth of the time
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def read(part: Part) -> bytes:
    return Path(part.uri).read_bytes()


def product(seed: int, colour: tuple[int, int, int], size: tuple[int, int]) -> Image.Image:
    """Return a thing of one colour with seams, knobs and shading, on white."""
    random = np.random.default_rng(seed)
    large = Image.new("RGB", (480, 640), (255, 255, 255))
    draw = ImageDraw.Draw(large)
    left, top, right, bottom = (random.integers(40, 130, 4) * (1, 1, -1, -1)).tolist()
    box = (left, top, 480 + right, 640 + bottom)
    draw.rounded_rectangle(box, 40, colour)
    for _ in range(14):
        x, y = random.integers(box[0], box[2] - 40), random.integers(box[1], box[3] - 40)
        w, h = random.integers(20, 130, 2)
        share = random.uniform(0.35, 1.25)
        shade = tuple(min(255, int(share * one)) for one in colour)
        draw.rounded_rectangle((x, y, min(x + w, box[2]), min(y + h, box[3])), 8, shade)
    return large.resize(size, Image.Resampling.LANCZOS)


def scene(seed: int = 0, side: int = 240) -> PixelArray:
    """Return a picture of shapes on a coloured ground."""
    random = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), random.integers(60, 200, 3), np.uint8)
    for _ in range(40):
        centre = tuple(int(one) for one in random.integers(0, side, 2))
        colour = tuple(int(one) for one in random.integers(0, 256, 3))
        cv2.circle(pixels, centre, int(random.integers(4, 30)), colour, -1)
    return pixels


def shirt(colour: tuple[int, int, int], side: int = 200) -> PixelArray:
    """Return a thing of one colour on white ground."""
    pixels = np.full((side, side, 3), 255, np.uint8)
    cv2.rectangle(pixels, (60, 50), (140, 170), colour, -1)
    cv2.rectangle(pixels, (30, 50), (60, 90), colour, -1)
    cv2.rectangle(pixels, (140, 50), (170, 90), colour, -1)
    darker = tuple(int(0.6 * one) for one in colour)
    cv2.line(pixels, (100, 50), (100, 170), darker, 3)
    for row in range(60, 170, 18):
        cv2.circle(pixels, (108, row), 3, darker, -1)
    return pixels


def check_change(
    change: Callable[[PixelArray, np.random.Generator, PixelArray], PixelArray],
    size: tuple[int, int],
) -> None:
    """Check that a change makes another picture, the same for one seed, and keeps what it takes."""
    picture, other = np.asarray(drawn(0, size)), np.asarray(drawn(1))
    before = picture.copy()
    made = [change(picture, np.random.default_rng(3), other) for _ in range(2)]
    assert np.array_equal(picture, before)
    assert made[0].dtype == np.uint8
    assert made[0].shape[2] == 3
    assert np.array_equal(made[0], made[1])
    if made[0].shape == picture.shape:
        assert np.abs(made[0].astype(int) - picture).mean() > 0.3
