"""What a lookup is asked for: each picture once, whatever holds it; the rest is named."""

import os
import zipfile
from pathlib import Path

import pytest

from api.cli.copies.asked_pictures import AskedPictures
from binocle.errors import QueryError, UrlError
from binocle.types import Limits
from tests.support import picture_bytes


def test_folders_and_archives_give_their_pictures_by_content(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture_bytes(1))
    (folder / "b").write_bytes(picture_bytes(2))
    (folder / "c.doc").write_text("no picture")
    (folder / "d.empty").touch()
    os.mkfifo(folder / "e.png")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(folder / "b", "b")
    asked = AskedPictures([folder, tmp_path / "z.zip", tmp_path / "alone.jpg"], Limits())
    assert asked.count() == 7
    found = list(asked)
    assert [one.name for one in found] == ["in/a.jpg", "in/b", "in/e.png", "z.zip/b", "alone.jpg"]
    assert [one.read() for one in (found[0], found[1], found[3])] == [
        picture_bytes(1), picture_bytes(2), picture_bytes(2),
    ]  # fmt: skip
    with pytest.raises(QueryError, match=r"e.png: it is not a regular file"):
        found[2].read()
    with pytest.raises(OSError, match="No such file"):
        found[4].read()
    assert [one.record_id for one in asked.left_out] == ["in/c.doc", "in/d.empty"]


def test_a_folder_without_pictures_is_asked_for_itself_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    [asked] = AskedPictures([tmp_path], Limits())
    with pytest.raises(QueryError, match="has no pictures to look up, only 1 other file"):
        asked.read()
    (tmp_path / "broken.tar").write_bytes(b"no tar" * 300)
    [asked] = AskedPictures([tmp_path / "broken.tar"], Limits())
    with pytest.raises(QueryError, match="damaged or no archive"):
        asked.read()


def test_what_is_damaged_in_an_archive_is_told_whatever_its_name(tmp_path: Path) -> None:
    place = tmp_path / "z.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("whole", picture_bytes(1))
        archive.writestr("damaged", picture_bytes(2))
        archive.writestr("notes.txt", "no picture")
    place.write_bytes(place.read_bytes().replace(picture_bytes(2)[-20:], b"?" * 20))
    asked = AskedPictures([place], Limits())
    whole, damaged = sorted(asked, key=lambda one: one.name, reverse=True)
    assert whole.read() == picture_bytes(1)
    with pytest.raises(QueryError, match=r"damaged, which may be a picture \(Bad CRC-32"):
        damaged.read()
    assert [one.record_id for one in asked.left_out] == ["z.zip/notes.txt"]


def test_a_url_is_fetched_by_whoever_may_and_what_fails_names_it() -> None:
    def fetch(url: str) -> bytes:
        if "secret" in url:
            raise UrlError("it may not be fetched")
        return picture_bytes(3)

    asked = AskedPictures(["https://a.org/x?b=1", "http://a.org/secret"], Limits(), fetch)
    assert asked.count() == 2
    found, refused = asked
    assert (found.place, found.name, found.read()) == (
        "https://a.org/x?b=1", "https://a.org/x?b=1", picture_bytes(3)
    )  # fmt: skip
    with pytest.raises(QueryError, match=r"http://a\.org/secret: it may not be fetched"):
        refused.read()
    with pytest.raises(QueryError, match="URLs are not read here"):
        next(iter(AskedPictures(["http://a.org/x"], Limits()))).read()
