"""What a pool and its decoder processes say to each other: JSON headers, and bytes as they are.

A decoder reads strangers' files, so its answer is a stranger's too: nothing of it is executed, no
length is taken on trust, and what does not fit the question is refused.
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import IO, Any, TypeAlias

import numpy as np

from binocle.media.embedded_texts import MAX_ITEMS, MAX_TEXT, NAMES
from binocle.media.thumbnails import Thumbnail
from binocle.types import Fingerprint, ImageInfo, ImageSpec, Limits, MetadataValue, Picture

Box: TypeAlias = tuple[float, float, float, float]
_LENGTH = struct.Struct("<Q")
_MAX_HEADER_BYTES = 256 * 1024
_MAX_JOINED_BYTES = 1024 * 1024
_MAX_TEXT = 1000
_HASH_BYTES, _FEATURE_BYTES, _MAX_FEATURES = 32, 18, 10_000
_TEXTS = ("format", "taken_at", "camera")
_NUMBERS = ("latitude", "longitude", "altitude")
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class GarbledError(Exception):
    """A decoder's answer is none to what it was asked."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a decoder is to make of a picture.

    Attributes:
        limits: What the picture may cost.
        spec: The pixels wanted; None for a thumbnail.
        box: As for ``images.load_region``, for a part of the picture.
        side: A thumbnail's longer side in pixels.
    """

    limits: Limits
    spec: ImageSpec | None = None
    box: Box | None = None
    side: int = 0


Answer: TypeAlias = Picture | Thumbnail | tuple[str, str]
"""A picture, a thumbnail, or an error's code and message."""


def write_order(stream: IO[bytes], order: Order, data: bytes) -> None:
    """Send an order with the picture's file."""
    _write(stream, _order_json(order), data)


@lru_cache(maxsize=16)  # a run has one, or two
def _order_json(order: Order) -> bytes:
    return json.dumps(asdict(order)).encode()


def read_order(stream: IO[bytes]) -> tuple[Order, bytes]:
    """Receive an order; it comes from the pool and is trusted.

    Raises:
        EOFError: The pool is gone.
    """
    order = json.loads(_read(stream))
    limits = Limits(**order["limits"])
    spec = ImageSpec(**order["spec"]) if order["spec"] else None
    box = tuple(order["box"]) if order["box"] else None
    return Order(limits, spec, box, order["side"]), _read(stream)


def write_ready(stream: IO[bytes]) -> None:
    """Tell that a decoder has started."""
    _write(stream, b"{}")


def read_ready(stream: IO[bytes]) -> None:
    """Wait until a decoder has started.

    Raises:
        EOFError: It has ended.
        GarbledError: It says something else.
    """
    if _read(stream, most=2) != b"{}":
        raise GarbledError("no greeting")


def write_answer(stream: IO[bytes], answer: Answer) -> None:
    """Send an answer."""
    if isinstance(answer, tuple):
        _write(stream, json.dumps({"error": [one[:_MAX_TEXT] for one in answer]}).encode())
    elif isinstance(answer, Thumbnail):
        _write(stream, json.dumps({"colour": answer.colour}).encode(), answer.data)
    else:
        has_fingerprint = answer.fingerprint is not None
        header = {
            "info": asdict(answer.info),
            "fingerprint": has_fingerprint,
            "colour": answer.colour,
        }
        known = answer.fingerprint
        features = () if known is None else (known.hash, known.features)
        _write(stream, json.dumps(header).encode(), answer.pixels.tobytes(), *features)


def read_answer(stream: IO[bytes], order: Order, data: bytes) -> Answer:
    """Receive the answer to an order about a file.

    Raises:
        EOFError: The decoder has ended.
        GarbledError: It does not fit the order.
    """
    try:
        header = json.loads(_read(stream, most=_MAX_HEADER_BYTES))
        if "error" in header:
            code, message = header["error"]
            return _text(code) or "", _text(message) or ""
        if order.spec is None:
            # An encoded picture is smaller than its pixels, but for its own header.
            data = _read(stream, most=3 * order.side**2 + 64 * 1024)
            return Thumbnail(data, _colour(header["colour"]))
        return _picture(stream, order, order.spec, header, data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GarbledError(str(error)) from error


def _picture(
    stream: IO[bytes], order: Order, spec: ImageSpec, header: Mapping[str, Any], data: bytes
) -> Picture:
    info = _info(header["info"], order.limits, len(data))
    size = spec.height * spec.width * 3
    pixels = np.frombuffer(_read(stream, most=size, least=size), np.uint8)
    fingerprint, colour = None, None
    if header["fingerprint"]:
        if not spec.fingerprint or order.box is not None:
            raise GarbledError("a fingerprint that nobody wanted")
        hash_ = _read(stream, most=_HASH_BYTES, least=_HASH_BYTES)
        features = _read(stream, most=_FEATURE_BYTES * _MAX_FEATURES)
        if len(features) % _FEATURE_BYTES:
            raise GarbledError("half a feature")
        fingerprint, colour = Fingerprint(hash_, features), _colour(header["colour"])
    return Picture(pixels.reshape(spec.height, spec.width, 3).copy(), info, fingerprint, colour)


def _info(told: Mapping[str, Any], limits: Limits, size_bytes: int) -> ImageInfo:
    width, height = told["width"], told["height"]
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        raise GarbledError("no size")
    if width * height > limits.max_pixels:
        raise GarbledError("more pixels than may be")
    texts: dict[str, Any] = {name: _text(told[name]) for name in _TEXTS}
    numbers: dict[str, Any] = {name: _number(told[name]) for name in _NUMBERS}
    if texts["format"] is None:
        raise GarbledError("no format")
    said = {name: _said(value) for name, value in told["said"].items()}
    if not said.keys() <= set(NAMES):
        raise GarbledError("words of another kind")
    return ImageInfo(width, height, size_bytes, **texts, **numbers, said=said)


def _colour(value: object) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise GarbledError("no colour")
    return value


def _said(value: object) -> MetadataValue:
    if isinstance(value, list):
        if len(value) > MAX_ITEMS:
            raise GarbledError("more words than may be")
        return [_text(one, MAX_TEXT) or "" for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return (_text(value, MAX_TEXT) if isinstance(value, str) else _number(value)) or 0


def _text(value: object, most: int = _MAX_TEXT) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise GarbledError("no text")
    value.encode()  # a lone surrogate is a ValueError
    return value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GarbledError("no number")
    try:
        number = float(value)
    except OverflowError as error:
        raise GarbledError("no number") from error
    if not math.isfinite(number):
        raise GarbledError("no number")
    return number


def _write(stream: IO[bytes], *blocks: bytes) -> None:
    """Write blocks, each after its length, at once: who waits for them is woken up once."""
    pieces = [piece for one in blocks for piece in (_LENGTH.pack(len(one)), one)]
    if sum(map(len, pieces)) > _MAX_JOINED_BYTES:  # not worth a copy
        stream.writelines(pieces)
    else:
        stream.write(b"".join(pieces))
    stream.flush()


def _read(stream: IO[bytes], *, most: int | None = None, least: int = 0) -> bytes:
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(header)
    if length < least or (most is not None and length > most):
        raise GarbledError(f"{length:,} bytes")
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body
