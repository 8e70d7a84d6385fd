"""What a picture's file says in words: XMP, IPTC, EXIF and PNG's texts, merged.

XMP goes before IPTC, and that before EXIF, as the Metadata Working Group's guidelines have it: it
is what editors write last, and its texts are in Unicode. Comes from strangers: whatever cannot be
understood counts as absent.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageFile, IptcImagePlugin

from binocle.media.shot_dates import shot_date
from binocle.media.xmp import read_xmp
from binocle.types import MetadataValue

MAX_TEXT, MAX_ITEMS, MAX_ALL = 10_000, 300, 30_000  # characters, items of a list, characters
NAMES = (
    "title", "description", "headline", "comment", "keywords", "people", "rating", "creator",
    "city", "state", "country", "sublocation",
)  # fmt: skip
_BY_CAMERAS = (  # what cameras write where a person could
    "olympus digital camera", "sony dsc", "samsung", "digital camera", "exif_jpeg_picture",
    "exif jpeg", "default", "dcim", "minolta", "kodak", "konica", "dav", "cof", "rptnbr", "edf",
    "mde", "hdr", "oznor", "screenshot", "jpeg", "untitled", "image description", "video_",
)  # fmt: skip
_IPTC_TEXTS = {
    "title": 5, "headline": 105, "description": 120, "city": 90, "state": 95, "country": 101,
    "sublocation": 92,
}  # fmt: skip
_IPTC_LISTS = {"keywords": 25, "creator": 80}
_XP = {"title": 0x9C9B, "comment": 0x9C9C, "keywords": 0x9C9E, "description": 0x9C9F}
_RATING, _COMMENT, _ARTIST, _DESCRIPTION = 0x4746, 0x9286, 315, 270
_PNG = {
    "title": "Title", "description": "Description", "creator": "Author", "comment": "Comment",
}  # fmt: skip

Tags = Mapping[int, Any]


def embedded_texts(image: Image.Image, base: Tags, details: Tags) -> dict[str, MetadataValue]:
    """Return what a picture's file says beside its EXIF tags of time, camera and place.

    Args:
        image: Its header has been read.
        base: EXIF's tags of the picture.
        details: EXIF's tags of the shot.

    Returns:
        Those of ``NAMES`` that it says, ``taken_at``, ``created_at``, ``latitude``, ``longitude``.
    """
    found: dict[str, MetadataValue] = {}
    for source in (_xmp, _iptc, _png):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                told = source(image)
        except Exception:  # a hostile block may raise anything; it then counts as absent
            told = {}
        for name, value in told.items():
            if not (isinstance(value, str) and _is_by_camera(value)):  # editors copy it
                found.setdefault(name, value)
    for name, value in _exif(base, details).items():
        found.setdefault(name, value)
    if "comment" in found and "description" not in found:
        found["description"] = found.pop("comment")
    return _within(found)


def _xmp(image: Image.Image) -> dict[str, MetadataValue]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    packet = packet or getattr(image, "tag_v2", {}).get(700)
    if isinstance(packet, str):
        packet = packet.encode()
    return read_xmp(packet) if isinstance(packet, bytes) else {}


def _iptc(image: Image.Image) -> dict[str, MetadataValue]:
    if not isinstance(image, ImageFile.ImageFile):
        return {}
    told: Mapping[Any, Any] = IptcImagePlugin.getiptcinfo(image) or {}
    is_utf8 = told.get((1, 90)) == b"\x1b%G"

    def texts(number: int) -> list[str]:
        value = told.get((2, number), ())
        every = value if isinstance(value, list) else [value] if value else []
        return [*filter(None, (_decoded(one, is_utf8=is_utf8) for one in every))]

    found: dict[str, MetadataValue] = {}
    for name, number in _IPTC_TEXTS.items():
        if values := texts(number):
            found[name] = values[0]
    for name, number in _IPTC_LISTS.items():
        if values := texts(number):
            found[name] = [*values]
    day, time = (next(iter(texts(number)), "") for number in (55, 60))
    if date := shot_date(f"{day}T{time}" if time else day) or shot_date(day):
        found["taken_at"] = date
    return found


def _png(image: Image.Image) -> dict[str, MetadataValue]:
    if image.format != "PNG":
        return {}
    found: dict[str, MetadataValue] = {}
    for name, key in _PNG.items():
        text = image.info.get(key)
        if isinstance(text, str) and text.strip():
            found[name] = [text.strip()] if name == "creator" else text.strip()
    for key in ("Creation Time", "creation_time", "Create Time"):
        text = image.info.get(key)
        if isinstance(text, str) and (date := shot_date(text)):
            found["created_at"] = date
            break
    return found


def _exif(base: Tags, details: Tags) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {}
    description = _decoded(base.get(_DESCRIPTION))
    if description and not _is_by_camera(description):
        found["description"] = description
    for name, tag in _XP.items():
        value = base.get(tag)
        try:
            data = bytes(value) if isinstance(value, bytes | tuple) else b""
        except (ValueError, TypeError):  # numbers that are no bytes
            continue
        text = data.decode("utf-16-le", "replace").replace("\x00", "").strip()
        if text and name == "keywords":
            found[name] = [*filter(None, map(str.strip, text.split(";")))]
        elif text:
            found.setdefault(name, text)
    comment = _user_comment(details.get(_COMMENT))
    if comment and not _is_by_camera(comment):
        found.setdefault("comment", comment)
    if artist := _decoded(base.get(_ARTIST)):
        found["creator"] = [*filter(None, map(str.strip, artist.split(";")))]
    rating = base.get(_RATING)
    if isinstance(rating, int) and 1 <= rating <= 5:
        found["rating"] = rating
    return found


def _user_comment(value: object) -> str:
    data = value if isinstance(value, bytes) else b""
    code, text = data[:8].rstrip(b"\x00 ").upper(), data[8:]
    if code == b"UNICODE":
        is_little = text[1::2].count(0) >= text[::2].count(0)
        shown = text.decode("utf-16-le" if is_little else "utf-16-be", "replace")
    elif code == b"JIS":
        shown = text.decode("iso2022_jp", "replace")
    elif code == b"ASCII":
        shown = _decoded(text)
    else:
        return ""
    shown = shown.replace("\ufeff", "").replace("\x00", "").strip()
    return shown if shown.isprintable() or "\n" in shown else ""


def _decoded(value: object, *, is_utf8: bool = False) -> str:
    """Return a text of EXIF or IPTC, which Pillow reads as Latin-1 whatever it is in."""
    text, data = "", value if isinstance(value, bytes) else b""
    if isinstance(value, str):
        try:
            data = value.encode("latin-1")
        except UnicodeEncodeError:
            text = value
    try:
        text = text or data.decode("utf-8", "replace" if is_utf8 else "strict")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\x00", " ").strip()


def _is_by_camera(text: str) -> bool:
    lower = text.lower().strip()
    starts = any(lower == one or (len(one) > 3 and lower.startswith(one)) for one in _BY_CAMERAS)
    return starts and len(lower) < 30


def _within(found: dict[str, MetadataValue]) -> dict[str, MetadataValue]:
    """Return what was found within limits: whole values, those that are too long left out."""
    kept: dict[str, MetadataValue] = {}
    left = MAX_ALL
    for name, value in found.items():
        shown: MetadataValue = value
        if isinstance(value, str):
            shown = _clean(value)
        elif isinstance(value, list):
            shown = [one for one in map(_clean, map(str, value[:MAX_ITEMS])) if one]
        length = sum(len(str(one)) for one in (shown if isinstance(shown, list) else [shown]))
        if length > left:  # it costs itself, not what comes behind it
            continue
        left -= length
        if shown not in ("", []):
            kept[name] = shown
    return kept


def _clean(text: str) -> str:
    return text[:MAX_TEXT].replace("\x00", "").encode("utf-8", "replace").decode().strip()
