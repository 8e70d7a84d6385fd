"""What a source is told of what the collection has of it."""

import os
import time
from pathlib import Path

import pytest

from binocle.catalog.types import Item
from binocle.errors import DecodeTimeoutError, NotAPictureError, PictureTooLargeError
from binocle.types import Limits, Skip
from indexer.ledger import Ledger
from indexer.records import Outcome, Tally
from indexer.sources.base import Candidate
from indexer.sources.folder import FolderSource
from tests.support import Bench, picture_bytes


def line_of(key: str, fingerprint: str, code: str) -> Item:
    """Return what a ledger keeps of a candidate that was skipped for a reason."""
    ledger = Ledger(1, {}, Limits(), Tally())
    skip = Skip(code, "why")
    ((line,), _) = ledger.enter(Outcome(Candidate(key, fingerprint, key, key), None, (skip,)))
    return line


def below(prefix: str, *lines: Item) -> dict[str, str] | None:
    return Ledger(1, {one.key: one for one in lines}, Limits(), Tally()).below(prefix)


def test_lines_of_an_archive_are_told_as_they_were_given() -> None:
    known = Item("a.tar!/1.jpg", "v:1", "1", None, None)
    skipped = [
        line_of("a.tar!/2.jpg", "v:2", PictureTooLargeError.code),
        line_of("a.tar!/3.pdf", "v:3", NotAPictureError.code),
    ]
    others = line_of("b.tar!/1.jpg", "w:1", "unreadable"), Item("c.jpg", "x", "c", None, None)
    broken = line_of("a.tar!/1.jpg#picture-2", "v:1", "unreadable")
    lines = (known, *skipped, broken, *others)
    found = {"a.tar!/1.jpg": "v:1", "a.tar!/2.jpg": "v:2", "a.tar!/3.pdf": "v:3"}
    assert below("a.tar!/", *lines) == found
    assert below("", *lines) == {**found, "b.tar!/1.jpg": "w:1", "c.jpg": "x"}
    assert below("d.tar!/", *lines) == {}


def test_an_archive_of_which_something_is_tried_again_is_not_told_of() -> None:
    lines = (
        Item("a.tar!/1.jpg", "v:1", "1", None, None),
        line_of("a.tar!/2.jpg", "v:2", DecodeTimeoutError.code),
    )
    assert below("a.tar!/", *lines) is None
    assert below("b.tar!/", *lines) == {}


@pytest.mark.parametrize(("followed", "age_s"), [(True, 0), (True, 60), (False, 0)])
def test_picture_that_is_written_anew_keeps_its_record_where_it_is_followed(
    bench: Bench, tmp_path: Path, *, followed: bool, age_s: float
) -> None:
    folder, whole = tmp_path / "pictures", picture_bytes(2)
    folder.mkdir()
    path = folder / "a.jpg"
    path.write_bytes(picture_bytes(1))
    (folder / "b.jpg").write_bytes(picture_bytes(3))

    def indexed() -> tuple[int, int]:
        tally = bench.index(FolderSource(folder, followed=followed)).tally
        return tally.skipped, len(bench.ids())

    assert indexed() == (0, 2)
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(path, (time.time() - age_s,) * 2)
    stays = followed and not age_s
    assert indexed() == ((0, 2) if stays else (1, 1))
    path.write_bytes(whole)
    assert indexed() == (0, 2)
    assert bench.skipped() == {}
