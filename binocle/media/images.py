"""Picture bytes in, upright RGB pixels of the wanted size out, within limits.

The way of one picture: header → limit check → JPEG draft (decoding at 1/2, 1/4 or 1/8 scale)
→ box-reduce by an integer factor, strip by strip → RGB on white → one antialiased resize →
EXIF orientation. Orientation comes last because turning a small picture is cheaper; resize,
centre crop and padding are symmetric, so the result is the same.
"""

import io
import math

import cv2
import numpy as np
from PIL import Image

from binocle.fingerprints.fingerprint import STORED_SIDE, fingerprint_of
from binocle.media import raw_previews
from binocle.media.opening import Opened, decoding, open_picture, stored_picture
from binocle.media.rgb import REDUCING_GAP, small_rgb
from binocle.media.sections.section_counts import frames_of_gif
from binocle.media.thumbnails import Thumbnail, thumbnail_format
from binocle.types import Fingerprint, ImageSpec, Limits, Picture, PixelArray

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib",
     ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif", ".jxl",
     *raw_previews.SUFFIXES)
)  # fmt: skip

_MOST_FRAMES, _MOST_PIXELS = 5_000, 400_000_000  # of an animation that are decoded for a moment
_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Orientations in which the stored picture's left, or top, is the upright picture's right, or
# bottom; for turned ones, its bottom, or right.
_MIRRORED_X = frozenset({2, 3, 7, 8})
_MIRRORED_Y = frozenset({3, 4, 6, 7})
_RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def load(data: bytes, spec: ImageSpec, limits: Limits | None = None) -> Picture:
    """Decode a picture for an encoder.

    Args:
        data: The encoded file.
        spec: The pixels wanted.
        limits: What the picture may cost.

    Returns:
        ``(spec.height, spec.width, 3)`` uint8 pixels, upright, alpha on white; of an
        animation the picture at ``spec.moment``.

    Raises:
        PictureTooLargeError: It has more bytes or pixels than the limit; nothing was decoded.
        NotAPictureError: The content is in none of ``opening.FORMATS``, nor JPEG XL, nor RAW.
        PictureTruncatedError: The file ends too early.
        PictureError: It is broken in another way.
    """
    opened = open_picture(data, limits or Limits())
    with decoding():
        _turn_to(opened.image, spec.moment, data)
        fitted = _fit(opened.image, spec, opened.orientation)
        pixels = np.array(_upright(fitted, opened.orientation))
        if not spec.fingerprint:
            return Picture(pixels, opened.info)
        fingerprint, colour = _likeness(opened, data)
        return Picture(pixels, opened.info, fingerprint, colour)


def upright_size(data: bytes, limits: Limits | None = None) -> tuple[int, int]:
    """Return the width and height of the upright picture from its header alone.

    Raises:
        PictureError: As for ``load``.
    """
    info = open_picture(data, limits or Limits()).info
    return info.width, info.height


def is_animated(data: bytes, limits: Limits | None = None) -> bool:
    """Tell whether a file has several pictures that are shown one after the other.

    Raises:
        PictureError: As for ``load``.
    """
    image = open_picture(data, limits or Limits()).image
    with decoding():
        return image.format in _ANIMATED and bool(getattr(image, "is_animated", False))


def _turn_to(image: Image.Image, moment: float, data: bytes) -> None:
    """Turn to a picture of an animation, for which all before it are decoded."""
    if moment <= 0 or image.format not in _ANIMATED:
        return
    most = max(1, min(_MOST_FRAMES, _MOST_PIXELS // (image.width * image.height)))
    if image.format == "GIF":  # Pillow goes through the whole file to count them
        frames = frames_of_gif(data, most)
    else:
        frames = min(getattr(image, "n_frames", 1), most)
    image.seek(round(moment * (frames - 1)))


def _likeness(opened: Opened, data: bytes) -> tuple[Fingerprint, str]:
    """Return fingerprint and colour of a picture ``_fit`` has decoded, perhaps at reduced scale."""
    image = opened.image
    if image.width * image.height < STORED_SIDE**2:
        image = stored_picture(data)  # at its full size, once more
    small, extent = small_rgb(
        image, _shrunk(image, STORED_SIDE / (image.width * image.height) ** 0.5)
    )
    width, height = (min(small.width, round(extent[0])), min(small.height, round(extent[1])))
    whole = small.crop((0, 0, width, height)) if (width, height) != small.size else small
    upright = np.asarray(_upright(whole, opened.orientation))
    return fingerprint_of(upright), _average_colour(upright)


def _average_colour(pixels: PixelArray) -> str:
    """Return the mean of RGB pixels as ``#rrggbb``."""
    red, green, blue = (round(one) for one in cv2.mean(pixels)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def load_region(
    data: bytes,
    spec: ImageSpec,
    box: tuple[float, float, float, float],
    limits: Limits | None = None,
) -> Picture:
    """Decode a part of a picture for an encoder.

    Args:
        data: The encoded file.
        spec: The pixels wanted.
        box: Left, top, right and bottom of the part as fractions of the upright picture, 0 to 1.
            It is widened to whole pixels, at least one.
        limits: What the picture may cost.

    Returns:
        As ``load``, of the part alone; ``info`` is the whole picture's.

    Raises:
        PictureError: As for ``load``.
    """
    opened = open_picture(data, limits or Limits())
    share = max(min(box[2] - box[0], box[3] - box[1]), 1e-6)
    ratio = REDUCING_GAP * max(spec.width, spec.height) / (share * min(opened.image.size))
    with decoding():
        upright = _upright_at(opened, ratio)
        left = min(int(box[0] * upright.width), upright.width - 1)
        top = min(int(box[1] * upright.height), upright.height - 1)
        right = min(max(math.ceil(box[2] * upright.width), left + 1), upright.width)
        bottom = min(max(math.ceil(box[3] * upright.height), top + 1), upright.height)
        part = upright.crop((left, top, right, bottom))
        return Picture(np.array(_fit(part, spec, 1)), opened.info)


def _fit(image: Image.Image, spec: ImageSpec, orientation: int) -> Image.Image:
    """Resize the stored picture so that, once upright, it is as open_clip would have it.

    Source: open_clip ``transform.image_transform`` and torchvision's ``Resize`` and
    ``CenterCrop``, whose rounding is followed. An odd margin puts its extra pixel on one side;
    ``_margin`` finds the side it has before the picture is turned.
    """
    turned = orientation >= 5
    wanted = (spec.height, spec.width) if turned else (spec.width, spec.height)
    scaled = _scaled_size(image.size, wanted, spec.resize_mode)
    small, extent = small_rgb(image, scaled, least_pixels=STORED_SIDE**2)  # else decoded twice
    resampling = _RESAMPLING[spec.interpolation]
    whole = (0.0, 0.0, *extent)
    if spec.resize_mode == "squash":
        return small.resize(wanted, resampling, box=whole)
    if spec.resize_mode == "longest":
        canvas = Image.new("RGB", wanted, (spec.fill,) * 3)
        corner = (
            _margin(wanted[0] - scaled[0], mirrored=orientation in _MIRRORED_X, rounded=False),
            _margin(wanted[1] - scaled[1], mirrored=orientation in _MIRRORED_Y, rounded=False),
        )
        canvas.paste(small.resize(scaled, resampling, box=whole), corner)
        return canvas
    left = _margin(scaled[0] - wanted[0], mirrored=orientation in _MIRRORED_X)
    top = _margin(scaled[1] - wanted[1], mirrored=orientation in _MIRRORED_Y)
    step_x, step_y = extent[0] / scaled[0], extent[1] / scaled[1]
    box = (
        left * step_x,
        top * step_y,
        min((left + wanted[0]) * step_x, extent[0]),
        min((top + wanted[1]) * step_y, extent[1]),
    )
    return small.resize(wanted, resampling, box=box)


def _margin(gap: int, *, mirrored: bool, rounded: bool = True) -> int:
    """Return the part of a gap before the picture; torchvision rounds it, padding cuts it off."""
    before = round(gap / 2.0) if rounded else gap // 2
    return gap - before if mirrored else before


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TRANSPOSITIONS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _upright_at(opened: Opened, ratio: float) -> Image.Image:
    """Decode a whole picture, upright, at a scale of at most 1."""
    size = _shrunk(opened.image, ratio)
    small, extent = small_rgb(opened.image, size)
    fitted = small.resize(size, Image.Resampling.BICUBIC, box=(0.0, 0.0, *extent))
    return _upright(fitted, opened.orientation)


def _shrunk(image: Image.Image, ratio: float) -> tuple[int, int]:
    """Return a picture's size times a ratio of at most 1."""
    ratio = min(1.0, ratio)
    return max(1, round(image.width * ratio)), max(1, round(image.height * ratio))


def _scaled_size(size: tuple[int, int], wanted: tuple[int, int], mode: str) -> tuple[int, int]:
    """Return the size of the whole picture at the wanted scale, before crop or padding."""
    width, height = size
    if mode == "squash":
        return wanted
    if mode == "longest":
        ratio = max(width / wanted[0], height / wanted[1])
        return max(1, round(width / ratio)), max(1, round(height / ratio))
    if wanted[0] == wanted[1]:
        short = wanted[0]
        if width <= height:
            return short, max(short, int(short * height / width))
        return max(short, int(short * width / height)), short
    ratio = min(width / wanted[0], height / wanted[1])
    return max(wanted[0], round(width / ratio)), max(wanted[1], round(height / ratio))


def thumbnail(data: bytes, max_side: int, limits: Limits | None = None) -> Image.Image:
    """Return an upright RGB picture whose long side is at most ``max_side`` pixels.

    Raises:
        PictureError: As for ``load``.
    """
    opened = open_picture(data, limits or Limits())
    with decoding():
        return _upright_at(opened, max_side / max(opened.image.size))


def encoded_thumbnail(data: bytes, max_side: int, limits: Limits | None = None) -> Thumbnail:
    """Return ``thumbnail`` encoded as ``thumbnail_format`` says.

    Raises:
        PictureError: As for ``load``.
    """
    small = thumbnail(data, max_side, limits)
    buffer = io.BytesIO()
    if thumbnail_format(max_side) == "webp":
        small.save(buffer, "WEBP", quality=75, method=2)
    else:
        small.save(buffer, "JPEG", quality=85, optimize=True)
    return Thumbnail(buffer.getvalue(), _average_colour(np.asarray(small)))
