"""A decoder's answer is a stranger's: it fits the order, or is refused, and runs nothing."""

import io
import json
import pickle
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.media.decoder_messages import (
    GarbledError,
    Order,
    read_answer,
    read_order,
    write_answer,
    write_order,
)
from binocle.media.thumbnails import Thumbnail
from binocle.types import Fingerprint, ImageInfo, ImageSpec, Limits, Picture

_SPEC = ImageSpec(4, 2, fingerprint=True)
_ORDER = Order(Limits(max_pixels=1000), _SPEC)
_DATA = b"a file"
_INFO = ImageInfo(30, 20, len(_DATA), "jpeg", "2020-01-02T03:04:05", "A camera", 1.5, -2.0, 3.0)
_PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
_PICTURE = Picture(_PIXELS, _INFO, Fingerprint(b"h" * 32, b"f" * 36), "#0a0b0c")
_SMALL = Thumbnail(b"webp", "#ff0000")


def block(body: bytes) -> bytes:
    return struct.pack("<Q", len(body)) + body


def told(**changes: object) -> bytes:
    """Return an answer of which something is different."""
    stream = io.BytesIO()
    write_answer(stream, _PICTURE)
    whole = stream.getvalue()
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + length])
    header["info"] |= changes
    return block(json.dumps(header).encode()) + whole[8 + length :]


def answer_of(data: bytes, order: Order = _ORDER) -> object:
    return read_answer(io.BytesIO(data), order, _DATA)


def test_pictures_thumbnails_and_errors_come_as_they_went() -> None:
    read = answer_of(told())
    assert isinstance(read, Picture)
    assert np.array_equal(read.pixels, _PIXELS)
    assert (read.info, read.fingerprint) == (_INFO, _PICTURE.fingerprint)
    assert read.colour == "#0a0b0c"
    for answer, order in ((_SMALL, Order(Limits(), side=16)), (("unreadable", "no"), _ORDER)):
        stream = io.BytesIO()
        write_answer(stream, answer)
        assert answer_of(stream.getvalue(), order) == answer


@pytest.mark.parametrize(
    "order", [_ORDER, Order(Limits(), side=64), Order(Limits(), _SPEC, (0.0, 0.1, 0.5, 1.0))]
)
def test_orders_come_as_they_went(order: Order) -> None:
    stream = io.BytesIO()
    write_order(stream, order, _DATA)
    stream.seek(0)
    assert read_order(stream) == (order, _DATA)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize(
    "data",
    [
        block(pickle.dumps(Evil())),
        block(b"{}"),
        block(b"[]"),
        block(b"[" * 60_000),
        block(b"\xff"),
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 2**20),
        block(b'{"error": ["a"]}'),
        block(b'{"error": [1, 2]}'),
        block(b'{"error": ["unreadable", "\\ud800"]}'),
        block(json.dumps({"error": ["a", "b" * 2000]}).encode()),
        told(width=10**6, height=10**6),
        told(width=0),
        told(width="30"),
        told(width=True),
        told(latitude="1.5"),
        told(latitude=10**400),
        told(latitude=float("nan")),
        told(altitude=float("inf")),
        told(camera=["a"]),
        told(camera="a" * 5000),
        told(format=3),
    ],
)
def test_answer_that_does_not_fit_is_refused(data: bytes) -> None:
    with pytest.raises(GarbledError):
        answer_of(data)


def test_lengths_are_not_taken_on_trust() -> None:
    stream = io.BytesIO()
    write_answer(stream, _PICTURE)
    for spec in (
        replace(_SPEC, width=5),
        replace(_SPEC, height=1),
        replace(_SPEC, fingerprint=False),
    ):
        with pytest.raises(GarbledError):
            answer_of(stream.getvalue(), Order(Limits(), spec))
    thumbnail = block(b'{"thumbnail": true}') + block(b"j" * 200_000)
    with pytest.raises(GarbledError):
        answer_of(thumbnail, Order(Limits(), side=16))


def test_size_of_the_file_is_what_was_sent() -> None:
    read = answer_of(told(size_bytes=5))
    assert isinstance(read, Picture)
    assert read.info.size_bytes == len(_DATA)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises((GarbledError, EOFError)):
        answer_of(data)
