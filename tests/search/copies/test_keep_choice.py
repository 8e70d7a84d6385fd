"""Of some copies the one is kept that shows most of the picture in most pixels."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from experiments.copies.transformations import TRANSFORMATIONS
from tests.support import Bench
from tests.support.copies import only_cluster
from tests.support.drawings import drawn, encoded, product


def grained(picture: Image.Image) -> Image.Image:
    """Return a picture with detail as fine as its pixels, as cameras' have."""
    grain = np.random.default_rng(0).normal(0, 14, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def test_an_enlargement_is_not_kept_and_why_is_said(bench: Bench, tmp_path: Path) -> None:
    picture = grained(drawn(0))
    large = picture.resize((640, 480), Image.Resampling.BICUBIC)
    files = {"large.png": encoded(large), "photo.jpg": encoded(picture, "JPEG", quality=90)}
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/photo.jpg"
    assert [one.why for one in cluster.others] == ["enlarged"]
    assert cluster.keep.why == "of the others 1 enlarged"


@pytest.mark.parametrize("name", ["logo", "emoji"])
def test_what_has_something_drawn_on_it_is_not_kept(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    picture = product(3, (176, 74, 84), (210, 280))
    kind = next(one for one in TRANSFORMATIONS if one.name == name)
    drawn_on = Image.open(io.BytesIO(kind.apply(picture, np.random.default_rng(1), picture)))
    files = {
        "a.png": encoded(drawn_on.resize((252, 336))),
        "b.jpg": encoded(picture, "JPEG", quality=90),
    }
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/b.jpg"
    assert [one.why for one in cluster.others] == ["something drawn on it"]


def test_border_is_no_reason_to_keep_a_copy(bench: Bench, tmp_path: Path) -> None:
    picture = drawn(0)
    framed = ImageOps.expand(picture, 24, "white")
    files = {"framed.png": encoded(framed), "photo.jpg": encoded(picture, "JPEG", quality=90)}
    assert only_cluster(bench, tmp_path, files).keep.record_id == "album/photo.jpg"


def test_larger_copy_is_kept_even_with_a_border(bench: Bench, tmp_path: Path) -> None:
    picture = grained(drawn(0))
    framed = ImageOps.expand(picture, 24, "white")
    small = picture.resize((160, 120))
    files = {"framed.png": encoded(framed), "small.png": encoded(small)}
    assert only_cluster(bench, tmp_path, files).keep.record_id == "album/framed.png"


def test_whole_picture_is_kept_and_not_a_crop_with_as_many_pixels(
    bench: Bench, tmp_path: Path
) -> None:
    picture = drawn(1)
    width, height = picture.size
    crop = picture.crop((0, 0, int(0.88 * width), int(0.88 * height)))
    files = {"crop.png": encoded(crop), "whole.jpg": encoded(picture, "JPEG", quality=60)}
    assert only_cluster(bench, tmp_path, files).keep.record_id == "album/whole.jpg"


def test_colour_is_kept_and_not_grey(bench: Bench, tmp_path: Path) -> None:
    picture = drawn(2)
    grey = ImageOps.grayscale(picture).convert("RGB").resize((384, 288))
    files = {"grey.png": encoded(grey), "colour.jpg": encoded(picture, "JPEG", quality=70)}
    assert only_cluster(bench, tmp_path, files).keep.record_id == "album/colour.jpg"


def test_pixels_that_are_the_same_in_another_file_are_told(bench: Bench, tmp_path: Path) -> None:
    picture = drawn(3)
    almost = picture.copy()
    almost.putpixel((0, 0), tuple(255 - one for one in picture.getpixel((0, 0))))  # type: ignore[union-attr]
    files = {
        "first.png": encoded(picture),
        "again.bmp": encoded(picture, "BMP"),
        "almost.png": encoded(almost),
    }
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/again.bmp"  # the most bytes
    told = {one.record_id: one.verdict for one in cluster.others}
    assert told == {"album/first.png": "same-pixels", "album/almost.png": "near-duplicate"}


def test_upright_picture_is_kept_and_not_a_turned_or_mirrored_one(
    bench: Bench, tmp_path: Path
) -> None:
    picture = drawn(5)
    files = {
        "mirrored.png": encoded(ImageOps.mirror(picture)),
        "photo.jpg": encoded(picture, "JPEG", quality=85),
        "small.jpg": encoded(picture.resize((160, 120)), "JPEG"),
        "turned.png": encoded(picture.transpose(Image.Transpose.ROTATE_90)),
    }
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/photo.jpg"
    told = {one.record_id.removeprefix("album/"): one.verdict for one in cluster.others}
    assert told == {
        "mirrored.png": "mirrored",
        "small.jpg": "near-duplicate",
        "turned.png": "rotated",
    }


def test_copies_of_the_same_bytes_are_told_alike(bench: Bench, tmp_path: Path) -> None:
    picture = drawn(1)
    mirrored = encoded(ImageOps.mirror(picture).resize((200, 150)), "JPEG")
    files = {"a.jpg": mirrored, "b.jpg": mirrored, "photo.png": encoded(picture)}
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/photo.png"
    assert {(one.verdict, one.confidence) for one in cluster.others} == {
        ("mirrored", cluster.others[0].confidence)
    }
    assert cluster.others[0].confidence > 0.6
