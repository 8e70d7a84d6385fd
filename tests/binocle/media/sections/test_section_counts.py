"""Files of millions of sections cost no decoder its time, and pictures have far fewer."""

import io
import itertools
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from binocle.errors import PictureError
from binocle.media import images
from binocle.media.sections.section_counts import (
    MOST_SCANS,
    MOST_SECTIONS,
    check_sections,
    frames_of_gif,
)
from binocle.types import ImageSpec

MANY = MOST_SECTIONS + 10


def written(kind: str, **options: object) -> bytes:
    rng = np.random.default_rng(1)
    with io.BytesIO() as file:
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(file, kind, **options)
        return file.getvalue()


def with_segments(segment: bytes, count: int = MANY) -> bytes:
    jpeg = written("JPEG")
    return jpeg[:2] + segment * count + jpeg[2:]


def with_chunks(kind: bytes, body: bytes, count: int = MANY) -> bytes:
    png = written("PNG")
    at = png.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:at] + chunk * count + png[at:]


def with_blocks(block: bytes, count: int = MANY) -> bytes:
    gif = written("GIF")
    at = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    return gif[:at] + block * count + gif[at:]


def with_scans(count: int) -> bytes:
    jpeg = written("JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * count + jpeg[-2:]


def of_one_colour(count: int) -> bytes:
    """Return a picture that is not progressive, of scans with a single colour each."""
    jpeg = written("JPEG")
    at = jpeg.index(b"\xff\xda")
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return jpeg[:at] + scan * count + jpeg[-2:]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "beginnings": lambda: b"\xff\xd8\xff" * MANY,
    "fill": lambda: b"\xff\xd8" + b"\xff" * MANY,
    "restarts": lambda: b"\xff\xd8" + b"\xff\xd0" * MANY,
    "comments": lambda: with_segments(b"\xff\xfe\x00\x02"),
    "EXIF": lambda: with_segments(b"\xff\xe1\x00\x08Exif\x00\x00"),
    "nothing between segments": lambda: with_segments(b"\x00"),
    "scans": lambda: with_scans(MOST_SCANS),
    "scans behind an end that is none": lambda: (
        with_scans(1)[:-2] + b"\xff\xfe\x00\x04\xff\xd9" + b"\xff\xda\x00\x02" * MOST_SCANS
    ),
    "scans of one colour": lambda: of_one_colour(MOST_SCANS + 1),
    "markers between scans": lambda: with_scans(1)[:-2] + b"\xff\x01" * MANY,
    "empty chunks": lambda: with_chunks(b"abCd", b""),
    "texts": lambda: with_chunks(b"tEXt", b"a\0b"),
    "empty pixels": lambda: with_chunks(b"IDAT", b""),
    "extensions": lambda: with_blocks(b"\x21\xfe\x01a\x00"),
    "an endless extension": lambda: with_blocks(b"\x21\xfe" + b"\x01a" * MANY + b"\x00", 1),
    "nothing between blocks": lambda: with_blocks(b"\x00"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_more_sections_than_a_picture_has_are_refused_unread(name: str) -> None:
    with pytest.raises(PictureError, match="more than"):
        images.load(HOSTILE[name](), ImageSpec(32, 32))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"x" * 60_000, "icc_profile": bytes(300_000)}),
        ("PNG", {}),
        ("GIF", {"comment": b"x" * 60_000}),
    ],
)
def test_pictures_are_far_from_the_limit(kind: str, options: dict[str, object]) -> None:
    data = written(kind, **options)
    check_sections(data)
    assert images.load(data, ImageSpec(32, 32)).info.width == 60


def test_many_sections_within_the_limit_are_read() -> None:
    for data in (
        with_segments(b"\xff\xfe\x00\x03x", 1000),
        with_chunks(b"tEXt", b"a\0b", 1000),
        with_blocks(b"\x21\xfe\x01a\x00", 1000),
        with_scans(20),
        of_one_colour(3),
        with_scans(20) + b"\xff\xda" * MANY,  # as a film behind its picture may have by chance
    ):
        assert images.load(data, ImageSpec(32, 32)).info.width == 60


def test_wherever_a_file_ends_it_is_counted_to_its_end() -> None:
    for data in (with_segments(b"\xff\xfe\x00\x03x", 3), written("PNG"), written("GIF")):
        for end in itertools.chain(range(min(700, len(data)))):
            check_sections(data[:end])


def animation(kind: str, count: int) -> bytes:
    frames = [Image.new("RGB", (30, 20), (one, 255 - one, 7)) for one in range(0, 10 * count, 10)]
    with io.BytesIO() as file:
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=50)
        return file.getvalue()


@pytest.mark.parametrize("count", [1, 2, 12])
def test_frames_of_a_gif_are_counted_as_pillow_counts_them(count: int) -> None:
    data = animation("GIF", count)
    with Image.open(io.BytesIO(data)) as image:
        assert frames_of_gif(data, 100) == getattr(image, "n_frames", 1) == count
    assert frames_of_gif(data, 7) == min(7, count)
    assert frames_of_gif(data[:20], 100) == 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_long_animation_only_the_beginning_is_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, spec = animation(kind, 12), ImageSpec(8, 8, moment=1.0)
    assert abs(int(images.load(data, spec).pixels[4, 4, 0]) - 110) < 4
    monkeypatch.setattr(images, "_MOST_PIXELS", 30 * 20 * 4)
    assert abs(int(images.load(data, spec).pixels[4, 4, 0]) - 30) < 4
