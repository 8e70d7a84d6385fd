"""Things of the demo."""

import pytest
from PIL import Image, ImageDraw

from api.cli.demo.shapes import SHAPES


@pytest.mark.parametrize(
    "name", sorted(set(SHAPES) - {"person", "woman", "dog", "cat", "horse", "bird", "fish"})
)
def test_it_stands_on_its_lower_edge_and_has_its_colour(name: str) -> None:
    picture = Image.new("RGB", (400, 400), "white")
    SHAPES[name](ImageDraw.Draw(picture), 200, 300, 100, "#123456")
    changed = Image.eval(picture, lambda value: 255 - value).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert 170 < (left + right) / 2 < 230
    assert 180 <= top < bottom <= 306
    assert (0x12, 0x34, 0x56) in {colour for _, colour in picture.getcolors(100_000) or []}
