"""What people do to pictures before they look them up: 47 transformations, each with its class.

A transformation takes an upright RGB picture and a random generator, and returns an encoded
file. The classes are those of ``search.copies.lookup``; where a picture could rightly be called
either of two things, both are named.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from experiments.copies import overlays
from experiments.copies.overlays import Change, Random

Strength: TypeAlias = Literal["mild", "strong"]
NEAR = frozenset({"near-duplicate", "same-pixels", "same-file"})
PART = frozenset({"part"})
TURNED = frozenset({"rotated"})
_MIRRORED = frozenset({"mirrored"})


@dataclass(frozen=True, slots=True)
class Transformation:
    """One way to change a picture.

    Attributes:
        name: What it is called in reports.
        verdicts: Those that are right for it.
        strength: ``mild`` where a person hardly notices, else ``strong``.
        change: Takes the picture, a generator and another picture that is in no collection, and
            returns pixels, or an encoded file.
    """

    name: str
    verdicts: frozenset[str]
    strength: Strength
    change: Change

    def apply(self, image: Image.Image, random: Random, other: Image.Image) -> bytes:
        """Return the changed picture as a file: what it was made as, else JPEG of quality 85.

        Args:
            image: Upright RGB.
            random: Decides amounts and places.
            other: Fills collages.
        """
        changed = self.change(image, random, other)
        return changed if isinstance(changed, bytes) else _encoded(changed, "JPEG", quality=85)


def _encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _saved(file_format: str, **options: object) -> Change:
    return lambda image, _random, _other: _encoded(image, file_format, **options)


def _resized(ratio: float) -> Change:
    def change(image: Image.Image, _random: Random, _other: Image.Image) -> Image.Image:
        size = (max(8, round(image.width * ratio)), max(8, round(image.height * ratio)))
        return image.resize(size, Image.Resampling.LANCZOS)

    return change


def _pixels(change: Callable[[np.ndarray, Random], np.ndarray]) -> Change:
    """Return a change of float32 values 0 to 1."""

    def changed(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
        values = change(np.asarray(image, np.float32) / 255, random)
        return Image.fromarray((np.clip(values, 0, 1) * 255).round().astype(np.uint8))

    return changed


def _enhanced(kind: Callable[[Image.Image], ImageEnhance._Enhance], *amounts: float) -> Change:
    return lambda image, random, _other: kind(image).enhance(float(random.choice(amounts)))


def _hue(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    hsv = np.array(image.convert("HSV"))
    hsv[..., 0] += np.uint8(random.integers(30, 226))
    return Image.fromarray(hsv, "HSV").convert("RGB")


def _sepia(values: np.ndarray, _random: Random) -> np.ndarray:
    tint = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return values @ tint.T.astype(np.float32)


def _noise(values: np.ndarray, random: Random) -> np.ndarray:
    return values + random.normal(0, 0.06, values.shape).astype(np.float32)


def _gamma(values: np.ndarray, random: Random) -> np.ndarray:
    return values ** float(random.choice([0.6, 1.6]))


def _cropped(low: float, high: float) -> Change:
    """Keep a share of the area between two bounds, anywhere, of nearly the same shape."""

    def change(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
        side = random.uniform(low, high) ** 0.5
        stretch = random.uniform(0.9, 1.1)
        width = min(image.width, round(image.width * side * stretch))
        height = min(image.height, round(image.height * side / stretch))
        left = int(random.integers(0, image.width - width + 1))
        top = int(random.integers(0, image.height - height + 1))
        return image.crop((left, top, left + width, top + height))

    return change


def _border(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    width = round(random.uniform(0.05, 0.15) * max(image.size))
    colour = tuple(int(one) for one in random.integers(0, 256, 3))
    return ImageOps.expand(image, width, colour)


def _letterboxed(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Pad to 16:9 or 9:16, as video players and phones do."""
    size = (16, 9) if random.random() < 0.5 else (9, 16)
    scale = max(image.width / size[0], image.height / size[1])
    return ImageOps.pad(image, (round(size[0] * scale), round(size[1] * scale)), color=(0, 0, 0))


def _turned(turn: Image.Transpose) -> Change:
    return lambda image, _random, _other: image.transpose(turn)


def _rotated(low: float, high: float) -> Change:
    def change(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
        angle = random.uniform(low, high) * random.choice([-1, 1])
        fill = (0, 0, 0) if random.random() < 0.5 else (255, 255, 255)
        return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)

    return change


def _perspective(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Move each corner inwards by up to 15 % of the sides."""
    width, height = image.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float64)
    seen = corners + inwards * random.uniform(0.0, 0.15, (4, 2)) * (width, height)
    rows, right = [], []
    for (x, y), (u, v) in zip(seen, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    values = np.linalg.solve(np.array(rows), np.array(right))
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, tuple(values), Image.Resampling.BICUBIC
    )


def _squashed(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    ratio = float(random.choice([0.7, 0.8, 1.25, 1.4]))
    return image.resize((max(8, round(image.width * ratio)), image.height))


def _tagged(image: Image.Image, random: Random, _other: Image.Image) -> bytes:
    """Store it lying or mirrored, with the EXIF orientation that puts it upright again."""
    orientation = int(random.integers(2, 9))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _encoded(image.transpose(undo[orientation]), "JPEG", quality=90, exif=exif)


def _mirrored_and_cropped(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
    cropped = _cropped(0.7, 0.85)(image, random, other)
    assert isinstance(cropped, Image.Image)
    return ImageOps.mirror(cropped)


_MIRRORED_PART = _MIRRORED | PART
_SLIGHTLY_TURNED = TURNED | NEAR

TRANSFORMATIONS: tuple[Transformation, ...] = (
    Transformation("jpeg-90", NEAR, "mild", _saved("JPEG", quality=90)),
    Transformation("jpeg-50", NEAR, "mild", _saved("JPEG", quality=50)),
    Transformation("jpeg-25", NEAR, "mild", _saved("JPEG", quality=25)),
    Transformation("jpeg-10", NEAR, "strong", _saved("JPEG", quality=10)),
    Transformation("png", NEAR, "mild", _saved("PNG")),
    Transformation("webp", NEAR, "mild", _saved("WEBP", quality=60)),
    Transformation("gif", NEAR, "mild", _saved("GIF")),
    Transformation("exif-orientation", NEAR, "mild", _tagged),
    Transformation("resize-2", NEAR, "mild", _resized(2.0)),
    Transformation("resize-0.5", NEAR, "mild", _resized(0.5)),
    Transformation("resize-0.25", NEAR, "strong", _resized(0.25)),
    Transformation("brightness", NEAR, "mild", _enhanced(ImageEnhance.Brightness, 0.6, 1.4)),
    Transformation("contrast", NEAR, "mild", _enhanced(ImageEnhance.Contrast, 0.6, 1.5)),
    Transformation("gamma", NEAR, "mild", _pixels(_gamma)),
    Transformation("grey", NEAR, "mild", lambda image, _r, _o: image.convert("L").convert("RGB")),
    Transformation("hue", NEAR, "mild", _hue),
    Transformation("sepia", NEAR, "mild", _pixels(_sepia)),
    Transformation("saturation", NEAR, "mild", _enhanced(ImageEnhance.Color, 0.3, 2.0)),
    Transformation(
        "blur", NEAR, "mild", lambda image, _r, _o: image.filter(ImageFilter.GaussianBlur(1.5))
    ),
    Transformation("noise", NEAR, "mild", _pixels(_noise)),
    Transformation(
        "sharpen",
        NEAR,
        "mild",
        lambda image, _r, _o: image.filter(ImageFilter.UnsharpMask(3, 200)),
    ),
    Transformation("crop-10%", NEAR, "mild", _cropped(0.86, 0.95)),
    Transformation("crop-20%", NEAR, "mild", _cropped(0.78, 0.84)),
    Transformation("border", NEAR, "mild", _border),
    Transformation("letterbox", NEAR, "mild", _letterboxed),
    Transformation("text", NEAR, "mild", overlays.text_over),
    Transformation("watermark", NEAR, "mild", overlays.watermark),
    Transformation("logo", NEAR, "mild", overlays.logo),
    Transformation("emoji", NEAR, "mild", overlays.emoji),
    Transformation("banner", NEAR, "mild", overlays.banner),
    Transformation("sticker", NEAR, "strong", overlays.sticker),
    Transformation("squash", NEAR, "strong", _squashed),
    Transformation("screenshot", NEAR, "strong", overlays.screenshot),
    Transformation("meme", NEAR, "strong", overlays.meme),
    Transformation("crop-50%", PART, "strong", _cropped(0.45, 0.55)),
    Transformation("crop-70%", PART, "strong", _cropped(0.3, 0.35)),
    Transformation("collage-2x2", PART, "strong", overlays.collage(2, 2)),
    Transformation("collage-1x2", PART, "strong", overlays.collage(1, 2)),
    Transformation("mirror", _MIRRORED, "mild", _turned(Image.Transpose.FLIP_LEFT_RIGHT)),
    Transformation("mirror-crop", _MIRRORED_PART, "strong", _mirrored_and_cropped),
    Transformation("flip", _MIRRORED, "mild", _turned(Image.Transpose.FLIP_TOP_BOTTOM)),
    Transformation("rotate-90", TURNED, "mild", _turned(Image.Transpose.ROTATE_90)),
    Transformation("rotate-180", TURNED, "mild", _turned(Image.Transpose.ROTATE_180)),
    Transformation("rotate-270", TURNED, "mild", _turned(Image.Transpose.ROTATE_270)),
    Transformation("rotate-5-10", _SLIGHTLY_TURNED, "strong", _rotated(5, 10)),
    Transformation("rotate-10-30", TURNED, "strong", _rotated(10, 30)),
    Transformation("perspective", NEAR | TURNED, "strong", _perspective),
)
