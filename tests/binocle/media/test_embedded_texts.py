"""Captions, keywords, ratings and dates out of XMP, IPTC, EXIF and PNG, in every format."""

import io
import struct
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from binocle.media import images
from binocle.types import ImageInfo, ImageSpec
from tests.binocle.media.test_xmp import packet

PACKET = packet(
    'p:DateCreated="2019-03-04T05:06:07+01:00" e:GPSLatitude="48,51.5N" e:GPSLongitude="2,17.5E" '
    'a:Rating="4"',
    "<dc:subject><rdf:Bag><rdf:li>grandma</rdf:li></rdf:Bag></dc:subject>",
)


def info(kind: str = "JPEG", **options: Any) -> ImageInfo:
    file = io.BytesIO()
    Image.new("RGB", (16, 8)).save(file, kind, **options)
    return images.load(file.getvalue(), ImageSpec(8, 8)).info


def exif(base: dict[int, Any], details: dict[int, Any] | None = None) -> Image.Exif:
    made = Image.Exif()
    made.update(base)
    made.get_ifd(ExifTags.IFD.Exif).update(details or {})
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_xmp_is_read_in_every_format(kind: str) -> None:
    options: dict[str, Any] = {"xmp": PACKET}
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        options = {"pnginfo": texts}
    elif kind == "TIFF":
        options = {"tiffinfo": {700: PACKET}}
    known = info(kind, **options)
    assert known.said == {"keywords": ["grandma"], "rating": 4}
    assert known.taken_at == "2019-03-04T05:06:07+01:00"
    assert known.latitude == pytest.approx(48.8583333)


def iptc(number: int, data: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, number, len(data)) + data


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_iptc_is_read_in_the_encoding_it_is_in(encoding: str) -> None:
    block = iptc(120, "Größe".encode(encoding)) + iptc(25, b"one") + iptc(25, b"two")
    block += iptc(55, b"20190304") + iptc(60, b"050607+0100")
    block += b"\x00" * (len(block) % 2)
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(block)) + block
    marker = b"Photoshop 3.0\x00" + resource
    file = io.BytesIO()
    Image.new("RGB", (16, 8)).save(file, "JPEG")
    plain = file.getvalue()
    data = plain[:2] + b"\xff\xed" + struct.pack(">H", len(marker) + 2) + marker + plain[2:]
    known = images.load(data, ImageSpec(8, 8)).info
    assert known.said == {"description": "Größe", "keywords": ["one", "two"]}
    assert known.taken_at == "2019-03-04T05:06:07+01:00"


def test_exif_texts_are_read_but_not_what_cameras_write() -> None:
    wide = "été".encode("utf-16-le")
    known = info(
        exif=exif(
            {270: "A tram climbing the hill", 0x9C9E: "a; b".encode("utf-16-le"), 0x9C9B: wide,
             315: "Anna", 0x4746: 3},
            {0x9286: b"UNICODE\x00" + "später".encode("utf-16-le")},
        )
    )  # fmt: skip
    assert known.said == {
        "description": "A tram climbing the hill",
        "title": "été",
        "keywords": ["a", "b"],
        "comment": "später",
        "creator": ["Anna"],
        "rating": 3,
    }
    assert info(exif=exif({270: "OLYMPUS DIGITAL CAMERA         "})).said == {}
    assert info(exif=exif({}, {0x9286: b"ASCII\x00\x00\x00a caption"})).said == {
        "description": "a caption"
    }
    assert info(exif=exif({}, {0x9286: b"\x00" * 400})).said == {}


def test_png_says_when_it_was_made() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Creation Time", "Tue, 14 Jan 2025 18:31:30 +0200")
    texts.add_text("Description", "a chart")
    known = info("PNG", pnginfo=texts)
    assert known.taken_at == "2025-01-14T18:31:30+02:00"
    assert known.said == {"description": "a chart"}


def test_date_of_the_shot_goes_before_those_of_editors() -> None:
    shot, edited = "2001:01:01 00:00:00", "2020:01:01 00:00:00"
    both = exif({306: edited}, {36867: shot})
    assert info(exif=both, xmp=PACKET).taken_at == "2001-01-01T00:00:00"
    assert info(exif=exif({306: edited}), xmp=PACKET).taken_at == "2019-03-04T05:06:07+01:00"


@pytest.mark.parametrize(("south", "west"), [("S", "W"), ("South", "West"), ("s", "w")])
def test_references_of_places_may_be_spelled_out(south: str, west: str) -> None:
    made = Image.Exif()
    made.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: south, 2: (33.0, 51.0, 0.0), 3: west, 4: (70.0, 40.0, 0.0)}
    )
    known = info(exif=made)
    assert (known.latitude, known.longitude) == (-33.85, -70.6666667)


def test_endless_texts_are_cut() -> None:
    made = exif({270: "words " * 10_000})
    assert len(str(info(exif=made).said["description"])) <= 10_000


@pytest.mark.parametrize(("kind", "value"), [(3, (300, 400)), (11, (1.5, 2.5))])
def test_title_of_numbers_that_are_no_bytes_is_none(kind: int, value: tuple[float, ...]) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[0x9C9B] = kind
    tags[0x9C9B] = value
    tags[306] = "2020:05:06 07:08:09"
    known = info(exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + tags.tobytes(8))
    assert (known.said, known.taken_at) == ({}, "2020-05-06T07:08:09")


def test_endless_keywords_cost_neither_date_nor_rating() -> None:
    items = "".join(f"<rdf:li>{one:03}{'k' * 120}</rdf:li>" for one in range(290))
    keywords = f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"
    known = info(xmp=packet('p:DateCreated="2019-03-04" a:Rating="4"', keywords))
    assert (known.said, known.taken_at) == ({"rating": 4}, "2019-03-04")


def test_what_cameras_write_is_left_out_where_editors_copied_it() -> None:
    description = "<dc:description><rdf:Alt><rdf:li>SONY DSC</rdf:li></rdf:Alt></dc:description>"
    assert info(xmp=packet('a:Rating="4"', description)).said == {"rating": 4}
    texts = info(xmp=packet("", description), exif=exif({270: "a red shoe"}))
    assert texts.said == {"description": "a red shoe"}
