"""What an XMP packet says: captions, keywords, rating, dates, places, people.

Names are told apart by their namespaces, whatever prefixes a program writes. Sources: XMP part 1
(ISO 16684-1) and 2, IPTC Photo Metadata 2023.1, Metadata Working Group's regions.
"""

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from binocle.media.shot_dates import shot_date
from binocle.types import MetadataValue

_MAX_BYTES = 4 * 1024 * 1024
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_IPTC_MORE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_REGIONS = "{http://www.metadataworkinggroup.com/schemas/regions/}"
_TEXTS = {
    "title": (_DC + "title",),
    "description": (_DC + "description", "{http://ns.adobe.com/tiff/1.0/}ImageDescription"),
    "headline": (_PHOTOSHOP + "Headline",),
    "city": (_PHOTOSHOP + "City",),
    "state": (_PHOTOSHOP + "State",),
    "country": (_PHOTOSHOP + "Country",),
    "sublocation": (_IPTC + "Location",),
}
_COMMENT = (
    _IPTC + "AltTextAccessibility",
    _IPTC + "ExtDescrAccessibility",
    _EXIF + "UserComment",
)
_LISTS = {
    "keywords": (_DC + "subject",),
    "creator": (_DC + "creator",),
    "people": (_IPTC_MORE + "PersonInImage", _REGIONS + "Name"),
}
_PATHS = {  # of keywords in a tree, and what stands between a keyword and what it is under
    "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject": "|",
    "{http://www.digikam.org/ns/1.0/}TagsList": "/",
    "{http://ns.microsoft.com/photo/1.0/}LastKeywordXMP": "/",
}
_TAKEN = (_EXIF + "DateTimeOriginal", _PHOTOSHOP + "DateCreated")
_CREATED = (_XMP + "CreateDate", _EXIF + "DateTimeDigitized", _EXIF + "GPSTimeStamp")
_UTF_16 = (
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_COORDINATE = re.compile(
    r"(\d+)(?:[,°]\s*([\d.]+))?(?:[,']\s*([\d.]+))?[\"' ]*([NSEW])", re.IGNORECASE
)
_DECIMAL = re.compile(r"([+-]?\d+(?:\.\d+)?) ?([NSEW]?)", re.IGNORECASE)


def read_xmp(packet: bytes) -> dict[str, MetadataValue]:
    """Return what a packet says under our names; nothing where it is damaged.

    ``created_at`` is when the file was made, for where nobody says when the photo was taken.
    """
    packet = _as_utf_8(packet)
    start = packet.find(b"<")
    is_hostile = b"<!DOCTYPE" in packet or b"<!ENTITY" in packet
    if start < 0 or len(packet) > _MAX_BYTES or is_hostile:
        return {}
    try:
        root = ET.fromstring(packet.strip(b"\x00 \r\n\t"))  # noqa: S314 - no entities
    except (ET.ParseError, ValueError, LookupError, RecursionError):
        return {}
    said: dict[str, list[str]] = {}
    for name, value in _statements(root):
        said.setdefault(name, []).append(value)
    return _texts(said) | _lists(said) | _dates(said) | _rating(said) | _place(said)


def _texts(said: dict[str, list[str]]) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {}
    for name, tags in _TEXTS.items():
        if values := _values(said, tags):
            found[name] = values[0]
    comments = [one for one in _values(said, _COMMENT) if one != found.get("description")]
    return found | ({"comment": "\n".join(comments)} if comments else {})


def _lists(said: dict[str, list[str]]) -> dict[str, MetadataValue]:
    lists = {name: _values(said, tags) for name, tags in _LISTS.items()}
    for tag, between in _PATHS.items():
        ends = (one.rpartition(between)[2].strip() for one in said.get(tag, ()))
        lists["keywords"] += filter(None, ends)
    return {name: [*dict.fromkeys(values)] for name, values in lists.items() if values}


def _dates(said: dict[str, list[str]]) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {}
    for name, tags in (("taken_at", _TAKEN), ("created_at", _CREATED)):
        if date := next(filter(None, map(shot_date, _values(said, tags))), None):
            found[name] = date
    return found


def _values(said: dict[str, list[str]], tags: tuple[str, ...]) -> list[str]:
    return [*dict.fromkeys(one for tag in tags for one in said.get(tag, ()))]


def _as_utf_8(packet: bytes) -> bytes:
    """Return a packet in UTF-8, in which most are; those in UTF-16 may lack a mark."""
    name = next((name for mark, name in _UTF_16 if packet.startswith(mark)), None)
    if name is None or len(packet) > _MAX_BYTES:
        return packet
    text = packet.decode(name, "replace").strip("\ufeff\x00")
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def _statements(root: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield each property with each of its values; of a text in several languages the default."""
    for element in root.iter():
        for name, text in element.attrib.items():
            if text.strip() and not name.startswith((_RDF, "{http://www.w3.org/XML")):
                yield name, text.strip()
        if element.tag.startswith(_RDF):
            continue
        if element.text and element.text.strip() and not len(element):
            yield element.tag, element.text.strip()
        for container in element:
            items = [one for one in container if one.tag == f"{_RDF}li" and one.text]
            texts = [(one.get(_LANGUAGE, ""), (one.text or "").strip()) for one in items]
            if container.tag == f"{_RDF}Alt":
                texts.sort(key=lambda one: one[0].lower() != "x-default")
                texts = texts[:1]
            if container.tag in (f"{_RDF}Alt", f"{_RDF}Bag", f"{_RDF}Seq"):
                yield from ((element.tag, text) for _, text in texts if text)


def _rating(said: dict[str, list[str]]) -> dict[str, MetadataValue]:
    """Return the stars, 1 to 5, or -1 for what was rejected."""
    try:
        rating = float(said[f"{_XMP}Rating"][0])
    except (KeyError, ValueError):
        return {}
    if not math.isfinite(rating) or not -1 <= rating <= 5 or rating == 0:  # 0 says unrated
        return {}
    return {"rating": int(rating) if rating.is_integer() else rating}


def _place(said: dict[str, list[str]]) -> dict[str, MetadataValue]:
    latitude, longitude = (
        _degrees(next(iter(said.get(_EXIF + name, ())), ""))
        for name in ("GPSLatitude", "GPSLongitude")
    )
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return {}
    return {"latitude": latitude, "longitude": longitude} if latitude or longitude else {}


def _degrees(text: str) -> float | None:
    match = _DECIMAL.fullmatch(text.strip())
    if match is not None:
        degrees, side = float(match[1]), match[2]
    else:
        match = _COORDINATE.fullmatch(text.strip())
        if match is None:
            return None
        try:
            degrees = float(match[1]) + float(match[2] or 0) / 60 + float(match[3] or 0) / 3600
        except ValueError:
            return None
        side = match[4]
    return round(-abs(degrees) if side.upper() in ("S", "W") else degrees, 7)
