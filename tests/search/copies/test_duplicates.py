"""Which pictures of a collection are the same."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from binocle.media import images
from indexer.sources.folder import FolderSource
from search.copies import duplicates, pairing, union_find
from search.copies.duplicates import DuplicateFinder
from tests.support import Bench
from tests.support.copies import found, only_cluster
from tests.support.drawings import drawn, encoded, product, read


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("indexed")
    folder = place / "mixed"
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
    bench = Bench(place / "collection")
    bench.index(FolderSource(folder))
    bench.collection.close()
    return place / "collection"


@pytest.fixture
def mixed(indexed: Path, tmp_path: Path) -> Iterator[Collection]:
    """Six pictures, and of the first three copies: 0 small, twice; 1 mirrored; 2 turned."""
    with Collection(shutil.copytree(indexed, tmp_path / "mixed")) as opened:
        yield opened


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


def test_a_camera_that_never_moves_is_one_cluster_and_few_pairs(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MOST", 4)
    monkeypatch.setattr(union_find, "LARGE", 6)
    monkeypatch.setattr(duplicates, "_LOOKED_UP", 0)  # as in a large collection
    monkeypatch.setattr(duplicates, "_BLOCK", 8)
    folder = tmp_path / "camera"
    folder.mkdir()
    scene = drawn(0)
    for number in range(24):  # one scene, saved again and again
        (folder / f"{number:02}.jpg").write_bytes(encoded(scene, "JPEG", quality=70 + number))
    bench.index(FolderSource(folder))
    told: list[tuple[int, int]] = []
    finder = DuplicateFinder(
        bench.collection,
        read,
        images.load,
        on_progress=lambda done, total: told.append((done, total)),
    )
    answer = finder.find()
    assert [1 + len(one.others) for one in answer.clusters] == [24]
    assert answer.crowded > 0
    assert 23 <= answer.compared < told[-1][1] - 24 <= 24 * 10  # of 276 pairs
    assert told[0] == (0, 24)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize("ends", [0, 1])
def test_what_progress_raises_ends_the_search(mixed: Collection, ends: int) -> None:
    class EndedError(Exception):
        pass

    def progress(done: int, _total: int) -> None:
        if done >= ends:
            raise EndedError

    with pytest.raises(EndedError):
        DuplicateFinder(mixed, read, images.load, on_progress=progress).find()


def test_a_copy_of_the_same_bytes_comes_first_in_no_other_pair(mixed: Collection) -> None:
    contents = pairing.contents_of(mixed.reading)
    assert (len(contents.firsts), len(contents.copies), contents.pictures) == (10, 1, 11)
    [(first, again)] = contents.copies
    pairs = pairing.pairs_among(mixed.reading, contents.firsts)
    assert first in [*pairs.lower, *pairs.upper]
    assert again not in [*pairs.lower, *pairs.upper]
    assert (pairs.lower < pairs.upper).all()


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


def test_what_only_a_third_picture_links_is_compared_with_the_one_to_keep(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = drawn(2)
    files = {
        "a-small.jpg": encoded(picture.resize((160, 120)), "JPEG"),
        "b-mirrored.jpg": encoded(ImageOps.mirror(picture).resize((200, 150)), "JPEG"),
        "c-photo.png": encoded(picture),
    }
    looked_at = pairing.pairs_among

    def without_last(*arguments: Any) -> pairing.PicturePairs:
        pairs = looked_at(*arguments)
        kept = pairs.lower == pairs.lower.min()  # nothing but what the first is of the others
        return replace(
            pairs, lower=pairs.lower[kept], upper=pairs.upper[kept], variants=pairs.variants[kept]
        )

    monkeypatch.setattr(duplicates, "pairs_among", without_last)
    monkeypatch.setattr(duplicates, "_LOOKED_UP", 0)
    cluster = only_cluster(bench, tmp_path, files)
    assert cluster.keep.record_id == "album/c-photo.png"
    assert {one.record_id: one.verdict for one in cluster.others} == {
        "album/a-small.jpg": "near-duplicate",
        "album/b-mirrored.jpg": "mirrored",
    }
    assert all(one.confidence > 0.6 for one in cluster.others)
