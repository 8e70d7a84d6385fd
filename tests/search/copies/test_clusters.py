"""Clusters: one picture to keep, and what the others are of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageOps

from binocle.collection.collection import Collection
from search.copies import duplicates, pairing
from tests.support import Bench
from tests.support.copies import found, only_cluster
from tests.support.drawings import drawn, encoded


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
