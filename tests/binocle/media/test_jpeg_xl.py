"""JPEG XL, where its plugin is installed."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.errors import NotAPictureError, PictureError
from binocle.media import images
from binocle.media.jpeg_xl import can_read_jpeg_xl, is_jpeg_xl
from binocle.types import ImageSpec, Limits
from indexer.sources.folder import FolderSource
from tests.support import Bench, picture_bytes

SPEC = ImageSpec(32, 32)


def jpeg_xl(*, orientation: int = 1, packed: Path | None = None) -> bytes:
    pytest.importorskip("pillow_jxl", reason="the extra jxl is not installed")
    picture = Image.new("RGB", (64, 32), (200, 60, 40))
    picture.paste((20, 60, 200), (32, 0, 64, 32))
    exif = Image.Exif()
    exif[274], exif[270] = orientation, "a tram"
    file = io.BytesIO()
    if packed is not None:
        picture.save(packed, "JPEG", exif=exif.tobytes(), quality=95)
        Image.open(packed).save(file, "JXL", lossless_jpeg=True)
    else:
        picture.save(file, "JXL", lossless=True, exif=exif.tobytes())
    return file.getvalue()


def test_pixels_and_what_the_file_says_are_read() -> None:
    data = jpeg_xl(orientation=6)
    picture = images.load(data, SPEC)
    assert is_jpeg_xl(data)
    assert (picture.info.width, picture.info.height, picture.info.format) == (64, 32, "jxl")
    assert picture.info.said["description"] == "a tram"
    left = picture.pixels[8:24, 2:12].reshape(-1, 3).mean(0)
    assert np.abs(left - (200, 60, 40)).max() <= 6


def test_jpeg_that_was_packed_without_loss_is_turned_as_it_was(tmp_path: Path) -> None:
    info = images.load(jpeg_xl(orientation=6, packed=tmp_path / "a.jpg"), SPEC).info
    assert (info.width, info.height) == (32, 64)


def test_limits_hold_and_damage_is_a_picture_error() -> None:
    data = jpeg_xl()
    with pytest.raises(PictureError, match="more than the limit"):
        images.load(data, SPEC, Limits(max_pixels=100))
    with pytest.raises(PictureError):
        images.load(data[: len(data) // 2], SPEC)


def test_without_the_plugin_it_says_what_to_install(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    data = b"\xff\x0a" + bytes(50)
    with pytest.raises(NotAPictureError, match=r"pip install 'binocle\[jxl\]'"):
        images.load(data, SPEC)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.jxl").write_bytes(data)
    (tmp_path / "p" / "b.jpg").write_bytes(picture_bytes(1))
    tally = bench.index(FolderSource(tmp_path / "p")).tally
    assert (tally.added, tally.skipped) == (1, 1)


def test_files_that_were_no_pictures_are_tried_again_once_the_plugin_is_there(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg_xl()
    assert can_read_jpeg_xl()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.jxl").write_bytes(data)
    (tmp_path / "p" / "b.jpg").write_bytes(picture_bytes(1))
    with monkeypatch.context() as without:
        without.setattr("indexer.ledger._FORMATS_MARK", "before")
        without.setattr("indexer.sources.folder.SUFFIXES", {".jpg"})
        assert bench.index(FolderSource(tmp_path / "p")).tally.skipped == 1
    assert bench.index(FolderSource(tmp_path / "p")).tally.added == 1
    assert bench.index(FolderSource(tmp_path / "p")).tally.unchanged == 2
