"""Pictures on a terminal: halves of cells, or what the terminal itself can draw."""

import io

import pytest
from PIL import Image
from rich.console import Console

from api.cli.output.shown_pictures import _tile, check_showable, half_cells
from binocle.errors import UsageError
from binocle.types import Hit, Part, Record


def drawn(picture: Image.Image, cells: int, lines: int) -> list[str]:
    """Return the lines that a terminal with all colours gets."""
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, color_system="truecolor", width=80, no_color=False
    )
    console.print(half_cells(picture, cells, lines))
    return file.getvalue().rstrip("\n").split("\n")


def test_two_rows_of_pixels_are_a_line_of_cells() -> None:
    picture = Image.new("RGB", (2, 3), "#ff0000")
    picture.putpixel((1, 1), (0, 0, 255))
    first, second = drawn(picture, 10, 10)
    assert first.count("▀") == 2
    assert "38;2;255;0;0;48;2;255;0;0m▀" in first
    assert "38;2;255;0;0;48;2;0;0;255m▀" in first
    assert "\x1b[38;2;255;0;0m▀" in second  # nothing is below it


@pytest.mark.parametrize(
    ("size", "width", "height"), [((400, 100), 40, 5), ((100, 400), 6, 12), ((1, 1), 1, 1)]
)
def test_pictures_stay_within_a_tile_and_in_shape(
    size: tuple[int, int], width: int, height: int
) -> None:
    lines = drawn(Image.new("RGB", size, "white"), 40, 12)
    assert [line.count("▀") for line in lines] == [width] * height


def test_what_cannot_draw_is_told_what_can() -> None:
    for console in (
        Console(file=io.StringIO()),
        Console(file=io.StringIO(), force_terminal=True, no_color=True),
    ):
        with pytest.raises(UsageError, match="--sheet FILE"):
            check_showable(console)
    check_showable(Console(file=io.StringIO(), force_terminal=True, color_system="256"))


def test_texts_and_names_of_tiles_cannot_command_the_terminal() -> None:
    part = Part(1, "text", "body", "file:///t.csv", "blue\x1b[31m red")
    hit = Hit(Record("a\x1b]0;x\x07", "file:///t.csv", {}, (part,)), part, 0.5, similarity=0.5)
    file = io.StringIO()
    Console(file=file, width=40).print(_tile(1, hit, None, 20, None))
    assert "blue�[31m red" in file.getvalue()
    assert "1  a�]0;x�" in file.getvalue()
    assert "\x1b" not in file.getvalue()
