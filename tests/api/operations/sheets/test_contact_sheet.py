"""``search --sheet``, ``--paths`` and ``--paths0``: hits for people and for other programs."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from api.cli.main import cli
from binocle.errors import StorageError
from tests.support import SHARED, picture_bytes

HOSTILE = "<script>alert(1)<"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("place")
    photos = place / "photos"
    photos.mkdir()
    for number, name in enumerate(("red.png", "two\nlines.png")):
        (photos / name).write_bytes(picture_bytes(number))
    captions = place / "captions.csv"
    captions.write_text(f'id,image,title\nh,photos/red.png,"{HOSTILE}"\n')
    assert run(place, "index", photos, captions).exit_code == 0
    return place


def run(place: Path, *arguments: object):  # type: ignore[no-untyped-def]
    environment = {"BINOCLE_HOME": str(place / "home"), "BINOCLE_MODEL": "colour"}
    environment["BINOCLE_WORKERS"] = "1"
    return CliRunner().invoke(cli, [*map(str, arguments)], obj=SHARED, env=environment)


def test_sheet_has_the_pictures_inside_and_runs_nothing(place: Path) -> None:
    sheet = place / "sheet.html"
    answer = run(place, "search", "red", "--sheet", sheet, "--target", "image")
    assert answer.exit_code == 0, answer.output
    page = sheet.read_text("utf-8")
    assert page.count("data:image/webp;base64,") == 3
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert set(re.findall(r"(?:src|href)=[\"']?(\w+:?)", page)) == {"data:"}


def test_tiles_have_the_shape_of_their_pictures_and_names_for_short(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, size in {"wide.png": (300, 150), "thin.png": (20, 400)}.items():
        Image.new("RGB", size, "red").save(photos / name)
    assert run(tmp_path, "index", photos).exit_code == 0
    sheet = tmp_path / "sheet.html"
    assert run(tmp_path, "search", "red", "--sheet", sheet).exit_code == 0
    page = sheet.read_text("utf-8")
    assert set(re.findall(r"--ratio:([\d.]+)\"", page)) == {"2.000", "0.600"}
    assert f'title="{photos}/wide.png">wide.png<' in page


def test_sheet_that_cannot_be_written_is_told_before_anything_is_searched(place: Path) -> None:
    answer = run(place, "search", "red", "--sheet", place / "nowhere" / "sheet.html")
    assert isinstance(answer.exception, StorageError)
    assert "there is no folder" in str(answer.exception)
    answer = run(place, "search", "red", "--sheet", place / "sheet.png")
    assert isinstance(answer.exception, StorageError)
    assert "what is written there is a .html file" in str(answer.exception)


def test_paths_are_all_that_is_printed_and_each_once(place: Path) -> None:
    lines = run(place, "search", "red", "--paths", "--target", "image").stdout.splitlines()
    assert lines[0] == str(place / "photos" / "red.png")
    assert lines.count(lines[0]) == 1
    ended = run(place, "search", "red", "--paths0", "--target", "image").stdout
    assert str(place / "photos" / "two\nlines.png") in ended.split("\0")
