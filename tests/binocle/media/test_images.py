import io
import struct
import zlib
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from binocle.errors import (
    NotAPictureError,
    PictureError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from binocle.media import images
from binocle.types import ImageSpec, Limits, PixelArray

ResizeMode = Literal["shortest", "longest", "squash"]
MODES: tuple[ResizeMode, ...] = ("shortest", "longest", "squash")
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
DARK, LIGHT = (64, 64, 64), (192, 192, 192)
# What turns an upright picture into the stored one: the inverse of what the viewer does.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int, height: int) -> Image.Image:
    """A smooth picture that differs from all its flips and turns."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    blob = np.exp(-(((x - 0.3) / 0.2) ** 2) - ((y - 0.7) / 0.2) ** 2)
    return Image.fromarray((np.stack([x, y, blob], 2) * 235 + 10).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def held_as(orientation: int, upright: Image.Image, kind: str, **options: Any) -> bytes:
    """The file of a camera that was held so and noted it in EXIF."""
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = upright if turn is None else upright.transpose(turn)
    return encoded(stored, kind, exif=exif.tobytes(), **options)


def pixels(data: bytes, spec: ImageSpec) -> PixelArray:
    return images.load(data, spec).pixels


def difference(left: PixelArray, right: PixelArray) -> int:
    assert left.shape == right.shape
    return int(np.abs(left.astype(int) - right.astype(int)).max())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(32, 32), (40, 24), (24, 40)], ids=["square", "wide", "tall"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_exif_orientation_gives_the_same_upright_pixels(
    orientation: int, size: tuple[int, int], mode: ResizeMode
) -> None:
    spec = ImageSpec(*size, resize_mode=mode)
    upright = scene(960, 480)
    expected = pixels(encoded(upright), spec)
    turned = images.load(held_as(orientation, upright, "JPEG", quality=95), spec)
    assert turned.pixels.shape == (size[1], size[0], 3)
    assert (turned.info.width, turned.info.height) == (960, 480)
    assert difference(turned.pixels, expected) < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_orientation_is_applied_once_in_every_format(kind: str, orientation: int) -> None:
    spec = ImageSpec(32, 32, "squash")
    upright = scene(96, 48)
    turned = images.load(held_as(orientation, upright, kind, quality=95), spec)
    assert (turned.info.width, turned.info.height) == (96, 48)
    assert difference(turned.pixels, pixels(encoded(upright), spec)) < 16
    small = images.thumbnail(held_as(orientation, upright, kind, quality=95), 48)
    assert small.size == (48, 24)
    assert difference(np.asarray(small), np.asarray(upright.resize((48, 24)))) < 16


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("orientation", STORED)
def test_an_odd_margin_falls_on_the_same_side_however_the_camera_was_held(
    orientation: int, mode: ResizeMode
) -> None:
    spec = ImageSpec(32, 32, mode)  # 96 x 62 scales to 49 x 32, or to 32 x 21
    upright = scene(96, 62)
    turned = pixels(held_as(orientation, upright, "PNG"), spec)
    assert difference(turned, pixels(encoded(upright), spec)) < 4


def halves(mode: str, left: Any, right: Any) -> Image.Image:
    image = Image.new(mode, (64, 64), left)
    image.paste(right, (32, 0, 64, 64))
    return image


def lab() -> Image.Image:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    image = ImageCms.applyTransform(halves("RGB", (200, 60, 60), (60, 60, 200)), to_lab)
    assert image is not None
    return image


def deep(values: tuple[float, float], dtype: str) -> Image.Image:
    return Image.fromarray(np.repeat(np.array([values] * 64, dtype), 32, axis=1))


def palette(**transparency: Any) -> bytes:
    image = halves("P", 0, 1)
    image.putpalette([*RED, *BLUE])
    return encoded(image, **transparency)


FILES: dict[str, tuple[Callable[[], bytes], tuple[int, ...], tuple[int, ...]]] = {
    "RGB": (lambda: encoded(halves("RGB", RED, BLUE)), RED, BLUE),
    "RGBA": (
        lambda: encoded(halves("RGBA", (0, 0, 0, 0), (*BLUE, 128))),
        WHITE, (127, 127, 255),
    ),
    "LA": (lambda: encoded(halves("LA", (0, 0), (0, 128))), WHITE, (127, 127, 127)),
    "RGB with tRNS": (
        lambda: encoded(halves("RGB", RED, BLUE), transparency=RED), WHITE, BLUE
    ),
    "L with tRNS": (lambda: encoded(halves("L", 64, 192), transparency=64), WHITE, LIGHT),
    "palette": (palette, RED, BLUE),
    "palette, one colour clear": (lambda: palette(transparency=0), WHITE, BLUE),
    "palette, alpha levels": (
        lambda: palette(transparency=b"\xff\x80"), RED, (127, 127, 255)
    ),
    "transparent GIF": (
        lambda: encoded(halves("P", 0, 1), "GIF", transparency=0), WHITE, (1, 1, 1)
    ),
    "transparent WebP": (
        lambda: encoded(halves("RGBA", (0, 0, 0, 0), (*BLUE, 255)), "WEBP", lossless=True),
        WHITE, BLUE,
    ),
    "grey": (lambda: encoded(halves("L", 64, 192)), DARK, LIGHT),
    "1-bit PNG": (lambda: encoded(halves("1", 0, 1)), (0, 0, 0), WHITE),
    "1-bit TIFF": (
        lambda: encoded(halves("1", 0, 1), "TIFF", compression="group4"), (0, 0, 0), WHITE
    ),
    "CMYK JPEG": (
        lambda: encoded(halves("RGB", RED, BLUE).convert("CMYK"), "JPEG", quality=95), RED, BLUE
    ),
    "16-bit PNG": (lambda: encoded(deep((64 * 257, 192 * 257), "<u2")), DARK, LIGHT),
    "16-bit big-endian TIFF": (
        lambda: encoded(deep((64 * 257, 192 * 257), ">u2"), "TIFF"), DARK, LIGHT
    ),
    "32-bit TIFF": (lambda: encoded(deep((64 * 257, 192 * 257), "<i4"), "TIFF"), DARK, LIGHT),
    "float TIFF to 1": (lambda: encoded(deep((64 / 255, 1), "<f4"), "TIFF"), DARK, WHITE),
    "float TIFF to 255": (lambda: encoded(deep((64, 192), "<f4"), "TIFF"), DARK, LIGHT),
    "float TIFF beyond": (lambda: encoded(deep((25e4, 1e6), "<f4"), "TIFF"), DARK, WHITE),
    "Lab TIFF": (lambda: encoded(lab(), "TIFF"), (200, 60, 60), (60, 60, 200)),
    "BMP": (lambda: encoded(halves("RGB", RED, BLUE), "BMP"), RED, BLUE),
    "HEIC": (lambda: encoded(halves("RGB", RED, BLUE), "HEIF", quality=95), RED, BLUE),
    "AVIF": (lambda: encoded(halves("RGB", RED, BLUE), "AVIF", quality=95), RED, BLUE),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_pixel_comes_out_as_the_colours_a_viewer_shows(name: str) -> None:
    make, left, right = FILES[name]
    for wanted in (8, 64):  # with and without a cheap reduction
        shown = pixels(make(), ImageSpec(wanted, wanted, "squash")).astype(int)
        quarter = wanted // 4
        assert np.abs(shown[:, quarter] - left).max() <= 8
        assert np.abs(shown[:, -quarter] - right).max() <= 8


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [("GIF", "gif", {}), ("WEBP", "webp", {"lossless": True}), ("PNG", "png", {})],
)
def test_an_animation_stands_for_its_first_frame(
    kind: str, name: str, options: dict[str, Any]
) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), BLUE)
    data = encoded(first, kind, save_all=True, append_images=[second], duration=50, **options)
    picture = images.load(data, ImageSpec(4, 4))
    assert picture.info.format == name
    assert difference(picture.pixels, np.full((4, 4, 3), RED, np.uint8)) <= 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_file_that_ends_early_is_truncated(kind: str, kept: float) -> None:
    data = encoded(scene(64, 64), kind)
    for use in (lambda cut: pixels(cut, ImageSpec(8, 8)), lambda cut: images.thumbnail(cut, 8)):
        with pytest.raises(PictureTruncatedError):
            use(data[: int(len(data) * kept)])


def test_a_text_file_is_not_a_picture() -> None:
    with pytest.raises(NotAPictureError):
        images.load(b"Dear diary, today I saw a fox.\n" * 20, ImageSpec(8, 8))


def test_a_format_binocle_does_not_read_is_not_a_picture() -> None:
    with pytest.raises(NotAPictureError):
        images.load(encoded(scene(8, 8), "PPM"), ImageSpec(8, 8))


def test_an_empty_file_is_truncated() -> None:
    with pytest.raises(PictureTruncatedError, match="empty"):
        images.load(b"", ImageSpec(8, 8))


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99))


def test_too_many_pixels_are_refused_before_any_is_decoded() -> None:
    with pytest.raises(PictureTooLargeError, match="100000 x 100000"):
        images.load(bomb(100_000, 100_000), ImageSpec(8, 8))
    with pytest.raises(PictureTooLargeError):
        images.thumbnail(bomb(100_000, 100_000), 8)


def test_the_limits_themselves_are_still_allowed() -> None:
    data = encoded(scene(64, 32))
    images.load(data, ImageSpec(8, 8), Limits(max_pixels=2048, max_bytes=len(data)))
    with pytest.raises(PictureTooLargeError, match="2,047"):
        images.load(data, ImageSpec(8, 8), Limits(max_pixels=2047))
    with pytest.raises(PictureTooLargeError, match="bytes"):
        images.load(data, ImageSpec(8, 8), Limits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("size", [(96, 64), (65, 97)], ids=["landscape", "portrait"])
def test_a_thumbnail_keeps_the_aspect_ratio(size: tuple[int, int]) -> None:
    small = images.thumbnail(encoded(scene(*size)), 32)
    assert small.mode == "RGB"
    assert max(small.size) == 32
    assert small.width / small.height == pytest.approx(size[0] / size[1], rel=0.05)


def test_a_thumbnail_is_never_larger_than_the_picture() -> None:
    assert images.thumbnail(encoded(scene(20, 10)), 256).size == (20, 10)


BASES = {
    kind: held_as(6, scene(40, 30), kind)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")
} | {kind: encoded(scene(40, 30), kind) for kind in ("GIF", "BMP")}


@given(data=st.binary(max_size=400), kind=st.sampled_from(["", *BASES]), head=st.integers(0, 24))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_give_pixels_or_a_picture_error(data: bytes, kind: str, head: int) -> None:
    check_outcome(BASES[kind][:head] + data if kind else data)


@given(
    kind=st.sampled_from([*BASES]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=8),
    kept=st.one_of(st.just(1.0), st.floats(0, 1)),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_picture_gives_pixels_or_a_picture_error(
    kind: str, changes: list[tuple[float, int]], kept: float
) -> None:
    damaged = bytearray(BASES[kind])
    for place, flip in changes:
        damaged[int(place * len(damaged))] ^= flip
    check_outcome(bytes(damaged[: round(kept * len(damaged))]))


def check_outcome(data: bytes) -> None:
    try:
        picture = images.load(data, ImageSpec(12, 8), Limits(max_pixels=1_000_000))
    except PictureError:
        return
    assert picture.pixels.shape == (8, 12, 3)
    assert picture.pixels.dtype == np.uint8


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_gives_the_picture_of_a_moment(file_format: str) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    first, *others = [Image.new("RGB", (64, 48), colour) for colour in colours]
    buffer = io.BytesIO()
    first.save(buffer, file_format, save_all=True, append_images=others, duration=100)
    data = buffer.getvalue()
    assert images.is_animated(data)
    for moment, brightest in ((0.0, 0), (0.4, 1), (0.6, 1), (1.0, 2)):
        spec = ImageSpec(32, 24, "squash", moment=moment)
        pixels = images.load(data, spec).pixels
        assert pixels.mean(axis=(0, 1)).argmax() == brightest


def test_pages_and_single_pictures_are_no_animations() -> None:
    page = Image.new("RGB", (64, 48), (250, 0, 0))
    for file_format in ("TIFF", "GIF", "JPEG"):
        buffer = io.BytesIO()
        more = {"save_all": True, "append_images": [page]} if file_format == "TIFF" else {}
        page.save(buffer, file_format, **more)
        assert not images.is_animated(buffer.getvalue())
