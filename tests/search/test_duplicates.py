"""Which pictures of a collection are the same."""

from pathlib import Path

import pytest
from PIL import Image, ImageOps

from binocle import images
from binocle.collection import Collection
from indexer.sources.folder import FolderSource
from search.duplicates import DuplicateFinder, Duplicates
from tests.search.test_lookup import drawn, encoded, read
from tests.support import Bench


def found(collection: Collection) -> Duplicates:
    return DuplicateFinder(collection, read, images.load).find()


@pytest.fixture
def mixed(bench: Bench, tmp_path: Path) -> Collection:
    """Six pictures, and of the first three copies: 0 small, twice; 1 mirrored; 2 turned."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for seed in range(6):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    small = encoded(drawn(0).resize((160, 120)), "JPEG", quality=60)
    (folder / "0-small.jpg").write_bytes(small)
    (folder / "0-small-again.jpg").write_bytes(small)
    (folder / "1-mirrored.png").write_bytes(encoded(ImageOps.mirror(drawn(1))))
    turned = drawn(2).transpose(Image.Transpose.ROTATE_90).resize((120, 160))
    (folder / "2-turned.png").write_bytes(encoded(turned))
    cut = drawn(3).crop((0, 0, 140, 140))
    (folder / "3-part.png").write_bytes(encoded(cut))
    bench.index(FolderSource(folder))
    return bench.collection


def test_copies_come_together_and_the_largest_is_kept(mixed: Collection) -> None:
    clusters = {
        frozenset({one.keep.record_id, *(other.record_id for other in one.others)}): (
            one.keep.width,
            [other.verdict for other in one.others],
        )
        for one in found(mixed).clusters
    }
    assert clusters == {
        frozenset({"mixed/0.png", "mixed/0-small.jpg", "mixed/0-small-again.jpg"}): (
            320,
            ["near-duplicate", "near-duplicate"],
        ),
        frozenset({"mixed/1.png", "mixed/1-mirrored.png"}): (320, ["mirrored"]),
        frozenset({"mixed/2.png", "mixed/2-turned.png"}): (320, ["rotated"]),
    }


def test_pictures_removed_meanwhile_are_left_out(mixed: Collection) -> None:
    removed = []

    def progress(done: int, total: int) -> None:
        if done == total > 0:
            removed.append(mixed.remove(["mixed/0-small.jpg", "mixed/1.png"]))

    clusters = DuplicateFinder(mixed, read, images.load, on_progress=progress).find().clusters
    assert removed == [2]
    assert [
        [one.keep.record_id, *(other.record_id for other in one.others)] for one in clusters
    ] == [
        ["mixed/0.png", "mixed/0-small-again.jpg"],
        ["mixed/2.png", "mixed/2-turned.png"],
    ]


def test_nothing_is_removed(mixed: Collection) -> None:
    before = mixed.count_parts("image")
    assert found(mixed).pictures == before == mixed.count_parts("image")


def test_different_pictures_are_no_duplicates(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "different"
    folder.mkdir()
    for seed in range(10):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    bench.index(FolderSource(folder))
    assert found(bench.collection).clusters == ()
