"""TIFF pictures that Pillow does not read as they are meant."""

import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest

from binocle.errors import NotAPictureError, PictureTooLargeError
from binocle.media import images
from binocle.types import ImageSpec, Limits


def tiff(
    data: bytes,
    *,
    size: tuple[int, int] = (32, 32),
    bits: tuple[int, ...],
    photometric: int,
    sample_format: int = 1,
    extra: tuple[int, ...] = (),
    order: str = "<",
    compression: int = 1,
) -> bytes:
    """Return a TIFF of one uncompressed strip."""
    samples = len(bits)
    short = [
        (258, bits), (259, (compression,)), (262, (photometric,)), (277, (samples,)), (284, (1,)),
        (339, (sample_format,) * samples), *([(338, extra)] if extra else []),
    ]  # fmt: skip
    long = [(256, size[0]), (257, size[1]), (278, size[1]), (279, len(data)), (273, 0)]
    count = len(short) + len(long)
    start = 8 + 2 + 12 * count + 4
    entries, behind = [], b""
    for tag, values in short:
        packed = struct.pack(f"{order}{len(values)}H", *values)
        if len(packed) > 4:
            place = start + len(behind)
            behind += packed
            packed = struct.pack(f"{order}I", place)
        entries.append(
            (tag, struct.pack(f"{order}HHI", tag, 3, len(values)) + packed.ljust(4, b"\x00"))
        )
    pixels_at = start + len(behind)
    for tag, value in long:
        shown = pixels_at if tag == 273 else value
        entries.append((tag, struct.pack(f"{order}HHII", tag, 4, 1, shown)))
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    table = b"".join(entry for _, entry in sorted(entries))
    return head + struct.pack(f"{order}H", count) + table + b"\x00" * 4 + behind + data


def halves(left: float, right: float, dtype: str, *, samples: int = 1) -> npt.NDArray[np.generic]:
    values = np.empty((32, 32, samples), dtype)
    values[:, :16], values[:, 16:] = left, right
    return values


def twelve_bits(left: int, right: int) -> bytes:
    def packed(value: int) -> bytes:
        return ((value << 12) | value).to_bytes(3, "big")

    return (packed(left) * 8 + packed(right) * 8) * 32


def with_alpha(left: int, right: int) -> npt.NDArray[np.uint16]:
    values = halves(left, right, "<u2", samples=2).astype("<u2")
    values[..., 1] = 65535
    return values


FILES = {
    "16-bit, 0 is white": (
        tiff(halves(65535, 0, "<u2").tobytes(), bits=(16,), photometric=0), 0, 255),
    "16-bit, 0 is white, big-endian": (
        tiff(halves(65535, 0, ">u2").tobytes(), bits=(16,), photometric=0, order=">"), 0, 255),
    "8-bit, 0 is white": (tiff(halves(255, 0, "u1").tobytes(), bits=(8,), photometric=0), 0, 255),
    "16-bit grey with alpha": (
        tiff(with_alpha(128 * 257, 64 * 257).tobytes(), bits=(16, 16), photometric=1, extra=(2,)),
        128, 64),
    "16-bit grey with alpha, big-endian": (
        tiff(with_alpha(128 * 257, 64 * 257).astype(">u2").tobytes(), bits=(16, 16), photometric=1,
             extra=(2,), order=">"), 128, 64),
    "16-bit grey with alpha, deflated": (
        tiff(zlib.compress(with_alpha(128 * 257, 64 * 257).tobytes()), bits=(16, 16),
             photometric=1, extra=(2,), compression=8), 128, 64),
    "12-bit grey": (tiff(twelve_bits(2048, 4095), bits=(12,), photometric=1), 128, 255),
    "float RGB": (
        tiff(halves(0.5, 1.0, "<f4", samples=3).tobytes(), bits=(32,) * 3, photometric=2,
             sample_format=3), 128, 255),
    "float grey, 0 is white": (
        tiff(halves(0.0, 1.0, "<f4").tobytes(), bits=(32,), photometric=0, sample_format=3),
        255, 0),
    "double grey": (
        tiff(halves(0.5, 1.0, "<f8").tobytes(), bits=(64,), photometric=1, sample_format=3),
        128, 255),
    "16-bit RGB": (
        tiff(halves(128 * 257, 65535, "<u2", samples=3).tobytes(), bits=(16,) * 3, photometric=2),
        128, 255),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_grey_and_colours_are_those_a_viewer_shows(name: str) -> None:
    data, left, right = FILES[name]
    shown = images.load(data, ImageSpec(32, 32)).pixels.astype(int)
    assert np.abs(shown[:, 8] - left).max() <= 2
    assert np.abs(shown[:, -8] - right).max() <= 2
    assert images.load(data, ImageSpec(32, 32)).info.format == "tiff"


def test_what_nobody_reads_is_named() -> None:
    data = tiff(b"\x00" * 4096, bits=(16, 16), photometric=32, extra=(2,))
    with pytest.raises(NotAPictureError, match="TIFF of 16-bit"):
        images.load(data, ImageSpec(8, 8))


def test_limits_hold_before_pixels_are_decoded() -> None:
    data = tiff(b"\x00" * 16, size=(50_000, 50_000), bits=(16, 16), photometric=1, extra=(2,))
    with pytest.raises(PictureTooLargeError):
        images.load(data, ImageSpec(8, 8), Limits())
