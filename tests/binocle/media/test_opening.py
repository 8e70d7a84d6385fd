import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from binocle.errors import PictureError
from binocle.media import images
from binocle.types import ImageInfo, ImageSpec

SPEC = ImageSpec(8, 8)
EIFFEL_TOWER = {1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)}


def info(exif: Image.Exif | bytes, kind: str = "JPEG") -> ImageInfo:
    file = io.BytesIO()
    block = exif if isinstance(exif, bytes) else exif.tobytes()
    Image.new("RGB", (16, 8)).save(file, kind, exif=block)
    return images.load(file.getvalue(), SPEC).info


def block(
    *,
    base: Mapping[Any, Any] | None = None,
    details: Mapping[Any, Any] | None = None,
    gps: Mapping[Any, Any] | None = None,
) -> Image.Exif:
    exif = Image.Exif()
    exif.update(base or {})
    exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_format_that_carries_exif_tells_time_camera_and_place(kind: str) -> None:
    known = info(
        block(
            base={ExifTags.Base.Make: "FUJIFILM", ExifTags.Base.Model: "X-T5"},
            details={ExifTags.Base.DateTimeOriginal: "2021:07:04 18:30:05"},
            gps={**EIFFEL_TOWER, 5: b"\x00", 6: 35.5},
        ),
        kind,
    )
    assert known.taken_at == "2021-07-04T18:30:05"
    assert known.camera == "FUJIFILM X-T5"
    assert known.latitude == pytest.approx(48.858222, abs=1e-5)
    assert known.longitude == pytest.approx(2.294500, abs=1e-5)
    assert known.altitude == pytest.approx(35.5)


def test_a_picture_without_exif_has_no_such_facts() -> None:
    assert set(info(b"").as_metadata()) == {"width", "height", "bytes", "format"}


@pytest.mark.parametrize(
    ("time", "taken_at"),
    [
        ((10.0, 11.0, 12.0), "2019-07-04T10:11:12+00:00"),
        (None, "2019-07-04"),
        ((10.0, 99.0, 0.0), "2019-07-04"),
    ],
)
def test_satellites_tell_the_time_in_utc(time: tuple[float, ...] | None, taken_at: str) -> None:
    gps: dict[int, object] = {ExifTags.GPS.GPSDateStamp: "2019:07:04"}
    gps |= {ExifTags.GPS.GPSTimeStamp: time} if time else {}
    assert info(block(gps=gps)).taken_at == taken_at
    shot = {ExifTags.Base.DateTimeOriginal: "2019:07:04 12:11:12"}
    assert info(block(details=shot, gps=gps)).taken_at == "2019-07-04T12:11:12"


def test_the_offset_of_the_shot_is_kept() -> None:
    details = {
        ExifTags.Base.DateTimeOriginal: "2021:07:04 18:30:05",
        ExifTags.Base.OffsetTimeOriginal: "+09:00",
    }
    assert info(block(details=details)).taken_at == "2021-07-04T18:30:05+09:00"


def test_a_damaged_offset_is_left_out() -> None:
    details = {
        ExifTags.Base.DateTimeOriginal: "2021:07:04 18:30:05",
        ExifTags.Base.OffsetTimeOriginal: "Tokyo",
    }
    assert info(block(details=details)).taken_at == "2021-07-04T18:30:05"


def test_the_time_of_the_shot_comes_before_the_time_of_the_last_edit() -> None:
    edited = {ExifTags.Base.DateTime: "2023:01:01 00:00:00"}
    shot = {ExifTags.Base.DateTimeOriginal: "2021:07:04 18:30:05"}
    assert info(block(base=edited, details=shot)).taken_at == "2021-07-04T18:30:05"
    assert info(block(base=edited)).taken_at == "2023-01-01T00:00:00"


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "2021:06:31 10:00:00", "    :  :     :  :  ", "yesterday", ""]
)
def test_an_impossible_time_counts_as_absent(text: str) -> None:
    assert info(block(details={ExifTags.Base.DateTimeOriginal: text})).taken_at is None


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("FUJIFILM ", " X-T5\0", "FUJIFILM X-T5"),
        ("Apple", "", "Apple"),
        ("", "Pixel 8", "Pixel 8"),
        ("", "", None),
    ],
)
def test_a_camera_s_name_does_not_repeat_its_maker(
    make: str, model: str, camera: str | None
) -> None:
    base = {ExifTags.Base.Make: make, ExifTags.Base.Model: model}
    assert info(block(base=base)).camera == camera


def test_south_and_west_are_negative() -> None:
    rio = {1: "S", 2: (22.0, 54.0, 30.0), 3: "W", 4: (43.0, 12.0, 0.0)}
    known = info(block(gps=rio))
    assert known.latitude == pytest.approx(-22.908333, abs=1e-5)
    assert known.longitude == pytest.approx(-43.2, abs=1e-5)


def test_below_the_sea_is_a_negative_altitude() -> None:
    known = info(block(gps={5: b"\x01", 6: 430.5}))
    assert known.altitude == pytest.approx(-430.5)


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (48.0, 51.0, 29.6)},
        {**EIFFEL_TOWER, 2: (91.0, 0.0, 0.0)},
        {**EIFFEL_TOWER, 4: (181.0, 0.0, 0.0)},
        {**EIFFEL_TOWER, 2: (48.0, 51.0, 29.0, 6.0)},
    ],
    ids=["null island", "half", "beyond the pole", "beyond the date line", "four numbers"],
)
def test_an_impossible_place_counts_as_absent(gps: dict[int, Any]) -> None:
    known = info(block(gps=gps))
    assert known.latitude is None
    assert known.longitude is None


def test_a_place_on_the_equator_is_a_place() -> None:
    known = info(block(gps={**EIFFEL_TOWER, 2: (0.0, 0.0, 0.0)}))
    assert known.latitude == 0
    assert known.longitude == pytest.approx(2.2945, abs=1e-5)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_leaves_the_picture_as_it_is(orientation: int) -> None:
    known = info(block(base={ExifTags.Base.Orientation: orientation}))
    assert (known.width, known.height) == (16, 8)


def test_garbage_counts_as_absent() -> None:
    known = info(b"Exif\0\0" + b"\xde\xad\xbe\xef" * 40)
    assert set(known.as_metadata()) == {"width", "height", "bytes", "format"}


@given(
    garbage=st.binary(max_size=200),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
@settings(max_examples=100, deadline=None)
def test_no_exif_block_keeps_a_sound_picture_from_being_read(
    garbage: bytes, changes: list[tuple[float, int]]
) -> None:
    sound = block(
        base={ExifTags.Base.Make: "Canon", ExifTags.Base.Orientation: 6},
        details={ExifTags.Base.DateTimeOriginal: "2021:07:04 18:30:05"},
        gps={**EIFFEL_TOWER, 5: b"\x00", 6: 35.5},
    )
    data = bytearray(sound.tobytes())
    for place, value in changes:
        data[int(place * len(data))] = value
    for exif in (bytes(data), b"Exif\0\0" + garbage, b"Exif\0\0II*\0\x08\0\0\0" + garbage):
        file = io.BytesIO()
        Image.new("RGB", (16, 16), "white").save(file, "JPEG", exif=exif)
        picture = images.load(file.getvalue(), SPEC)
        assert np.array_equal(picture.pixels, np.full((8, 8, 3), 255))
        assert picture.info.latitude is None or abs(picture.info.latitude) <= 90


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\0\0\x18ftypmp42" + bytes(99), "it is a video, and no picture"),
        (b"\x1aE\xdf\xa3" + bytes(99), "it is a video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "it is a sound"),
        (b"%PDF-1.7\n", "it is a PDF document"),
        (b"PK\x03\x04" + bytes(99), "it is a zip archive"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg xmlns='x'/>", "it is an SVG drawing"),
        (b"\n<!DOCTYPE html><title>x</title>", "it is a web page"),
        (b"<note>no drawing</note>", "the content is damaged, or in no picture format"),
        (b"\0\0\0\x18ftypheic" + bytes(99), "damaged"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        images.load(data, SPEC)
