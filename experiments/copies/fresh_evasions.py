"""What hides a picture, and what is put on it, beside ``fresh_changes``; written anew as well."""

import string
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from binocle.types import PixelArray
from experiments.copies.fresh_changes import (
    Floats,
    FreshChange,
    clipped,
    filling,
    mirrored,
    reopened,
    resized,
)

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


def _type(random: np.random.Generator, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return _font(str(random.choice(_FONTS)), max(6, round(size)))


def _words(random: np.random.Generator, count: int) -> str:
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
    face, ink = _type(random, size * height), _ink(random)
    style = random.integers(3)
    places = random.uniform(0.0, 0.92 - size, 3 if is_filled else 1)
    for place in np.sort(places):
        text, x = _words(random, 5), random.uniform(0.0, 0.25) * width
        box = draw.textbbox((x, place * height), text, face)
        if style == 0:
            draw.rectangle(box, (*(255 - np.array(ink)).tolist(), 190))
        stroke = max(1, round(size * height / 14)) if style == 1 else 0
        fill = tuple((255 - np.array(ink)).tolist())
        draw.text((x, place * height), text, ink, face, stroke_width=stroke, stroke_fill=fill)
    return np.asarray(image)


def _caption(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    return _lettered(pixels, random, random.uniform(0.06, 0.1), is_filled=False)


def _heavy_caption(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    return _lettered(pixels, random, random.uniform(0.13, 0.2), is_filled=True)


def _marked(low: float, high: float, opacity: tuple[float, float], cells: int) -> FreshChange:
    """Return a change that prints one name over and over, at an angle, half transparent."""

    def change(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
        height, width = pixels.shape[:2]
        size = max(height, width) * random.uniform(low, high)
        side = round(2 * np.hypot(height, width))
        mask = Image.new("L", (side, side), 0)
        draw = ImageDraw.Draw(mask)
        face, name = _type(random, size), _words(random, int(random.integers(1, 3)))
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
    face = _type(random, 0.7 * radius)
    draw.text((x, y), _words(random, 1)[:4], (10, 10, 60), face, anchor="mm")
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


def _grid(pixels: PixelArray) -> tuple[Floats, Floats]:
    """Return x and y of each pixel, -1 to 1 across the longer side."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    longer = max(height, width) / 2
    return (x - width / 2) / longer, (y - height / 2) / longer


def _lamp(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Light from a lamp at one side, or a shadow with a soft edge over a half."""
    x, y = _grid(pixels)
    turn = random.uniform(0, 2 * np.pi)
    if random.random() < 0.5:
        away = np.hypot(x - 1.2 * np.cos(turn), y - 1.2 * np.sin(turn))
        light = 0.3 + 1.1 * np.exp(-((away / random.uniform(1.0, 1.4)) ** 2))
    else:
        along = x * np.cos(turn) + y * np.sin(turn) + random.uniform(-0.3, 0.3)
        light = 0.4 + 0.75 / (1 + np.exp(-along / random.uniform(0.12, 0.3)))
    return clipped(pixels * light[..., None])


def _dark_corners(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    x, y = _grid(pixels)
    radius = np.hypot(x - random.uniform(-0.15, 0.15), y - random.uniform(-0.15, 0.15))
    light = np.cos(np.clip(radius * random.uniform(0.75, 1.0), 0, 1.45)) ** random.choice([2, 4])
    return clipped(pixels * np.maximum(light, 0.1)[..., None])


def _remapped(pixels: PixelArray, x: Floats, y: Floats) -> PixelArray:
    height, width = pixels.shape[:2]
    longer = max(height, width) / 2
    across, down = x * longer + width / 2, y * longer + height / 2
    return np.asarray(
        cv2.remap(pixels, across.astype(np.float32), down.astype(np.float32), cv2.INTER_CUBIC,
                  borderMode=cv2.BORDER_CONSTANT), np.uint8
    )  # fmt: skip


def _barrel(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    x, y = _grid(pixels)
    bend = random.uniform(0.1, 0.17)
    factor = (1 + bend * (x * x + y * y)) / random.choice([1.0, 1 + bend])
    return _remapped(pixels, x * factor, y * factor)


def _wave(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Waves along one or both sides, of 1.5 to 2.2 % of the side (a swing of twice that)."""
    x, y = _grid(pixels)
    swing = 2 * random.uniform(0.015, 0.022, 2) * random.choice([[1, 1], [1, 0], [0, 1]])
    turns, start = random.uniform(3, 8, 2), random.uniform(0, 6.28, 2)
    return _remapped(
        pixels,
        x + np.float32(swing[0]) * np.sin(turns[0] * y + start[0]),
        y + np.float32(swing[1]) * np.sin(turns[1] * x + start[1]),
    )


def _negative(pixels: PixelArray, _random: np.random.Generator, _other: PixelArray) -> PixelArray:
    return 255 - pixels


def _tiled(side: int, *, is_mirrored: bool = False) -> FreshChange:
    """Return a change that shows the middle of it as one of so many squares across and down."""

    def change(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
        own = mirrored(pixels, random, other) if is_mirrored else pixels
        cell, gap = round(random.uniform(480, 800) / side), int(random.integers(0, 12))
        sheet = np.full((side * cell, side * cell, 3), random.integers(0, 256), np.uint8)
        place = int(random.integers(side * side))
        for number in range(side * side):
            height, width = other.shape[:2]
            y = int(random.integers(0, max(1, height // 3)))
            x = int(random.integers(0, max(1, width // 3)))
            filler = np.rot90(other[y : y + 2 * height // 3, x : x + 2 * width // 3], number % 4)
            shown = own if number == place else np.ascontiguousarray(filler)
            tile = filling(shown, cell - gap, cell - gap)
            row, column = divmod(number, side)
            top, left = row * cell + gap // 2, column * cell + gap // 2
            sheet[top : top + cell - gap, left : left + cell - gap] = tile
        return sheet

    return change


def _blend(pixels: PixelArray, _random: np.random.Generator, other: PixelArray) -> PixelArray:
    ghost = filling(other, pixels.shape[1], pixels.shape[0])
    return clipped(0.75 * pixels.astype(np.float32) + 0.25 * ghost)


def _screen(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
    """A desktop: another picture behind, a window with a bar and a menu, icons, a dock."""
    height, width = pixels.shape[:2]
    wide = round(random.uniform(1.6, 2.4) * max(width, 1.2 * height))
    tall = max(round(wide * 0.6), round(1.4 * height))
    desk = filling(other, wide, tall)
    bar = max(5, tall // 28)
    left = int(random.integers(bar, wide - width - bar))
    top = int(random.integers(2 * bar, tall - height - 2 * bar))
    desk[top - 2 * bar : top + height + bar // 2, left - 3 : left + width + 3] = 225
    desk[top : top + height, left : left + width] = pixels
    image = Image.fromarray(desk)
    draw = ImageDraw.Draw(image)
    draw.text((left, top - 1.8 * bar), _words(random, 2), (60, 60, 60), _type(random, 0.8 * bar))
    for number, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        x = left + width - 1.4 * bar * (number + 1)
        draw.ellipse((x, top - 1.7 * bar, x + bar, top - 0.7 * bar), colour)
    draw.rectangle((0, 0, wide, bar), (245, 245, 245))
    for number in range(7):
        x = wide / 2 + (number - 3.5) * 2.2 * bar
        box = (x, tall - 1.9 * bar, x + 1.8 * bar, tall - 0.2 * bar)
        draw.rounded_rectangle(box, 0.3 * bar, tuple(random.integers(0, 256, 3).tolist()))
    return np.asarray(image)


def _inset(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
    """Within another picture, on 8 % of it, with a thin rim or none."""
    sheet = filling(other, 720, 540)
    factor = (0.08 * sheet.shape[0] * sheet.shape[1] / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    small = resized(pixels, pixels.shape[1] * factor, pixels.shape[0] * factor)
    rim = int(random.choice([0, 0, 3]))
    height, width = small.shape[:2]
    top = int(random.integers(rim, max(rim + 1, 540 - height - rim)))
    left = int(random.integers(rim, 720 - width - rim))
    height = min(height, 540 - top)
    sheet[max(0, top - rim) : top + height + rim, left - rim : left + width + rim] = 255
    sheet[top : top + height, left : left + width] = small[:height]
    return sheet


def _from_a_screen(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    """Photograph it from a screen: red, green and blue dots seen by coarser ones, slanted, lit."""
    dots = resized(pixels, 3 * pixels.shape[1], 3 * pixels.shape[0]).astype(np.float32)
    mask = np.full_like(dots, 0.62)
    for channel in range(3):
        mask[:, channel::3, channel] = 1.25
    mask[::3] *= 0.8
    lit = dots * mask
    height, width = lit.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    scale = random.uniform(0.4, 0.55)
    seen = corners * scale + random.uniform(-0.05, 0.05, (4, 2)) * (width * scale, height * scale)
    margin = 0.1 * scale * np.array([width, height])
    matrix = cv2.getPerspectiveTransform(corners, (seen + margin).astype(np.float32))
    frame = (round(1.2 * scale * width), round(1.2 * scale * height))
    wall = random.uniform(15, 70, 3).tolist()
    photo = cv2.warpPerspective(lit, matrix, frame, flags=cv2.INTER_LINEAR, borderValue=wall)
    x, y = _grid(photo)
    glare = 70 * np.exp(-(((x - random.uniform(-0.6, 0.6)) ** 2 + (y + 0.4) ** 2) / 0.08))
    light = 1 + random.uniform(-0.25, 0.25) * x + random.uniform(-0.2, 0.2) * y
    noise = random.normal(0, 4, photo.shape)
    return clipped(
        cv2.GaussianBlur(photo, (0, 0), 0.8) * light[..., None] + glare[..., None] + noise
    )


def _saved_between(change: FreshChange) -> FreshChange:
    def changed(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
        return reopened(change(pixels, random, other), int(random.integers(70, 95)))

    return changed


DRAWN: dict[str, FreshChange] = {
    "caption": _caption, "badge": _badge, "light-marks": _marked(0.05, 0.08, (0.2, 0.35), 4),
}  # fmt: skip
HIDDEN: dict[str, FreshChange] = {"redacted": _redacted}
EVASIVE: dict[str, FreshChange] = {
    name: _saved_between(change)
    for name, change in {
        "uneven-light": _lamp, "vignette": _dark_corners, "barrel": _barrel, "wave": _wave,
        "negative": _negative, "tiles-2x2": _tiled(2), "tiles-3x3": _tiled(3),
        "tiles-mirrored": _tiled(2, is_mirrored=True), "from-a-screen": _from_a_screen,
        "blend-25%": _blend, "heavy-marks": _marked(0.09, 0.15, (0.5, 0.7), 2),
        "heavy-caption": _heavy_caption, "desktop": _screen, "inset-8%": _inset,
    }.items()
}  # fmt: skip
