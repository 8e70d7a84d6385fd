"""``lookup --sheet``: what was looked up beside what it is of, on a page that opens from disk."""

import re
import webbrowser
from pathlib import Path

import pytest

from tests.support.drawings import drawn, encoded
from tests.support.drawn_folder import index_drawn
from tests.support.shop import run_cli

HOSTILE = "<img src=x onerror=alert(1)>.jpg"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_drawn(tmp_path_factory.mktemp("indexed"))


def test_each_picture_has_its_verdict_both_pictures_and_the_regions(
    home: Path, tmp_path: Path
) -> None:
    asked, page = tmp_path / "asked", tmp_path / "sheet.html"
    asked.mkdir()
    whole = drawn(2)
    width, height = whole.size
    crop = whole.crop((width // 4, height // 4, width, height))
    (asked / HOSTILE).write_bytes(encoded(crop, "JPEG"))
    (asked / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (asked / "new.png").write_bytes(encoded(drawn(77), "PNG"))
    run_cli(home, "lookup", asked, "--copies-only", "--sheet", page)
    text = page.read_text()
    assert "3 pictures looked up, 1 of them in" in text
    assert re.search(r"In \w+: in part the same as drawn/2[^<]* sure\)", text)
    [shown] = re.findall(r'<rect class=shown x="([\d.]+)" y="([\d.]+)"', text)
    assert [float(one) for one in shown] == pytest.approx([0.25, 0.25], abs=0.05)
    [outline] = re.findall(r'<polygon points="([^"]+)"', text)
    places = [float(one) for one in re.split("[ ,]", outline)]
    assert places == pytest.approx([0, 0, 1, 0, 1, 1, 0, 1], abs=0.05), "ends with the picture"
    assert text.count("data:image/webp;base64,") >= 3
    assert "broken.jpg" in text
    assert "Not in" in text
    assert "&lt;img src=x" in text
    assert "<img src=x" not in text
    assert "<script" not in text
    assert "default-src 'none'" in text


def test_what_only_looks_similar_is_said_to_be_no_copy(home: Path, tmp_path: Path) -> None:
    asked, page = tmp_path / "new.png", tmp_path / "sheet.html"
    asked.write_bytes(encoded(drawn(77), "PNG"))
    run_cli(home, "lookup", asked, "--sheet", page)
    text = page.read_text()
    assert "these only look similar" in text
    assert "class=shown" not in text
    assert "similar to drawn/" in text


def test_pages_are_opened_where_there_is_a_display(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    asked = tmp_path / "asked.png"
    asked.write_bytes(encoded(drawn(2), "PNG"))
    run_cli(home, "lookup", asked, "--copies-only", "--open")
    run_cli(home, "duplicates", "--open", "--sheet", tmp_path / "twice.html")
    assert [Path(one).name for one in opened] == ["lookup.html", "twice.html"]
