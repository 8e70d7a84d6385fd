"""Of a RAW file the camera's preview is read."""

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.errors import NotAPictureError, PictureError
from binocle.media import images
from binocle.media.raw_previews import is_raw
from binocle.types import ImageSpec
from indexer.sources.folder import FolderSource
from tests.support import Bench, picture_bytes

SPEC = ImageSpec(32, 32)
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
CODES = {1: "<B", 3: "<H", 4: "<I", 5: "<II", 10: "<ii"}
_Entry = tuple[int, int, list[int] | list[tuple[int, int]] | bytes]


class Tiff:
    """A TIFF as it is written."""

    def __init__(self) -> None:
        self.data = bytearray(b"II*\0\0\0\0\0")

    def put(self, data: bytes) -> int:
        self.data.extend(b"\0" * (len(self.data) % 2))
        self.data.extend(data)
        return len(self.data) - len(data)

    def directory(self, entries: list[_Entry]) -> int:
        rows = b""
        for tag, kind, values in sorted(entries, key=lambda one: one[0]):
            if isinstance(values, bytes):
                packed = values
            else:
                parts = (one if isinstance(one, tuple) else (one,) for one in values)
                packed = b"".join(struct.pack(CODES[kind], *one) for one in parts)
            cell = packed if len(packed) <= 4 else struct.pack("<I", self.put(packed))
            rows += struct.pack("<HHI", tag, kind, len(packed) // SIZES[kind]) + cell.ljust(
                4, b"\0"
            )
        return self.put(struct.pack("<H", len(entries)) + rows + bytes(4))


def dng(*, orientation: int = 1) -> bytes:
    """Return a DNG of 64 x 48 raw pixels with a preview of 320 x 240."""
    file = io.BytesIO()
    picture = Image.new("RGB", (320, 240), (200, 60, 40))
    picture.paste((20, 60, 200), (160, 0, 320, 240))
    picture.save(file, "JPEG", quality=95)
    preview, pixels = file.getvalue(), np.arange(64 * 48, dtype=np.uint16).tobytes()
    tiff = Tiff()
    raw = tiff.directory(
        [(254, 4, [0]), (256, 4, [64]), (257, 4, [48]), (258, 3, [16]), (259, 3, [1]),
         (262, 3, [32803]), (273, 4, [tiff.put(pixels)]), (277, 3, [1]), (278, 4, [48]),
         (279, 4, [len(pixels)]), (33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2])]
    )  # fmt: skip
    unit = [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]
    first = tiff.directory(
        [(254, 4, [1]), (256, 4, [320]), (257, 4, [240]), (258, 3, [8, 8, 8]), (259, 3, [7]),
         (262, 3, [6]), (271, 2, b"Binocle\0"), (272, 2, b"Test\0"),
         (273, 4, [tiff.put(preview)]), (274, 3, [orientation]), (277, 3, [3]), (278, 4, [240]),
         (279, 4, [len(preview)]), (306, 2, b"2021:07:04 18:30:05\0"), (330, 4, [raw]),
         (50706, 1, [1, 4, 0, 0]), (50708, 2, b"Test\0"), (50721, 10, unit),
         (50728, 5, [(1, 1)] * 3)]
    )  # fmt: skip
    tiff.data[4:8] = struct.pack("<I", first)
    return bytes(tiff.data)


def test_preview_is_the_picture_and_tells_when_and_with_what() -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    picture = images.load(dng(), SPEC)
    info = picture.info
    assert (info.width, info.height, info.camera) == (320, 240, "Binocle Test")
    assert info.taken_at == "2021-07-04T18:30:05"
    left = picture.pixels[8:24, 2:12].reshape(-1, 3).mean(0)
    assert np.abs(left - (200, 60, 40)).max() <= 6


def test_preview_is_turned_as_the_camera_says() -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    info = images.load(dng(orientation=6), SPEC).info
    assert (info.width, info.height) == (240, 320)


def test_damage_is_a_picture_error() -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    data = dng()
    for broken in (data[:100], data[:4] + bytes(4) + data[8:], b"FUJIFILMCCD-RAW" + bytes(500)):
        with pytest.raises(PictureError):
            images.load(broken, SPEC)


def test_other_pictures_are_no_raw_files() -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "TIFF")
    for data in (b"", b"II*\0", picture_bytes(1), file.getvalue(), b"II*\0\xff\xff\xff\xff"):
        assert not is_raw(data)
    assert is_raw(dng())
    assert all(map(is_raw, (b"....ftypcrx ", b"IIU\0", b"II*\0\x10\0\0\0CR\x02")))


def test_without_what_reads_it_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(NotAPictureError, match=r"pip install 'binocle\[raw\]'"):
        images.load(dng(), SPEC)


def test_raw_file_of_a_folder_is_a_record(bench: Bench, tmp_path: Path) -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    (tmp_path / "a.DNG").write_bytes(dng())
    assert bench.index(FolderSource(tmp_path)).tally.added == 1
