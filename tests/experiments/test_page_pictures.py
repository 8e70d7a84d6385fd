"""The pictures of the documents are those that the script makes."""

import io
import re
from pathlib import Path

from PIL import Image

from experiments.page_pictures import FOLDER, _looks, _written
from experiments.serving import address_in
from tests.support import ROOT


def test_every_picture_of_the_documents_is_made_and_shown() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"pictures/([\w-]+)\.webp", page.read_text())
    }
    made = set(_looks("http://127.0.0.1:1", Path("/sheet.html")))
    assert shown == made == {path.stem for path in FOLDER.iterdir()}


def test_address_is_read_off_what_the_service_says() -> None:
    said = "some note\nBinocle answers at http://127.0.0.1:4711, a page to search with\n"
    assert address_in(said) == "http://127.0.0.1:4711"
    assert address_in("some note\n") is None


def test_pictures_are_written_small(tmp_path: Path) -> None:
    seen = io.BytesIO()
    Image.new("RGB", (1280, 760), "white").save(seen, "PNG")
    path = tmp_path / "page.webp"
    assert _written(path, seen.getvalue()) == path.stat().st_size < 10_000
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("WEBP", (1280, 760))
