import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from binocle.media import images
from binocle.types import ImageSpec, PixelArray


def scene(width: int, height: int) -> PixelArray:
    """Gradients with stripes of a period that survives the reduction, so that shifts show."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    stripes = 0.5 + 0.5 * np.sin(40 * x + 55 * y)
    return (np.stack([x, y, stripes], 2) * 235 + 10).astype(np.uint8)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


@pytest.mark.model
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize(
    ("width", "height"), [(32, 32), (40, 24), (21, 37)], ids=["square", "wide", "tall"]
)
def test_pixels_equal_those_of_open_clip_s_own_preprocessing(
    width: int,
    height: int,
    mode: Literal["shortest", "longest", "squash"],
    interpolation: Literal["bicubic", "bilinear"],
) -> None:
    # open_clip forgets the interpolation here, as OpenClipEncoder.image_spec knows
    forgets = mode == "shortest" and width != height
    from open_clip.transform import image_transform

    spec = ImageSpec(width, height, mode, "bicubic" if forgets else interpolation, fill=90)
    transform = image_transform(
        (height, width),
        is_train=False,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        resize_mode=mode,
        interpolation=interpolation,
        fill_color=90,
    )
    for size in [(61, 47), (47, 61), (50, 50), (39, 70), (70, 39), (9, 30), (33, 12)]:
        image = Image.fromarray(scene(*size))
        theirs = (transform(image).numpy().transpose(1, 2, 0) * 255).round().astype(int)
        ours = images.load(png(image), spec).pixels
        assert np.abs(theirs - ours).max() <= 3, size


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_picture_reduced_in_strips_equals_a_plain_resize(mode: str) -> None:
    image = Image.fromarray(scene(3001, 2403)).convert(mode)  # two strips, and odd remainders
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    reduced = images.load(png(image), ImageSpec(128, 96, "squash")).pixels
    background = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(background, image.convert("RGBA")).convert("RGB")
    plain = np.asarray(flat.resize((128, 96), Image.Resampling.BICUBIC)).astype(int)
    off = np.abs(plain - reduced)
    assert off.mean() < 1
    assert off.max() <= 8


@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (1, 1)])
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_extreme_shapes_come_out_in_the_wanted_size(
    size: tuple[int, int], mode: Literal["shortest", "longest", "squash"]
) -> None:
    data = png(Image.new("RGB", size, (9, 99, 199)))
    shown = images.load(data, ImageSpec(20, 16, mode, fill=0)).pixels
    assert shown.shape == (16, 20, 3)
    assert (shown == (9, 99, 199)).all(axis=2).any()
    if mode != "longest":
        assert (shown == (9, 99, 199)).all()


def test_a_large_jpeg_decoded_at_a_fraction_keeps_its_place() -> None:
    image = Image.fromarray(scene(2000, 1500))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    drafted = images.load(file.getvalue(), ImageSpec(64, 64)).pixels
    plain = image.resize((85, 64), Image.Resampling.BICUBIC).crop((10, 0, 74, 64))
    assert np.abs(np.asarray(plain).astype(int) - drafted).max() <= 8
