"""Headers within limits, with what EXIF says of the picture; decoders' errors as ours.

Tags and their meaning: CIPA DC-008 (Exif 2.32), sections 4.6.4 to 4.6.6. EXIF comes from
strangers: whatever cannot be understood counts as absent, never as an error.
"""

import io
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError

from binocle.errors import (
    NotAPictureError,
    PictureError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from binocle.media.embedded_texts import NAMES, embedded_texts
from binocle.media.jpeg_xl import is_jpeg_xl, is_turned_by_exif, open_jpeg_xl
from binocle.media.rare_tiff import rare_tiff
from binocle.media.raw_previews import is_raw, preview_of
from binocle.media.sections.section_counts import check_sections
from binocle.media.shot_dates import shot_date
from binocle.types import ImageInfo, Limits, MetadataValue

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF")

_UNKNOWN_FORMAT = "the content is damaged, or in no picture format Binocle reads"
_OTHERS = (  # how they begin, and what they are called
    ((b"%PDF-",), "a PDF document"),
    ((b"PK\x03\x04",), "a zip archive"),
    ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"), "a packed file"),
    ((b"\x1aE\xdf\xa3", b"FLV\x01", b"\x00\x00\x01\xba"), "a video"),
    ((b"ID3", b"fLaC", b"OggS", b"\xff\xfb"), "a sound"),
)
_BOXES = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ",
          b"3gp4", b"3gp5", b"dash", b"mmp4")  # fmt: skip
_LOOKED_AT = 1024

_MAX_NAME = 400  # characters of a maker or a model: longer ones are no names
_ORIGINAL = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal)
_DIGITIZED = (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized)
_CHANGED = (ExifTags.Base.DateTime, ExifTags.Base.OffsetTime)

Tags: TypeAlias = Mapping[int, Any]

pillow_heif.register_heif_opener()  # a plugin's entry into Pillow's table, idempotent
Image.MAX_IMAGE_PIXELS = None  # Limits.max_pixels is checked instead, with a reason per file


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture of which only the header has been read.

    Attributes:
        image: As it is stored; no pixel is decoded yet.
        orientation: How it is turned, 1 to 8 as in EXIF.
        info: What its file says of it.
    """

    image: Image.Image
    orientation: int
    info: ImageInfo


def open_picture(data: bytes, limits: Limits) -> Opened:
    """Read a picture's header and check the limits.

    Raises:
        PictureTooLargeError, NotAPictureError, PictureError: As for ``images.load``.
    """
    image = _header_of(data, limits)
    base, details, gps = _exif_of(image)
    # Pillow turns TIFF pictures by itself while it decodes them.
    is_turned = image.format == "TIFF" or not is_turned_by_exif(image)
    turn = None if is_turned else base.get(ExifTags.Base.Orientation)
    orientation = turn if isinstance(turn, int) and 1 <= turn <= 8 else 1
    said = embedded_texts(image, base, details)
    latitude, longitude = _position(gps)
    if latitude is None:
        latitude, longitude = (_number(said.get(one)) for one in ("latitude", "longitude"))
    info = ImageInfo(
        *(image.size[::-1] if orientation >= 5 else image.size),
        size_bytes=len(data),
        format=(image.format or "").lower(),
        taken_at=_taken_at({**base, **details}, gps, said),
        camera=_camera(base.get(ExifTags.Base.Make), base.get(ExifTags.Base.Model)),
        latitude=latitude,
        longitude=longitude,
        altitude=_altitude(gps),
        said={name: said[name] for name in NAMES if name in said},
    )
    return Opened(image, orientation, info)


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


def stored_picture(data: bytes) -> Image.Image:
    """Return a picture as it is stored; of most formats no pixel is decoded yet.

    Raises:
        NotAPictureError: It is in a format for which something has to be installed.
        Exception: Whatever Pillow raises of files it cannot read.
    """
    if is_jpeg_xl(data):
        return open_jpeg_xl(data)
    if is_raw(data):
        preview = preview_of(data)
        if isinstance(preview, Image.Image):
            return preview
        data = preview
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _header_of(data: bytes, limits: Limits) -> Image.Image:
    if len(data) > limits.max_bytes:
        raise PictureTooLargeError(
            f"{len(data):,} bytes are more than the limit of {limits.max_bytes:,}"
        )
    check_sections(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd files; the outcome tells
            image = stored_picture(data)
    except NotAPictureError:
        raise
    except UnidentifiedImageError as error:
        rare = rare_tiff(data)
        if rare is not None:
            _check_size(rare.size, limits)
            with decoding():
                return rare.decoded()
        if not data:
            raise PictureTruncatedError("the file is empty") from error
        other = _kind_of_other(data)
        problem = f"it is {other}, and no picture" if other else _UNKNOWN_FORMAT
        raise NotAPictureError(problem) from error
    except Exception as error:  # a hostile header may raise anything
        raise _as_picture_error(error) from error
    _check_size(image.size, limits)
    return image


def _kind_of_other(data: bytes) -> str:
    """Return what a file is that is no picture by how it begins; nothing where that is unknown."""
    head = data[:_LOOKED_AT]
    if head[4:8] == b"ftyp" and head[8:12] in _BOXES:
        return "a video"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE"):
        return "a video" if head[8:12] == b"AVI " else "a sound"
    found = next((name for starts, name in _OTHERS if head.startswith(starts)), "")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if found or not text.startswith(b"<"):
        return found
    if b"<svg" in text:
        return "an SVG drawing"
    return "a web page" if text.startswith((b"<!doctype html", b"<html")) else ""


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise PictureTooLargeError(
            f"{width} x {height} pixels are more than the limit of {limits.max_pixels:,}; "
            "raise it with --max-pixels or BINOCLE_MAX_PIXELS"
        )
    if width < 1 or height < 1:
        raise PictureError(f"the picture is {width} x {height} pixels")


def _as_picture_error(error: Exception) -> PictureError:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        return PictureTooLargeError("decoding needs more memory than one picture may have")
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return PictureTruncatedError(f"the file ends before the picture does ({text})")
    return PictureError(f"the picture is damaged ({text})")


def _exif_of(image: Image.Image) -> tuple[Tags, Tags, Tags]:
    """Return the tags of the picture, of the shot, and of the place."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            base = image.getexif()
            details, gps = (base.get_ifd(one) for one in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
            return dict(base), details, gps  # Pillow reads a tag when it is asked for
    except Exception:  # a hostile block may raise anything; it then counts as absent
        return {}, {}, {}


def _taken_at(tags: Tags, gps: Tags, said: Mapping[str, MetadataValue]) -> str | None:
    """Return when the shot was taken, by the one of several dates that is nearest to it."""

    def tag(date: int, offset: int) -> str | None:
        return shot_date(_text(tags.get(date)), _text(tags.get(offset)))

    dates: tuple[MetadataValue | None, ...] = (
        tag(*_ORIGINAL),
        said.get("taken_at"),
        tag(*_DIGITIZED),
        said.get("created_at"),
        tag(*_CHANGED),
        _satellites_date(gps),
    )
    return next((date for date in dates if isinstance(date, str)), None)


def _satellites_date(gps: Tags) -> str | None:
    """Return the date, and the time if it is there, that satellites told; they tell it in UTC."""
    day = _text(gps.get(ExifTags.GPS.GPSDateStamp))
    time = gps.get(ExifTags.GPS.GPSTimeStamp)
    numbers = [_number(part) for part in time] if isinstance(time, tuple | list) else []
    if len(numbers) != 3 or any(one is None or not 0 <= one < 60 for one in numbers):
        return shot_date(day) if day else None
    hour, minute, second = (int(one or 0) for one in numbers)
    return shot_date(f"{day} {hour:02}:{minute:02}:{second:02}", "+00:00") if day else None


def _camera(make: object, model: object) -> str | None:
    maker, name = (_text(one)[:_MAX_NAME] for one in (make, model))
    if name.lower().startswith(maker.split(" ")[0].lower()):
        return name or None
    return f"{maker} {name}".strip() or None


def _position(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    latitude = _degrees(
        gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S"
    )
    longitude = _degrees(
        gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W"
    )
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    if latitude == longitude == 0:  # what cameras without a fix write
        return None, None
    return latitude, longitude


def _degrees(value: object, reference: object, negative: str) -> float | None:
    numbers = [_number(part) for part in value] if isinstance(value, tuple | list) else []
    if not numbers or len(numbers) > 3 or any(number is None for number in numbers):
        return None
    degrees = 0.0
    for place, number in enumerate(numbers):
        degrees += (number or 0.0) / 60.0**place
    side = _text(reference).upper()[:1]  # some spell it out: South
    return round(-abs(degrees) if side == negative else degrees, 7)


def _altitude(gps: Mapping[int, Any]) -> float | None:
    metres = _number(gps.get(ExifTags.GPS.GPSAltitude))
    if metres is None:
        return None
    below = gps.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
    return round(-metres if below else metres, 2)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return " ".join(value.replace("\x00", " ").split())
