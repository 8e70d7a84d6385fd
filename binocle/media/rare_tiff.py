"""TIFF pictures that Pillow lacks: grey with alpha of 16 bits, channels of floats, and others.

Read are strips that are stored plainly or deflated, with or without differences; of other ones the
error names the kind. Source: TIFF 6.0, sections 3 to 8, 14 and 18; Technical Note 3 of Adobe.
"""

import io
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from binocle.errors import NotAPictureError, PictureTruncatedError

_MAGICS = (b"II*\x00", b"MM\x00*")
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _STRIP_ROWS, _COUNTS, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _EXTRA, _FORMAT = 317, 338, 339
_PLAIN, _DEFLATED = 1, (8, 32946)
_KINDS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab"}
_TYPES = {(1, 8): "u1", (1, 16): "u2", (1, 32): "u4", (3, 16): "f2", (3, 32): "f4", (3, 64): "f8"}
_WHITE_LEVELS = (1.0, 255.0, 65535.0)


class RareTiff:
    """A TIFF of which only the header has been read."""

    def __init__(self, data: bytes) -> None:
        """Read the first directory; a hostile one may raise anything."""
        file = io.BytesIO(data)
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        self._data = data
        self._tags: Mapping[int, Any] = dict(tags)
        self._order = "<" if data.startswith(b"II") else ">"
        self.size = (int(tags[_WIDTH]), int(tags[_HEIGHT]))
        self._photometric = self._first(_PHOTOMETRIC, 1)
        self._samples = self._first(_SAMPLES, 1)
        self._bits = self._first(_BITS, 1)
        self._type = _TYPES.get((self._first(_FORMAT, 1), self._bits), "")

    def decoded(self) -> Image.Image:
        """Return its pixels, in 8 bits: L, LA, RGB or RGBA.

        Raises:
            NotAPictureError: They are of a kind that is not read.
            PictureTruncatedError: They end too early.
        """
        colours = 1 if self._photometric in (0, 1) else 3
        is_read = (
            self._type
            and self._photometric in (0, 1, 2)
            and self._samples >= colours
            and self._first(_PLANAR, 1) == 1
            and self._first(_COMPRESSION, 1) in (_PLAIN, *_DEFLATED)
            and self._first(_PREDICTOR, 1) in ((1,) if "f" in self._type else (1, 2))
            and _OFFSETS in self._tags
        )
        if not is_read:
            kind = _KINDS.get(self._photometric, "another kind")
            alpha = " with alpha" if self._samples in (2, 4) else ""
            raise NotAPictureError(
                f"a TIFF of {self._bits}-bit {kind}{alpha} as this one is not read here; "
                "save it as PNG"
            )
        shown = self._shown(self._values())
        if self._photometric == 0:
            shown[..., 0] = 255 - shown[..., 0]
        has_alpha = self._samples > colours and self._first(_EXTRA, 0) in (1, 2)
        channels = np.ascontiguousarray(shown[..., : colours + has_alpha])
        image = Image.fromarray(channels[..., 0] if channels.shape[2] == 1 else channels)
        image.format = "TIFF"
        return image

    def _values(self) -> npt.NDArray[Any]:
        """Return ``(height, width, samples)`` numbers as they are stored."""
        width, height = self.size
        rows = min(self._first(_STRIP_ROWS, height), height)
        values = np.zeros((height, width, self._samples), self._type)
        row_bytes = values.itemsize * width * self._samples
        offsets, counts = (self._all(tag) for tag in (_OFFSETS, _COUNTS))
        for number, top in enumerate(range(0, height, rows)):
            strip_rows = min(rows, height - top)
            if number >= min(len(offsets), len(counts)):
                raise PictureTruncatedError("the file ends before the picture does (strips)")
            strip = self._data[offsets[number] : offsets[number] + counts[number]]
            if self._first(_COMPRESSION, 1) in _DEFLATED:
                strip = zlib.decompressobj().decompress(strip, row_bytes * strip_rows)
            if len(strip) < row_bytes * strip_rows:
                raise PictureTruncatedError("the file ends before the picture does (strips)")
            flat = np.frombuffer(
                strip, self._order + self._type, strip_rows * row_bytes // values.itemsize
            )
            values[top : top + strip_rows] = flat.reshape(strip_rows, width, self._samples)
        if self._first(_PREDICTOR, 1) == 2:
            values = np.cumsum(values, axis=1, dtype=values.dtype)
        return values

    def _shown(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        level = float(2**self._bits - 1)
        if "f" in self._type:
            values = np.nan_to_num(values)
            highest = float(values.max())
            level = next((one for one in _WHITE_LEVELS if highest <= one), highest)
        return np.clip(values * (255.0 / level), 0, 255).round().astype(np.uint8)

    def _all(self, tag: int) -> tuple[int, ...]:
        value = self._tags.get(tag, ())
        return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)

    def _first(self, tag: int, usual: int) -> int:
        return next(iter(self._all(tag)), usual)


def rare_tiff(data: bytes) -> RareTiff | None:
    """Return a TIFF of which the header is sound; None where it is none."""
    if not data.startswith(_MAGICS):
        return None
    try:
        found = RareTiff(data)
    except Exception:  # a hostile header may raise anything
        return None
    return found if min(found.size) > 0 else None
