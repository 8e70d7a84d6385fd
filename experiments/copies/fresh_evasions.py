"""What hides a picture, beside ``fresh_changes`` and ``fresh_words``; written anew as well."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

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
from experiments.copies.fresh_words import heavy_caption, marked, typeface, words


def _grid(pixels: npt.NDArray[Any]) -> tuple[Floats, Floats]:
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
    draw.text((left, top - 1.8 * bar), words(random, 2), (60, 60, 60), typeface(random, 0.8 * bar))
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


EVASIVE: dict[str, FreshChange] = {
    name: _saved_between(change)
    for name, change in {
        "uneven-light": _lamp, "vignette": _dark_corners, "barrel": _barrel, "wave": _wave,
        "negative": _negative, "tiles-2x2": _tiled(2), "tiles-3x3": _tiled(3),
        "tiles-mirrored": _tiled(2, is_mirrored=True), "from-a-screen": _from_a_screen,
        "blend-25%": _blend, "heavy-marks": marked(0.09, 0.15, (0.5, 0.7), 2),
        "heavy-caption": heavy_caption, "desktop": _screen, "inset-8%": _inset,
    }.items()
}  # fmt: skip
