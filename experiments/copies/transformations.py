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
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Strength: TypeAlias = Literal["mild", "strong"]
Random: TypeAlias = np.random.Generator
Change: TypeAlias = Callable[[Image.Image, Random, Image.Image], Image.Image | bytes]

_NEAR = frozenset({"near-duplicate", "same-pixels", "same-file"})
_PART = frozenset({"part"})
_TURNED = frozenset({"rotated"})
_MIRRORED = frozenset({"mirrored"})
_WORDS = ("THE", "QUICK", "BROWN", "FOX", "JUMPS", "OVER", "A", "LAZY", "DOG", "AT", "NIGHT")


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


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=max(6.0, size))


def _words(random: Random, count: int) -> str:
    return " ".join(random.choice(_WORDS, count))


def _text_over(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    for place in (0.06, 0.8):
        draw.text(
            (image.width * 0.05, image.height * place),
            _words(random, 3),
            (255, 255, 255),
            _font(image.width / 11),
            stroke_width=max(1, image.width // 120),
            stroke_fill=(0, 0, 0),
        )
    return changed


def _banner(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Cover 8 to 28 % of the height, at the top or the bottom, with a bar that has words on it."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    height = round(image.height * random.uniform(0.08, 0.28))
    top = 0 if random.random() < 0.3 else image.height - height
    dark = random.random() < 0.5
    paper = tuple(int(one) for one in random.integers(*((0, 60) if dark else (180, 256)), 3))
    ink = (250, 230, 60) if dark else (20, 20, 40)
    draw.rectangle((0, top, image.width, top + height), paper)
    draw.text((image.width * 0.04, top + 0.2 * height), _words(random, 3), ink, _font(0.5 * height))
    return changed


def _sticker(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Cover 8 to 22 % of the area with a block of one colour, as to hide a face or a name."""
    changed = image.copy()
    area, stretch = random.uniform(0.08, 0.22), random.uniform(0.7, 1.4)
    width, height = image.width * area**0.5 * stretch, image.height * area**0.5 / stretch
    left = random.uniform(0, image.width - width)
    top = random.uniform(0, image.height - height)
    colour = tuple(int(one) for one in random.integers(0, 256, 3))
    box = (left, top, left + width, top + height)
    ImageDraw.Draw(changed).rounded_rectangle(box, min(width, height) / 8, colour)
    return changed


def _watermark(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    for row in range(4):
        draw.text(
            (image.width * random.uniform(-0.1, 0.2), image.height * (0.05 + row * 0.25)),
            "© " + _words(random, 3),
            (255, 255, 255, 110),
            _font(image.width / 12),
        )
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _logo(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    side = 0.25 * min(image.size)
    left = random.choice([0.03 * image.width, image.width * 0.97 - side])
    top = random.choice([0.03 * image.height, image.height * 0.97 - side])
    box = (left, top, left + side, top + side)
    draw.rounded_rectangle(box, side / 5, tuple(int(one) for one in random.integers(0, 256, 3)))
    draw.text((left + side * 0.2, top + side * 0.1), "B", (255, 255, 255), _font(side * 0.7))
    return changed


def _emoji(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    for _ in range(2):
        side = random.uniform(0.15, 0.3) * min(image.size)
        left = random.uniform(0, image.width - side)
        top = random.uniform(0, image.height - side)

        def at(
            x: float, y: float, left: float = left, top: float = top, side: float = side
        ) -> tuple[float, float]:
            return left + x * side, top + y * side

        draw.ellipse((*at(0, 0), *at(1, 1)), (255, 204, 51))
        draw.ellipse((*at(0.25, 0.25), *at(0.4, 0.45)), (60, 40, 20))
        draw.ellipse((*at(0.6, 0.25), *at(0.75, 0.45)), (60, 40, 20))
        draw.arc((*at(0.2, 0.3), *at(0.8, 0.8)), 20, 160, (60, 40, 20), max(1, round(side / 12)))
    return changed


def _screenshot(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Put the picture into a window: a title bar, a side bar or a caption, buttons."""
    dark = random.random() < 0.5
    paper, ink = ((24, 26, 30), (210, 210, 210)) if dark else ((248, 248, 250), (40, 40, 40))
    unit = max(image.size) / 20
    left = round(unit * random.choice([0.5, 5.0]))
    top, right, bottom = round(3 * unit), round(unit * 0.5), round(unit * random.uniform(2, 6))
    size = (image.width + left + right, image.height + top + bottom)
    screen = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, size[0], unit * 1.2), tuple((one + 128) // 2 for one in paper))
    for number in range(3):
        draw.ellipse((unit * (0.3 + number), unit * 0.3, unit * (0.9 + number), unit * 0.9), ink)
    draw.text((unit * 4, unit * 0.1), "Photos", ink, _font(unit * 0.8))
    draw.text((left, unit * 1.5), _words(random, 4), ink, _font(unit))
    for row in range(int(bottom // (1.6 * unit))):
        draw.text(
            (left, top + image.height + unit * (0.3 + 1.5 * row)),
            _words(random, 6).lower(), ink, _font(unit * 0.8),
        )  # fmt: skip
    screen.paste(image, (left, top))
    return screen.resize((round(size[0] * 0.9), round(size[1] * 0.9)), Image.Resampling.BICUBIC)


def _meme(image: Image.Image, random: Random, _other: Image.Image) -> Image.Image:
    """Frame it: white or black bands with large words above and below."""
    paper, ink = ((255,) * 3, (0,) * 3) if random.random() < 0.5 else ((0,) * 3, (255,) * 3)
    band = round(image.height * random.uniform(0.15, 0.25))
    framed = Image.new("RGB", (image.width, image.height + 2 * band), paper)
    framed.paste(image, (0, band))
    draw = ImageDraw.Draw(framed)
    for top in (0.2 * band, band * 1.2 + image.height):
        draw.text((image.width * 0.04, top), _words(random, 3), ink, _font(band * 0.45))
    return framed


def _collage(rows: int, columns: int) -> Change:
    def change(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
        width, height = image.size
        sheet = Image.new("RGB", (columns * width, rows * height), (255, 255, 255))
        place = int(random.integers(0, rows * columns))
        fillers = [other, ImageOps.mirror(other), ImageOps.flip(other), other.rotate(180)]
        for number in range(rows * columns):
            tile = image if number == place else ImageOps.fit(fillers[number], image.size)
            sheet.paste(tile, (number % columns * width, number // columns * height))
        ratio = min(1.0, 640 / max(sheet.size))
        return sheet.resize((round(sheet.width * ratio), round(sheet.height * ratio)))

    return change


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


_MIRRORED_PART = _MIRRORED | _PART
_SLIGHTLY_TURNED = _TURNED | _NEAR

TRANSFORMATIONS: tuple[Transformation, ...] = (
    Transformation("jpeg-90", _NEAR, "mild", _saved("JPEG", quality=90)),
    Transformation("jpeg-50", _NEAR, "mild", _saved("JPEG", quality=50)),
    Transformation("jpeg-25", _NEAR, "mild", _saved("JPEG", quality=25)),
    Transformation("jpeg-10", _NEAR, "strong", _saved("JPEG", quality=10)),
    Transformation("png", _NEAR, "mild", _saved("PNG")),
    Transformation("webp", _NEAR, "mild", _saved("WEBP", quality=60)),
    Transformation("gif", _NEAR, "mild", _saved("GIF")),
    Transformation("exif-orientation", _NEAR, "mild", _tagged),
    Transformation("resize-2", _NEAR, "mild", _resized(2.0)),
    Transformation("resize-0.5", _NEAR, "mild", _resized(0.5)),
    Transformation("resize-0.25", _NEAR, "strong", _resized(0.25)),
    Transformation("brightness", _NEAR, "mild", _enhanced(ImageEnhance.Brightness, 0.6, 1.4)),
    Transformation("contrast", _NEAR, "mild", _enhanced(ImageEnhance.Contrast, 0.6, 1.5)),
    Transformation("gamma", _NEAR, "mild", _pixels(_gamma)),
    Transformation("grey", _NEAR, "mild", lambda image, _r, _o: image.convert("L").convert("RGB")),
    Transformation("hue", _NEAR, "mild", _hue),
    Transformation("sepia", _NEAR, "mild", _pixels(_sepia)),
    Transformation("saturation", _NEAR, "mild", _enhanced(ImageEnhance.Color, 0.3, 2.0)),
    Transformation(
        "blur", _NEAR, "mild", lambda image, _r, _o: image.filter(ImageFilter.GaussianBlur(1.5))
    ),
    Transformation("noise", _NEAR, "mild", _pixels(_noise)),
    Transformation(
        "sharpen",
        _NEAR,
        "mild",
        lambda image, _r, _o: image.filter(ImageFilter.UnsharpMask(3, 200)),
    ),
    Transformation("crop-10%", _NEAR, "mild", _cropped(0.86, 0.95)),
    Transformation("crop-20%", _NEAR, "mild", _cropped(0.78, 0.84)),
    Transformation("border", _NEAR, "mild", _border),
    Transformation("letterbox", _NEAR, "mild", _letterboxed),
    Transformation("text", _NEAR, "mild", _text_over),
    Transformation("watermark", _NEAR, "mild", _watermark),
    Transformation("logo", _NEAR, "mild", _logo),
    Transformation("emoji", _NEAR, "mild", _emoji),
    Transformation("banner", _NEAR, "mild", _banner),
    Transformation("sticker", _NEAR, "strong", _sticker),
    Transformation("squash", _NEAR, "strong", _squashed),
    Transformation("screenshot", _NEAR, "strong", _screenshot),
    Transformation("meme", _NEAR, "strong", _meme),
    Transformation("crop-50%", _PART, "strong", _cropped(0.45, 0.55)),
    Transformation("crop-70%", _PART, "strong", _cropped(0.3, 0.35)),
    Transformation("collage-2x2", _PART, "strong", _collage(2, 2)),
    Transformation("collage-1x2", _PART, "strong", _collage(1, 2)),
    Transformation("mirror", _MIRRORED, "mild", _turned(Image.Transpose.FLIP_LEFT_RIGHT)),
    Transformation("mirror-crop", _MIRRORED_PART, "strong", _mirrored_and_cropped),
    Transformation("flip", _MIRRORED, "mild", _turned(Image.Transpose.FLIP_TOP_BOTTOM)),
    Transformation("rotate-90", _TURNED, "mild", _turned(Image.Transpose.ROTATE_90)),
    Transformation("rotate-180", _TURNED, "mild", _turned(Image.Transpose.ROTATE_180)),
    Transformation("rotate-270", _TURNED, "mild", _turned(Image.Transpose.ROTATE_270)),
    Transformation("rotate-5-10", _SLIGHTLY_TURNED, "strong", _rotated(5, 10)),
    Transformation("rotate-10-30", _TURNED, "strong", _rotated(10, 30)),
    Transformation("perspective", _NEAR | _TURNED, "strong", _perspective),
)
