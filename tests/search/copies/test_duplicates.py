"""Which pictures of a collection are the same."""

from pathlib import Path

import pytest
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from binocle.media import images
from indexer.sources.folder import FolderSource
from search.copies.duplicates import DuplicateFinder
from tests.support import Bench
from tests.support.copies import found
from tests.support.drawings import drawn, encoded, product, read


def test_pictures_removed_meanwhile_are_left_out(mixed: Collection) -> None:
    removed = []

    def progress(done: int, total: int) -> None:
        if done == total > 20:  # all of ten pictures, twice, and all pairs
            removed.append(mixed.remove(["mixed/0-small.jpg", "mixed/1.png"]))

    clusters = DuplicateFinder(mixed, read, images.load, on_progress=progress).find().clusters
    assert removed == [2]
    assert [
        [one.keep.record_id, *(other.record_id for other in one.others)] for one in clusters
    ] == [
        ["mixed/0.png", "mixed/0-small-again.jpg"],
        ["mixed/2.png", "mixed/2-turned.png"],
    ]


@pytest.mark.parametrize("ends", [0, 1])
def test_what_progress_raises_ends_the_search(mixed: Collection, ends: int) -> None:
    class EndedError(Exception):
        pass

    def progress(done: int, _total: int) -> None:
        if done >= ends:
            raise EndedError

    with pytest.raises(EndedError):
        DuplicateFinder(mixed, read, images.load, on_progress=progress).find()


def test_nothing_is_removed(mixed: Collection) -> None:
    before = mixed.snapshot().count_parts("image")
    assert found(mixed).pictures == before == mixed.snapshot().count_parts("image")


def test_different_pictures_are_no_duplicates(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "different"
    folder.mkdir()
    for seed in range(10):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    bench.index(FolderSource(folder))
    assert found(bench.collection).clusters == ()


def test_two_shades_of_a_product_are_no_duplicates(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "shades"
    folder.mkdir()
    for name, colour in {"red": (176, 74, 84), "dark": (60, 20, 20)}.items():
        picture = product(0, colour, (180, 240))
        (folder / f"{name}.png").write_bytes(encoded(picture))
        (folder / f"{name}-small.jpg").write_bytes(encoded(picture.resize((120, 160)), "JPEG"))
    bench.index(FolderSource(folder))
    clusters = found(bench.collection).clusters
    names = [{one.record_id for one in (each.keep, *each.others)} for each in clusters]
    assert sorted(map(sorted, names)) == [
        ["shades/dark-small.jpg", "shades/dark.png"],
        ["shades/red-small.jpg", "shades/red.png"],
    ]


def test_crops_borders_and_small_turns_come_together(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    folder.mkdir()
    for seed in range(6):
        picture = drawn(seed)
        (folder / f"{seed}.png").write_bytes(encoded(picture))
        width, height = picture.size
        changed = [
            picture.crop((0, 0, int(0.9 * width), int(0.9 * height))),
            ImageOps.expand(picture, 20, "white"),
            picture.rotate(7, Image.Resampling.BICUBIC, expand=True),
        ][seed % 3]
        (folder / f"{seed}-changed.jpg").write_bytes(encoded(changed, "JPEG"))
    bench.index(FolderSource(folder))
    clusters = found(bench.collection).clusters
    names = sorted(sorted(one.record_id for one in (each.keep, *each.others)) for each in clusters)
    assert names == [[f"changed/{seed}-changed.jpg", f"changed/{seed}.png"] for seed in range(6)]


def test_pictures_removed_before_any_pair_is_compared_are_left_out(mixed: Collection) -> None:
    gone = ["mixed/0-small.jpg", "mixed/1.png"]

    def progress(done: int, _total: int) -> None:
        if not done:
            mixed.remove(gone)

    clusters = DuplicateFinder(mixed, read, images.load, on_progress=progress).find().clusters
    named = {one.record_id for each in clusters for one in (each.keep, *each.others)}
    assert named
    assert not named.intersection(gone)
