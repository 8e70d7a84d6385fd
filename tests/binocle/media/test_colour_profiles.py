"""Embedded colour profiles are applied, whatever the format."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from binocle.media import images
from binocle.media.colour_profiles import to_srgb
from binocle.types import ImageSpec

COLOUR, GREY = (200, 60, 40), (128, 128, 128)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
D65_TO_D50 = {
    "display-p3": (
        (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)),
    "adobe-rgb": (
        (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    "prophoto": ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)),
    "swapped": (
        (0.38515, 0.71687, 0.09708), (0.43607, 0.22249, 0.01392), (0.14307, 0.06061, 0.7141)),
}  # fmt: skip
GAMMAS = {"display-p3": 2.2, "adobe-rgb": 2.19921875, "prophoto": 1.8, "swapped": 2.2}


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a profile of version 2 with no more than it must have."""
    table, blocks = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, block in tags.items():
        padded = block + b"\x00" * (-len(block) % 4)
        table += name + struct.pack(">II", start + len(blocks), len(padded))
        blocks += padded
    size = start + len(blocks)
    head = struct.pack(">I4sI4s4s4s", size, b"\x00" * 4, 0x02400000, b"mntr", space, b"XYZ ")
    head = (head + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp").ljust(68, b"\x00")
    head = (head + xyz(0.9642, 1.0, 0.8249)[8:]).ljust(128, b"\x00")
    return head + struct.pack(">I", len(tags)) + table + blocks


def xyz(*values: float) -> bytes:
    return b"XYZ \x00\x00\x00\x00" + struct.pack(">3i", *(round(one * 65536) for one in values))


def gamma(value: float) -> bytes:
    return b"curv\x00\x00\x00\x00" + struct.pack(">IH", 1, round(value * 256))


def rgb_profile(name: str) -> bytes:
    red, green, blue = (xyz(*one) for one in D65_TO_D50[name])
    curve = gamma(GAMMAS[name])
    curves = dict.fromkeys([b"rTRC", b"gTRC", b"bTRC"], curve)
    white = {b"wtpt": xyz(0.9642, 1.0, 0.8249)}
    return profile(b"RGB ", {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue} | curves | white)


def grey_profile(value: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": gamma(value), b"wtpt": xyz(0.9642, 1.0, 0.8249)})


def shown_as(colour: tuple[int, int, int], icc: bytes) -> tuple[int, int, int]:
    """Return what stands in a file of this profile for a colour of sRGB."""
    back = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(icc)), "RGB", "RGB"
    )
    pixel = ImageCms.applyTransform(Image.new("RGB", (1, 1), colour), back)
    assert pixel is not None
    return pixel.getpixel((0, 0))  # type: ignore[return-value]


def halves(mode: str, left: Any, right: Any) -> Image.Image:
    image = Image.new(mode, (64, 64), left)
    image.paste(right, (32, 0, 64, 64))
    return image


def check(data: bytes, left: Any = COLOUR, right: Any = GREY) -> None:
    for side in (8, 64):  # with and without a cheap reduction
        pixels = images.load(data, ImageSpec(side, side, "squash")).pixels.astype(int)
        assert np.abs(pixels[:, side // 4] - left).max() <= 6
        assert np.abs(pixels[:, -(side // 4)] - right).max() <= 6
    small = np.asarray(images.thumbnail(data, 32)).astype(int)
    assert np.abs(small[:, 8] - left).max() <= 6


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", D65_TO_D50)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colours_are_those_of_the_profile(kind: str, name: str) -> None:
    icc = rgb_profile(name)
    image = halves("RGB", shown_as(COLOUR, icc), shown_as(GREY, icc))
    options = {} if kind in ("PNG", "TIFF") else {"quality": 98}
    check(encoded(image, kind, icc_profile=icc, **options))


@pytest.mark.parametrize("mode", ["RGBA", "P", "PA"])
def test_profile_counts_for_palettes_and_transparent_pictures(mode: str) -> None:
    icc = rgb_profile("swapped")
    colours = shown_as(COLOUR, icc), shown_as(GREY, icc)
    image = halves("RGB", *colours)
    image = image.convert("RGBA") if mode == "RGBA" else image.quantize(2)
    clear = {"transparency": bytes([255, 255])} if mode == "PA" else {}
    check(encoded(image, "PNG", icc_profile=icc, **clear))


def test_what_shows_through_is_white() -> None:
    image = halves("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))
    check(encoded(image, "PNG", icc_profile=rgb_profile("swapped")), (255,) * 3, (0,) * 3)


@pytest.mark.parametrize("mode", ["L", "LA", "16"])
def test_grey_is_that_of_the_profile(mode: str) -> None:
    if mode == "16":
        values = np.repeat(np.array([[33 * 257, 64 * 257]] * 64), 32, axis=1).astype("<u2")
        image = Image.fromarray(values)
    else:
        image = halves("L", 33, 64).convert(mode)
    check(encoded(image, "PNG", icc_profile=grey_profile(1.0)), (101,) * 3, (137,) * 3)


@pytest.mark.parametrize("icc", [SRGB, b"no profile", SRGB[:200], grey_profile(1.0)])
def test_profile_of_srgb_and_what_is_none_leave_pixels_as_they_are(icc: bytes) -> None:
    image = Image.effect_noise((64, 48), 80).convert("RGB")
    spec = ImageSpec(48, 48)
    plain = images.load(encoded(image, "PNG"), spec, None).pixels
    assert np.array_equal(images.load(encoded(image, "PNG", icc_profile=icc), spec).pixels, plain)
    assert to_srgb(icc, "RGB") is None
