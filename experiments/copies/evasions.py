"""What keeps a picture from being known again: light, lenses, ink, screens, collages, blends.

Fifteen further changes beside ``experiments.copies.transformations``; most are stronger than what
people do to pictures without meaning to hide them.
"""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from experiments.copies.overlays import Change, Random, font, words
from experiments.copies.transformations import NEAR, PART, TURNED, Transformation

_MIRRORED_PART = PART | {"mirrored"}


def _light_gradient(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Light from one side: 0.35 of it at one edge, 1.35 at the other, in any direction."""
    angle = random.uniform(0, 2 * np.pi)
    x, y = _places(image)
    along = x * np.cos(angle) + y * np.sin(angle)
    along = (along - along.min()) / max(1e-6, float(np.ptp(along)))
    return _lit(image, 0.35 + along)


def _vignette(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Dark corners: a fifth to two fifths of the light is left there."""
    x, y = _places(image)
    left = random.uniform(0.2, 0.4)
    return _lit(image, 1 - (1 - left) * np.hypot(x, y) ** 2 / 2)


def _barrel(image: Image.Image, _random: Random, _other: Image.Image) -> Image.Image:
    """Bend straight lines outwards: radial distortion of 0.15."""
    x, y = _places(image)
    factor = 1 + 0.15 * (x * x + y * y)
    return _moved(image, x * factor, y * factor)


def _wave(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Shift rows and columns to and fro by 2 % of a side, two to four times."""
    x, y = _places(image)
    turns, phase = random.uniform(2, 4) * np.pi, random.uniform(0, 2 * np.pi, 2)
    return _moved(
        image, x + 0.04 * np.sin(turns * y + phase[0]), y + 0.04 * np.sin(turns * x + phase[1])
    )


def _inverted(image: Image.Image, _random: Random, _other: Image.Image) -> Image.Image:
    return ImageOps.invert(image)


def _cropped_collage(side: int, *, mirrored: bool = False) -> Change:
    """Return a change that makes the middle of a picture one of ``side ** 2`` square tiles."""

    def change(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
        fillers = [other, ImageOps.flip(other), other.rotate(90, expand=True), other.rotate(180)]
        tile, gap = 640 // side, int(random.integers(0, 9))
        sheet = Image.new("RGB", (side * tile, side * tile), (255, 255, 255))
        place = int(random.integers(0, side * side))
        for number in range(side * side):
            shown = fillers[number % len(fillers)]
            if number == place:
                shown = ImageOps.mirror(image) if mirrored else image
            at = (number % side * tile + gap // 2, number // side * tile + gap // 2)
            sheet.paste(ImageOps.fit(shown, (tile - gap, tile - gap)), at)
        return sheet

    return change


def _blended(share: float) -> Change:
    """Return a change that lets another picture shine through with so much weight."""
    return lambda image, _random, other: Image.blend(image, ImageOps.fit(other, image.size), share)


def _heavy_watermark(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Write slanting words all over, half opaque, as agencies do."""
    side = round(1.5 * max(image.size))
    layer = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    size = max(image.size) / random.uniform(7, 11)
    ink = (255, 255, 255, 150) if random.random() < 0.7 else (20, 20, 20, 150)
    for row in range(round(side / (1.6 * size))):
        draw.text((-size * (row % 3), 1.6 * size * row), words(random, 8), ink, font(size))
    layer = layer.rotate(30)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    layer = layer.crop((left, top, left + image.width, top + image.height))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _heavy_caption(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Write words as large as a fifth of the height over the top, the middle and the bottom."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    size = image.height / 6
    ink = tuple(int(one) for one in random.choice([(255, 255, 255), (255, 230, 0), (0, 0, 0)]))
    for place in (0.02, 0.4, 0.8):
        draw.text((image.width * 0.03, image.height * place), words(random, 4), ink, font(size),
                  stroke_width=max(1, round(size / 12)), stroke_fill=(0, 0, 0))  # fmt: skip
    return changed


def _desktop(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
    """Show it in a window on a desktop that has a picture behind, icons, and a bar of tasks."""
    scale = random.uniform(1.7, 2.3)
    size = (round(scale * image.width), round(scale * 0.75 * max(image.width, image.height)))
    size = (max(size[0], round(1.3 * image.width)), max(size[1], round(1.35 * image.height)))
    screen = ImageOps.fit(other, size).filter(ImageFilter.GaussianBlur(2))
    draw = ImageDraw.Draw(screen)
    unit = max(4, size[1] // 30)
    left = int(random.integers(unit, max(unit + 1, size[0] - image.width - unit)))
    top = int(random.integers(2 * unit, max(2 * unit + 1, size[1] - image.height - 2 * unit)))
    box = (left - 2, top - unit, left + image.width + 2, top + image.height + 2)
    draw.rectangle(box, (240, 240, 240))
    draw.text((left + 4, top - unit), words(random, 3), (30, 30, 30), font(0.7 * unit))
    for number in range(5):
        corner = (unit, unit * (2 + 3 * number))
        end = (corner[0] + 1.5 * unit, corner[1] + 1.5 * unit)
        draw.rectangle((*corner, *end), tuple(int(one) for one in random.integers(0, 256, 3)))
    draw.rectangle((0, size[1] - 1.5 * unit, size[0], size[1]), (28, 30, 40))
    screen.paste(image, (left, top))
    return screen


def _inset(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
    """Show it as 8 % of the area of another picture."""
    sheet = ImageOps.fit(other, (640, 480))
    ratio = (0.08 * 640 * 480 / (image.width * image.height)) ** 0.5
    small = image.resize((round(image.width * ratio), round(image.height * ratio)))
    left = int(random.integers(0, 641 - small.width))
    top = int(random.integers(0, 481 - small.height))
    sheet.paste(small, (left, top))
    return sheet


def _photographed_screen(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Photograph it from a screen: its dots, light from one side, a slight slant, soft."""
    large = image.resize((2 * image.width, 2 * image.height), Image.Resampling.BICUBIC)
    values = np.asarray(large, np.float32)
    rows = 1 + 0.12 * np.sin(np.arange(values.shape[0]) * random.uniform(1.6, 2.6))
    columns = 1 + 0.12 * np.sin(np.arange(values.shape[1]) * random.uniform(1.6, 2.6))
    values = values * rows[:, None, None].astype(np.float32)
    values = values * columns[None, :, None].astype(np.float32)
    height, width = values.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = corners * 0.86 + 0.07 * np.array([width, height], np.float32)
    seen += random.uniform(-0.05, 0.05, (4, 2)).astype(np.float32) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    room = tuple(random.uniform(10, 60, 3).tolist())
    seen_values = cv2.warpPerspective(values, matrix, (width, height), borderValue=room)
    photo = Image.fromarray(np.clip(seen_values, 0, 255).astype(np.uint8))
    photo = photo.filter(ImageFilter.GaussianBlur(1.2))
    x, y = _places(photo)
    return _lit(photo, 0.9 + 0.25 * x * random.choice([-1, 1]) + 0.15 * y)


def _places(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(h, w)`` float32 x and y of each pixel, -1 to 1."""
    x, y = np.meshgrid(np.linspace(-1, 1, image.width), np.linspace(-1, 1, image.height))
    return x.astype(np.float32), y.astype(np.float32)


def _lit(image: Image.Image, light: np.ndarray) -> Image.Image:
    values = np.asarray(image, np.float32) * light[..., None].astype(np.float32)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _moved(image: Image.Image, x: np.ndarray, y: np.ndarray) -> Image.Image:
    """Return the picture whose pixels are those at other places, -1 to 1."""
    across = ((x + 1) / 2 * (image.width - 1)).astype(np.float32)
    down = ((y + 1) / 2 * (image.height - 1)).astype(np.float32)
    moved = cv2.remap(
        np.asarray(image), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return Image.fromarray(np.asarray(moved, np.uint8))


EVASIONS: tuple[Transformation, ...] = (
    Transformation("light-gradient", NEAR, "strong", _light_gradient),
    Transformation("vignette", NEAR, "strong", _vignette),
    Transformation("barrel", NEAR, "strong", _barrel),
    Transformation("wave", NEAR, "strong", _wave),
    Transformation("inverted", NEAR, "strong", _inverted),
    Transformation("collage-cropped-2x2", PART, "strong", _cropped_collage(2)),
    Transformation("collage-cropped-3x3", PART, "strong", _cropped_collage(3)),
    Transformation(
        "collage-mirrored-2x2", _MIRRORED_PART, "strong", _cropped_collage(2, mirrored=True)
    ),
    Transformation("blend-25%", NEAR, "strong", _blended(0.25)),
    Transformation("blend-50%", NEAR, "strong", _blended(0.5)),
    Transformation("heavy-watermark", NEAR, "strong", _heavy_watermark),
    Transformation("heavy-caption", NEAR, "strong", _heavy_caption),
    Transformation("desktop", NEAR | PART, "strong", _desktop),
    Transformation("inset-8%", PART, "strong", _inset),
    Transformation("photographed-screen", NEAR | TURNED, "strong", _photographed_screen),
)
