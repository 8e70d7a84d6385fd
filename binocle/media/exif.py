"""Time, camera and place out of a picture's EXIF block.

Tags and their meaning: CIPA DC-008 (Exif 2.32), sections 4.6.4 to 4.6.6. EXIF comes from
strangers: whatever cannot be understood counts as absent, never as an error.
"""

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_DATE = re.compile(r"^\s*(\d{4})[:/-](\d{2})[:/-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})")
_OFFSET = re.compile(r"^[+-]\d{2}:\d{2}$")
_DATE_TAGS = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    (ExifTags.Base.DateTime, ExifTags.Base.OffsetTime),
)


@dataclass(frozen=True, slots=True)
class Exif:
    """The few facts Binocle keeps; units as in ``ImageInfo``. Orientation is 1 to 8."""

    orientation: int = 1
    taken_at: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


def read_exif(image: Image.Image) -> Exif:
    """Read what is readable of an opened picture's EXIF block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            base = image.getexif()
            details = base.get_ifd(ExifTags.IFD.Exif)
            gps = base.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # a hostile block may raise anything; it then counts as absent
        return Exif()
    # Pillow turns TIFF pictures by itself while it decodes them.
    orientation = None if image.format == "TIFF" else base.get(ExifTags.Base.Orientation)
    latitude, longitude = _position(gps)
    return Exif(
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
        taken_at=_taken_at({**base, **details}),
        camera=_camera(base.get(ExifTags.Base.Make), base.get(ExifTags.Base.Model)),
        latitude=latitude,
        longitude=longitude,
        altitude=_altitude(gps),
    )


def _taken_at(tags: Mapping[int, Any]) -> str | None:
    for date_tag, offset_tag in _DATE_TAGS:
        match = _DATE.match(_text(tags.get(date_tag)))
        if not match:
            continue
        try:
            moment = datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*match.groups()))
        except ValueError:  # 0000:00:00, the 31st of June
            continue
        offset = _text(tags.get(offset_tag))
        return moment.isoformat() + (offset if _OFFSET.match(offset) else "")
    return None


def _camera(make: object, model: object) -> str | None:
    maker, name = _text(make), _text(model)
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
    return round(-degrees if _text(reference).upper() == negative else degrees, 7)


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
