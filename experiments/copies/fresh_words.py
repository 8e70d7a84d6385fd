"""Words, marks and badges on pictures, and what is made unreadable, beside ``fresh_changes``."""

import string
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from binocle.types import PixelArray
from experiments.copies.fresh_changes import FreshChange, clipped

_FONTS = ("DejaVuSerif-Bold.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSans.ttf",
          "DejaVuSansCondensed-BoldOblique.ttf", "DejaVuSerif-Italic.ttf")  # fmt: skip
_INKS = (
    (255, 255, 255),
    (255, 255, 0),
    (230, 30, 40),
    (20, 20, 20),
    (40, 220, 90),
    (250, 120, 200),
)


@lru_cache(256)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # this machine has no such font
        return ImageFont.load_default(size)


def typeface(
    random: np.random.Generator, size: float
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return one of some typefaces, at least 6 pixels high."""
    return _font(str(random.choice(_FONTS)), max(6, round(size)))


def words(random: np.random.Generator, count: int) -> str:
    """Return so many words of no language, in capitals or with one."""
    letters = list(string.ascii_lowercase)
    lengths = random.integers(2, 9, count)
    text = " ".join("".join(random.choice(letters, length)) for length in lengths)
    return text.upper() if random.random() < 0.4 else text.capitalize()


def _ink(random: np.random.Generator) -> tuple[int, int, int]:
    return _INKS[int(random.integers(len(_INKS)))]


def _lettered(
    pixels: PixelArray, random: np.random.Generator, size: float, *, is_filled: bool
) -> PixelArray:
    """Write lines of words in one or two places, in a box or with an outline or neither."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image, "RGBA")
    height, width = pixels.shape[:2]
    face, ink = typeface(random, size * height), _ink(random)
    style = random.integers(3)
    places = random.uniform(0.0, 0.92 - size, 3 if is_filled else 1)
    for place in np.sort(places):
        text, x = words(random, 5), random.uniform(0.0, 0.25) * width
        box = draw.textbbox((x, place * height), text, face)
        if style == 0:
            draw.rectangle(box, (*(255 - np.array(ink)).tolist(), 190))
        stroke = max(1, round(size * height / 14)) if style == 1 else 0
        fill = tuple((255 - np.array(ink)).tolist())
        draw.text((x, place * height), text, ink, face, stroke_width=stroke, stroke_fill=fill)
    return np.asarray(image)


def _caption(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    return _lettered(pixels, random, random.uniform(0.06, 0.1), is_filled=False)


def heavy_caption(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    """Write three lines as high as an eighth to a fifth of the picture."""
    return _lettered(pixels, random, random.uniform(0.13, 0.2), is_filled=True)


def marked(low: float, high: float, opacity: tuple[float, float], cells: int) -> FreshChange:
    """Return a change that prints one name over and over, at an angle, half transparent."""

    def change(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
        height, width = pixels.shape[:2]
        size = max(height, width) * random.uniform(low, high)
        side = round(2 * np.hypot(height, width))
        mask = Image.new("L", (side, side), 0)
        draw = ImageDraw.Draw(mask)
        face, name = typeface(random, size), words(random, int(random.integers(1, 3)))
        across = max(1.0, draw.textlength(name, face)) * random.uniform(1.1, 1.4)
        step = size * cells * random.uniform(0.9, 1.2)
        for row in range(int(side / step) + 1):
            for column in range(int(side / across) + 1):
                at = ((column - 0.5 * (row % 2)) * across, row * step)
                draw.text(at, name, 255, face)
        angle = float(random.uniform(-50, 50))
        turned = np.asarray(mask.rotate(angle, Image.Resampling.BILINEAR), np.float32) / 255
        top, left = (side - height) // 2, (side - width) // 2
        cover = turned[top : top + height, left : left + width, None] * random.uniform(*opacity)
        ink = np.array(random.choice([[255] * 3, [255] * 3, [0] * 3, [200, 30, 30]]), np.float32)
        return clipped(pixels * (1 - cover) + ink * cover)

    return change


def _badge(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Put a round badge with a few letters near a corner."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    radius = random.uniform(0.07, 0.13) * min(image.size)
    x = random.choice([1.3 * radius, image.width - 1.3 * radius])
    y = random.choice([1.3 * radius, image.height - 1.3 * radius])
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), _ink(random), "white", 2)
    face = typeface(random, 0.7 * radius)
    draw.text((x, y), words(random, 1)[:4], (10, 10, 60), face, anchor="mm")
    return np.asarray(image)


def _redacted(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Hide two or three places: by black bars, by large squares, or by blur."""
    changed = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(int(random.integers(2, 4))):
        h, w = round(random.uniform(0.1, 0.3) * height), round(random.uniform(0.15, 0.35) * width)
        top, left = int(random.integers(0, height - h)), int(random.integers(0, width - w))
        place = changed[top : top + h, left : left + w]
        way = int(random.integers(3))
        if way == 0:
            place[:] = 0
        elif way == 1:
            few = cv2.resize(place, (4, 3), interpolation=cv2.INTER_AREA)
            place[:] = cv2.resize(few, (w, h), interpolation=cv2.INTER_NEAREST)
        else:
            place[:] = cv2.GaussianBlur(place, (0, 0), max(2, w / 8))
    return changed


DRAWN: dict[str, FreshChange] = {
    "caption": _caption, "badge": _badge, "light-marks": marked(0.05, 0.08, (0.2, 0.35), 4),
}  # fmt: skip
HIDDEN: dict[str, FreshChange] = {"redacted": _redacted}
