"""Any mode of picture to RGB on white, reduced cheaply on the way."""

import io

import numpy as np
from PIL import Image, ImageCms

# How many times the wanted size the cheap reductions must leave for the final resize. 2 keeps
# the embedding's cosine to a full decode above 0.998 (figures: docs/benchmarks.md).
REDUCING_GAP = 2.0
_STRIP_PIXELS = 4_000_000


def small_rgb(
    image: Image.Image, scaled: tuple[int, int]
) -> tuple[Image.Image, tuple[float, float]]:
    """Decode to RGB on white, cheaply reduced to no less than the gap times ``scaled``.

    Large pictures are converted strip by strip, so the peak is the decoded picture alone.

    Returns:
        The picture, and how many of its columns and rows the original fills: reducing rounds
        sizes up, and the last column and row may be filled in part only.
    """
    extent: tuple[float, float] = image.size
    if image.format in ("JPEG", "MPO"):
        target = (int(scaled[0] * REDUCING_GAP), int(scaled[1] * REDUCING_GAP))
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
        small.paste(convert(strip).reduce(factor), (0, top // factor))
    return small, (extent[0] / factor, extent[1] / factor)


class _Converter:
    """Turn an image, or a strip of it, into RGB; whole-picture facts are computed once."""

    def __init__(self, image: Image.Image) -> None:
        self._level = 255.0
        self._profile: ImageCms.ImageCmsTransform | None = None
        if image.mode in ("I", "F"):
            high = image.getextrema()[1]
            self._level = _white_level(float(str(high)))
        elif image.mode.startswith("I;16"):
            self._level = 65535.0
        elif image.mode in ("CMYK", "LAB"):
            self._profile = _profile_to_srgb(image)

    def __call__(self, image: Image.Image) -> Image.Image:
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            values = np.nan_to_num(np.asarray(image, dtype=np.float32))
            grey = np.clip(values * (255.0 / self._level), 0, 255).astype(np.uint8)
            return Image.fromarray(grey).convert("RGB")
        if self._profile is not None:
            return ImageCms.applyTransform(image, self._profile) or image.convert("RGB")
        if image.has_transparency_data or image.mode in ("La", "RGBa"):
            layer = image.convert("RGBA")
            white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, layer).convert("RGB")
        return image if image.mode == "RGB" else image.convert("RGB")


def _white_level(highest: float) -> float:
    """Guess which value a 32-bit grey picture shows as white: 1, 255, 65535 or its maximum."""
    for level in (1.0, 255.0, 65535.0):
        if highest <= level:
            return level
    return highest


def _profile_to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of a CMYK or Lab picture's own profile to sRGB, if it is sound."""
    try:
        if image.mode == "LAB":
            source = ImageCms.createProfile("LAB")
            return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "LAB", "RGB")
        profile = image.info.get("icc_profile")
        if not profile:
            return None
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), "CMYK", "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
