"""Which pictures are compared: few of each, and none twice."""

from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.media import images
from indexer.sources.folder import FolderSource
from search.copies import duplicates, pairing, union_find
from search.copies.duplicates import DuplicateFinder
from tests.support import Bench
from tests.support.drawings import drawn, encoded, read


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


def test_a_copy_of_the_same_bytes_comes_first_in_no_other_pair(mixed: Collection) -> None:
    contents = pairing.contents_of(mixed.reading)
    assert (len(contents.firsts), len(contents.copies), contents.pictures) == (10, 1, 11)
    [(first, again)] = contents.copies
    pairs = pairing.pairs_among(mixed.reading, contents.firsts)
    assert first in [*pairs.lower, *pairs.upper]
    assert again not in [*pairs.lower, *pairs.upper]
    assert (pairs.lower < pairs.upper).all()
