"""Any mode of picture to sRGB on white, by its colour profile, reduced cheaply on the way."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from binocle.media.colour_profiles import applied, grey_curve, lab_to_srgb, to_srgb

# How many times the wanted size the cheap reductions must leave for the final resize. 2 keeps
# the embedding's cosine to a full decode above 0.998 (figures: docs/benchmarks.md).
REDUCING_GAP = 2.0
_DRAFT_GAP = 1.5  # for decoding at a smaller scale: above 0.995
_STRIP_PIXELS = 4_000_000
_HIGH = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})  # grey of more than 8 bits
_BITS, _PHOTOMETRIC = 258, 262  # tags of TIFF


def small_rgb(
    image: Image.Image, scaled: tuple[int, int], *, least_pixels: int = 0
) -> tuple[Image.Image, tuple[float, float]]:
    """Decode to RGB on white, cheaply reduced to no less than the gap times ``scaled``.

    Large pictures are converted strip by strip, so the peak is the decoded picture alone.

    Args:
        image: Of which no pixel has been decoded yet, or all have.
        scaled: The width and height that it will be resized to.
        least_pixels: So many pixels ``image`` has afterwards, if it has them at all.

    Returns:
        The picture, and how many of its columns and rows the original fills: reducing rounds
        sizes up, and the last column and row may be filled in part only.
    """
    extent: tuple[float, float] = image.size
    if image.format in ("JPEG", "MPO"):
        least = math.sqrt(least_pixels / (image.width * image.height))
        target = (
            math.ceil(max(scaled[0] * _DRAFT_GAP, image.width * least)),
            math.ceil(max(scaled[1] * _DRAFT_GAP, image.height * least)),
        )
        drafted = image.draft(image.mode, target)
        extent = drafted[1][2:] if drafted else extent
    image.load()
    factor = int(min(image.width / scaled[0], image.height / scaled[1]) / REDUCING_GAP)
    convert = _Converter(image)
    if factor < 2:
        return convert(image), extent
    rows = max(1, _STRIP_PIXELS // image.width // factor) * factor
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        small.paste(convert(strip, factor), (0, top // factor))
    return small, (extent[0] / factor, extent[1] / factor)


class _Converter:
    """Turn an image, or a strip of it, into RGB; whole-picture facts are computed once."""

    def __init__(self, image: Image.Image) -> None:
        self._level = 255.0
        self._is_negative = False
        profile = image.info.get("icc_profile")
        self._profile = profile if isinstance(profile, bytes) else b""
        if image.mode in _HIGH:
            tags = getattr(image, "tag_v2", {})
            self._is_negative = tags.get(_PHOTOMETRIC) == 0  # 0 is white; Pillow turns 8 bits alone
            self._level = _white_level(image, tags)

    def __call__(self, image: Image.Image, factor: int = 1) -> Image.Image:
        """Return an image in RGB, 1/``factor`` of its size."""
        if image.mode == "RGB" and not image.has_transparency_data:  # fewer go through the profile
            return applied(to_srgb(self._profile, "RGB"), _reduced(image, factor))
        return _reduced(self._rgb(image), factor)

    def _rgb(self, image: Image.Image) -> Image.Image:
        if image.mode in _HIGH:
            return self._high(image)
        if image.mode == "LAB":
            return applied(lab_to_srgb(), image)
        if image.mode == "CMYK":
            transform = to_srgb(self._profile, "CMYK")
            return image.convert("RGB") if transform is None else applied(transform, image)
        if image.has_transparency_data or image.mode in ("La", "RGBa"):
            grey = to_srgb(self._profile, "L") if image.mode in ("L", "LA", "La") else None
            layer = image.convert("RGBA")
            if grey is not None:
                alpha = layer.getchannel("A")
                layer = applied(grey, image.convert("LA").getchannel("L")).convert("RGBA")
                layer.putalpha(alpha)
            else:
                layer = applied(to_srgb(self._profile, "RGBA"), layer)
            white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, layer).convert("RGB")
        if image.mode in ("1", "L"):
            return applied(to_srgb(self._profile, "L"), image.convert("L")).convert("RGB")
        return applied(to_srgb(self._profile, "RGB"), image.convert("RGB"))

    def _high(self, image: Image.Image) -> Image.Image:
        """Return grey of more than 8 bits in RGB."""
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        if self._is_negative:
            values = self._level - values
        scaled = np.clip(values * (255.0 / self._level), 0, 255)
        curve = grey_curve(self._profile)
        if curve is not None:
            scaled = np.interp(scaled, np.arange(256), curve).round()
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _white_level(image: Image.Image, tags: Mapping[int, Any]) -> float:
    """Tell which value a grey picture shows as white; a guess where it has 32 bits."""
    if image.mode.startswith("I;16"):
        bits = tags.get(_BITS, (16,))[0]
        return float(2**bits - 1) if 8 < bits <= 16 else 65535.0
    highest = float(str(image.getextrema()[1]))
    return next((level for level in (1.0, 255.0, 65535.0) if highest <= level), highest)
