"""Headers within limits, and what decoders raise as errors of ours."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pillow_heif
from PIL import Image, UnidentifiedImageError

from binocle.errors import (
    NotAPictureError,
    PictureError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from binocle.types import Limits

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF")

pillow_heif.register_heif_opener()  # a plugin's entry into Pillow's table, idempotent
Image.MAX_IMAGE_PIXELS = None  # Limits.max_pixels is checked instead, with a reason per file


def open_picture(data: bytes, limits: Limits) -> Image.Image:
    """Read a picture's header and check the limits; no pixel is decoded yet.

    Raises:
        PictureTooLargeError, NotAPictureError, PictureError: As for ``images.load``.
    """
    if len(data) > limits.max_bytes:
        raise PictureTooLargeError(
            f"{len(data):,} bytes are more than the limit of {limits.max_bytes:,}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd files; the outcome tells
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        if not data:
            raise PictureTruncatedError("the file is empty") from error
        raise NotAPictureError(
            "the content is damaged, or in no picture format Binocle reads"
        ) from error
    except Exception as error:  # a hostile header may raise anything
        raise _as_picture_error(error) from error
    width, height = image.size
    if width * height > limits.max_pixels:
        raise PictureTooLargeError(
            f"{width} x {height} pixels are more than the limit of {limits.max_pixels:,}; "
            "raise it with --max-pixels or BINOCLE_MAX_PIXELS"
        )
    if width < 1 or height < 1:
        raise PictureError(f"the picture is {width} x {height} pixels")
    return image


@contextmanager
def decoding() -> Iterator[None]:
    """Turn whatever a decoder raises into one of our errors, and keep its warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PictureError:
        raise
    except Exception as error:  # decoders of strangers' files raise anything
        raise _as_picture_error(error) from error


def _as_picture_error(error: Exception) -> PictureError:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        return PictureTooLargeError("decoding needs more memory than one picture may have")
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return PictureTruncatedError(f"the file ends before the picture does ({text})")
    return PictureError(f"the picture is damaged ({text})")
