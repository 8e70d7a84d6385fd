"""Changes of pictures that share nothing with ``transformations`` and ``evasions``.

What was fitted on those is tried on these: written anew from what people do to pictures, with
other fonts, places, sizes and amounts, and saved and opened again in between. A change takes
``(h, w, 3)`` uint8 RGB, a generator and another picture that is in no collection.
"""

import io
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from binocle.types import PixelArray

FreshChange: TypeAlias = Callable[[PixelArray, np.random.Generator, PixelArray], PixelArray]
Floats: TypeAlias = npt.NDArray[np.float32]

_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)


def clipped(values: npt.NDArray[Any]) -> PixelArray:
    """Return levels of 0 to 255 as whole numbers."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def saved(pixels: PixelArray, quality: int, file_format: str = "JPEG") -> bytes:
    """Return an encoded file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, quality=quality)
    return buffer.getvalue()


def reopened(pixels: PixelArray, quality: int, file_format: str = "JPEG") -> PixelArray:
    """Return the pixels of a saved file."""
    with Image.open(io.BytesIO(saved(pixels, quality, file_format))) as image:
        return np.asarray(image.convert("RGB"))


def resized(pixels: PixelArray, width: float, height: float) -> PixelArray:
    """Return a picture in another size, averaged where it shrinks."""
    size = (max(6, round(width)), max(6, round(height)))
    way = cv2.INTER_AREA if size[0] < pixels.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def filling(pixels: PixelArray, width: int, height: int) -> PixelArray:
    """Return the middle of a picture, scaled to fill a box."""
    factor = max(width / pixels.shape[1], height / pixels.shape[0])
    scaled = resized(
        pixels,
        max(width, round(pixels.shape[1] * factor)),
        max(height, round(pixels.shape[0] * factor)),
    )
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return scaled[top : top + height, left : left + width].copy()


def _scaled(low: float, high: float) -> FreshChange:
    def change(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
        factor = random.uniform(low, high)
        return resized(pixels, pixels.shape[1] * factor, pixels.shape[0] * factor)

    return change


def _recompressed(low: int, high: int, file_format: str) -> FreshChange:
    return lambda pixels, random, _other: reopened(
        pixels, int(random.integers(low, high)), file_format
    )


def _levels(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Stretch or squeeze the tones, as the levels of an editor do."""
    black, white = random.uniform(-45, 35), random.uniform(215, 310)
    return clipped((pixels.astype(np.float32) - black) * 255 / (white - black))


def _curve(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """An S-shaped tone curve, either way."""
    level = pixels.astype(np.float32) / 255
    bend = random.choice([-1, 1]) * random.uniform(0.06, 0.12)
    return clipped(255 * (level + bend * np.sin(2 * np.pi * level)))


def _exposure(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    stops = random.choice([-1, 1]) * random.uniform(0.4, 0.9)
    linear = (pixels.astype(np.float32) / 255) ** 2.2 * 2.0**stops
    return clipped(255 * np.clip(linear, 0, 1) ** (1 / 2.2))


def _warmth(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Warmer or colder light: red and blue the one up and the other down."""
    shift = random.choice([-1, 1]) * random.uniform(0.08, 0.2)
    return clipped(pixels * np.array([1 + shift, 1, 1 - shift], np.float32))


def _black_and_white(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    weights = random.dirichlet([3, 3, 3]).astype(np.float32)
    return np.repeat(clipped(pixels @ weights)[..., None], 3, axis=2)


def _duotone(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Grey shown from one dark to one light colour."""
    grey = (pixels @ _WEIGHTS)[..., None] / 255
    dark, light = random.uniform(0, 70, 3), random.uniform(185, 255, 3)
    return clipped(dark + grey * (light - dark))


def _faded(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """A filter of a phone: lifted blacks, less colour, a tint over all."""
    grey = (pixels @ _WEIGHTS)[..., None]
    mixed = grey + random.uniform(0.4, 0.8) * (pixels - grey)
    tint = random.uniform(0, 255, 3)
    return clipped(0.85 * (25 + mixed * 0.88) + 0.15 * tint)


def _hue_turned(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Turn the colours about the grey axis, as SVG's and CSS's ``hue-rotate`` do."""
    turn = np.deg2rad(random.choice([-1, 1]) * random.uniform(25, 150))
    grey = np.tile(_WEIGHTS, (3, 1))
    spread = np.eye(3) - grey
    cross = np.array([[-0.213, -0.715, 0.928], [0.143, 0.14, -0.283], [-0.787, 0.715, 0.072]])
    return clipped(pixels @ (grey + np.cos(turn) * spread + np.sin(turn) * cross).T)


def _channels_swapped(
    pixels: PixelArray, random: np.random.Generator, _other: PixelArray
) -> PixelArray:
    orders = ((2, 1, 0), (1, 0, 2), (0, 2, 1), (1, 2, 0))
    return pixels[..., list(orders[int(random.integers(4))])].copy()


def _vivid(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    grey = (pixels @ _WEIGHTS)[..., None]
    return clipped(grey + random.choice([0.35, 1.6, 2.1]) * (pixels - grey))


def _softened(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    side = max(3, round(min(pixels.shape[:2]) * random.uniform(0.008, 0.018))) | 1
    return np.asarray(cv2.blur(pixels, (side, side)), np.uint8)


def _grained(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Grain of two sizes, the same in all colours."""
    height, width = pixels.shape[:2]
    fine = random.normal(0, 9, (height, width))
    coarse = cv2.resize(random.normal(0, 9, (height // 2 + 1, width // 2 + 1)), (width, height))
    return clipped(pixels + (fine + coarse)[..., None])


def _crisp(pixels: PixelArray, _random: np.random.Generator, _other: PixelArray) -> PixelArray:
    soft = cv2.GaussianBlur(pixels, (0, 0), 2).astype(np.float32)
    return clipped(pixels + 1.1 * (pixels - soft))


def cropped(low: float, high: float) -> FreshChange:
    """Return a change that keeps such a share of the area: sides are cut by different amounts."""

    def change(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
        height, width = pixels.shape[:2]
        kept = random.uniform(low, high)
        across = kept ** random.uniform(0.35, 0.65)
        down = kept / across
        left, top = random.uniform(0, 1 - across), random.uniform(0, 1 - down)
        rows = slice(round(top * height), round((top + down) * height))
        return pixels[rows, round(left * width) : round((left + across) * width)].copy()

    return change


def _framed(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Frame it in one or two colours, unlike on all sides."""
    longer = max(pixels.shape[:2])
    for _ in range(int(random.integers(1, 3))):
        colour = [int(one) for one in random.integers(0, 256, 3)]
        top, bottom, left, right = (int(one) for one in random.uniform(0.01, 0.08, 4) * longer)
        pixels = np.asarray(
            cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour),
            np.uint8,
        )
    return pixels


def _story(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Show it on an upright sheet with itself, blurred, behind."""
    height, width = pixels.shape[:2]
    tall = round(max(1.4 * height, 1.5 * width))
    ground = cv2.GaussianBlur(filling(pixels, width, tall), (0, 0), width / 12)
    sheet = clipped(0.6 * ground)
    top = round((tall - height) * random.uniform(0.3, 0.7))
    sheet[top : top + height] = pixels
    return sheet


def mirrored(pixels: PixelArray, _random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Swap left and right."""
    return np.ascontiguousarray(pixels[:, ::-1])


def _quarter(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    return np.ascontiguousarray(np.rot90(pixels, int(random.integers(1, 4))))


def turned(low: float, high: float, *, is_cut: bool) -> FreshChange:
    """Return a change that turns by so many degrees; what is outside is cut off, or filled."""

    def change(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
        height, width = pixels.shape[:2]
        angle = random.choice([-1, 1]) * random.uniform(low, high)
        factor = 1.0 + (abs(np.sin(np.deg2rad(angle))) if is_cut else 0.0)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, factor)
        fill = [int(one) for one in random.choice([[255] * 3, [128] * 3, [0] * 3])]
        return np.asarray(
            cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC,
                           borderMode=cv2.BORDER_CONSTANT, borderValue=fill), np.uint8
        )  # fmt: skip

    return change


def _stretched(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    ratio = random.choice([-1, 1]) * random.uniform(0.2, 0.4)
    return resized(
        pixels, pixels.shape[1] * np.exp(ratio / 2), pixels.shape[0] * np.exp(-ratio / 2)
    )


def _slanted(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    """Seen from the side, from above or below, on a plain table."""
    height, width = pixels.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = corners.copy()
    near = int(random.integers(4))
    push = random.uniform(0.08, 0.16) * (height if near % 2 else width)
    axis = 1 if near % 2 else 0
    for corner, sign in ((near, 1), ((near + 1) % 4, -1)):
        middle = seen[:, axis].mean()
        seen[corner, axis] += sign * push if corners[corner, axis] < middle else -abs(push)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    table = [int(one) for one in random.integers(40, 220, 3)]
    return np.asarray(
        cv2.warpPerspective(pixels, matrix, (width, height), borderValue=table), np.uint8
    )


def _posterized(pixels: PixelArray, random: np.random.Generator, _other: PixelArray) -> PixelArray:
    step = 255 / int(random.integers(4, 7))
    return clipped(np.rint(pixels / step) * step)


def _in_a_row(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
    """Beside another picture of one height, left or right, or above or below."""
    if random.random() < 0.5:
        height = pixels.shape[0]
        wide = resized(other, height * other.shape[1] / other.shape[0], height)
        pair = [pixels, wide] if random.random() < 0.5 else [wide, pixels]
        return np.concatenate(pair, axis=1)
    width = pixels.shape[1]
    tall = resized(other, width, width * other.shape[0] / other.shape[1])
    pair = [pixels, tall] if random.random() < 0.5 else [tall, pixels]
    return np.concatenate(pair, axis=0)


def chain(*changes: FreshChange) -> FreshChange:
    """Return several changes, one after the other, saved in between."""

    def change(pixels: PixelArray, random: np.random.Generator, other: PixelArray) -> PixelArray:
        for one in changes:
            pixels = reopened(one(pixels, random, other), int(random.integers(60, 90)))
        return pixels

    return change


MILD: dict[str, FreshChange] = {
    "scale-0.45-0.9": _scaled(0.45, 0.9), "scale-1.2-2.5": _scaled(1.2, 2.5),
    "jpeg-25-60": _recompressed(25, 60, "JPEG"), "webp-20-60": _recompressed(20, 60, "WEBP"),
    "avif-30-60": _recompressed(30, 60, "AVIF"), "levels": _levels, "curve": _curve,
    "exposure": _exposure, "warmth": _warmth, "black-and-white": _black_and_white,
    "duotone": _duotone, "faded": _faded, "vivid": _vivid, "softened": _softened,
    "grain": _grained, "crisp": _crisp, "crop-80-95": cropped(0.8, 0.95), "framed": _framed,
    "mirrored": mirrored, "quarter-turn": _quarter, "tilt-1-4": turned(1, 4, is_cut=True),
}  # fmt: skip
STRONG: dict[str, FreshChange] = {
    "jpeg-6-14": _recompressed(6, 14, "JPEG"), "scale-0.2-0.35": _scaled(0.2, 0.35),
    "crop-35-60": cropped(0.35, 0.6), "turn-6-25": turned(6, 25, is_cut=False),
    "turn-cut-6-20": turned(6, 20, is_cut=True), "stretched": _stretched, "slanted": _slanted,
    "posterized": _posterized, "row": _in_a_row, "story": _story, "hue-turn": _hue_turned,
    "channels-swapped": _channels_swapped,
    "mirror-crop-faded": chain(mirrored, cropped(0.6, 0.8), _faded),
    "small-grain-levels": chain(_scaled(0.4, 0.6), _grained, _levels),
    "crop-framed-stretched": chain(cropped(0.65, 0.85), _framed, _stretched),
}  # fmt: skip
