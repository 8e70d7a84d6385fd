"""What a person is shown of hits: each file once, long paths by their ends."""

import pytest

from api.cli.output import answers
from binocle.types import Hit, Part, Record


def hit(record_id: str, uri: str, text: str | None = None) -> Hit:
    part = Part(1, "text" if text else "image", "image", uri, text)
    return Hit(Record(record_id, uri, {}, (part,)), part, 0.5, similarity=0.5)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (hit("photos/a.jpg", "/home/ada/photos/a.jpg"), True),
        (hit("a.jpg", "/home/ada/photos/aa.jpg"), False),
        (hit("10008", "/shop/10008.jpg"), False),
        (hit("photos/a.jpg", "/home/ada/photos/a.jpg", "a caption"), False),
    ],
)
def test_an_id_that_the_path_says_is_not_said_again(one: Hit, expected: bool) -> None:
    assert answers._is_file(one) is expected


def test_long_paths_lose_their_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    path = "/home/ada/Pictures/2019/the long summer by the lake/IMG_1234.jpg"
    assert answers._clipped(path) == "/home/ada/Pictu…ummer by the lake/IMG_1234.jpg"
    assert answers._clipped("/home/ada/a.jpg") == "/home/ada/a.jpg"
