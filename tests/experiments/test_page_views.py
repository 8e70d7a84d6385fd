"""The sheets of views: ten of them, each in its place."""

from pathlib import Path

from PIL import Image

from experiments.page_views import _together, views_of


def test_ten_views_of_the_collection_asked_for() -> None:
    views = views_of("shop", "red shoes", "color=Red", Path("asked.png"))
    assert len({one.name for one in views}) == 10
    assert all(one.rest.startswith("/?c=shop") for one in views)
    [filtered] = [one for one in views if one.name == "filters"]
    assert filtered.rest == "/?c=shop&q=red+shoes&is.color=Red&sort=-price"


def test_views_stand_beside_each_other_made_smaller() -> None:
    seen = [(name, Image.new("RGB", (1280, 800), name)) for name in ("red", "lime", "blue", "cyan")]
    sheet = _together(seen, 1280)
    assert sheet.width == 3 * (640 + 12)
    assert sheet.height == 2 * (400 + 28)
    assert [sheet.getpixel((652 * place + 300, 200)) for place in range(3)] == [
        (255, 0, 0), (0, 255, 0), (0, 0, 255),
    ]  # fmt: skip
    assert sheet.getpixel((300, 628)) == (0, 255, 255)
