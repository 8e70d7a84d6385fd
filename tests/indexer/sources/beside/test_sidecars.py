"""Texts and JSON beside pictures: what is damaged costs only what it says."""

import hashlib
import json
from pathlib import Path

import pytest

from indexer.sources.archive import ArchiveSource
from indexer.sources.beside import sidecars
from indexer.sources.folder import FolderSource
from tests.binocle.media.test_xmp import packet
from tests.support import Bench, picture_bytes, tar_of

KEYWORD = "<dc:subject><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></dc:subject>"
NAMES = [f"{number}.jpg" for number in range(8)]


def test_damaged_sidecars_cost_only_what_they_say(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    members = [(name, picture_bytes(seed)) for seed, name in enumerate(NAMES)]
    path.write_bytes(
        tar_of(
            *members, ("0.json", b'{"a": 1'), ("1.json", b"[1]"), ("2.json", b'{"a": "\\ud800"}'),
            ("3.json", b'{"%s": 1}' % (b"n" * 2000)), ("4.json", b'{"good": 1}'),
        )
    )  # fmt: skip
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (8, 4)
    assert bench.skipped().keys() == {f"{number}.json" for number in range(4)}
    assert bench.collection.record("a.tar/4.jpg").metadata["good"] == 1


def test_sidecars_together_have_a_limit(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecars, "_MAX_ALL_BYTES", 1000)
    path = tmp_path / "a.tar"
    texts = [(f"{seed}.txt", b"red " * 100) for seed in range(8)]
    path.write_bytes(tar_of(*((name, picture_bytes(3)) for name in NAMES), *texts))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (8, 1)
    assert "those from 2.txt on were not read; split the archive" in bench.skipped()["(sidecars)"]


TAKEOUT = {
    "title": "IMG_1.jpg",
    "description": "Anna &amp; Tom&#39;s day",
    "people": [{"name": "Anna"}],
    "photoTakenTime": {"timestamp": "1562265005", "formatted": "4 Jul 2019"},
    "geoData": {"latitude": 10.5, "longitude": 5.0, "altitude": 3.0},
    "geoDataExif": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
}


def members_in(form: str, place: Path, members: dict[str, bytes]) -> FolderSource | ArchiveSource:
    if form == "archive":
        place.with_suffix(".tar").write_bytes(tar_of(*members.items()))
        return ArchiveSource(place.with_suffix(".tar"))
    for name, data in members.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return FolderSource(place)


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_sidecars_tell_of_their_own_picture(bench: Bench, tmp_path: Path, form: str) -> None:
    members = {
        "x/IMG_1.jpg": picture_bytes(1),
        "x/IMG_1.jpg.supplemental-metadata.json": json.dumps(TAKEOUT).encode(),
        "x/shoe-v1.0.jpg": picture_bytes(2),
        "x/shoe-v1.0.txt": "Größe café".encode("latin-1"),
        "x/shoe-v1.5.jpg": picture_bytes(3),
        "x/shoe-v1.5.txt": "blaue Stiefel".encode("utf-16"),
        "y/shoe-v1.5.jpg": picture_bytes(4),
        "y/readme.txt": b"of nobody",
    }
    source = members_in(form, tmp_path / "all", members)
    assert bench.index(source).tally.added == 4
    name = source.path.name
    texts = {
        key: [part.text for part in bench.collection.record(f"{name}/{key}").parts[1:]]
        for key in members
        if key.endswith(".jpg")
    }
    assert texts == {
        "x/IMG_1.jpg": ["Anna & Tom's day"],
        "x/shoe-v1.0.jpg": ["Größe café"],
        "x/shoe-v1.5.jpg": ["blaue Stiefel"],
        "y/shoe-v1.5.jpg": [],
    }
    told = bench.collection.record(f"{name}/x/IMG_1.jpg").metadata
    assert told["taken_at"] == "2019-07-04T18:30:05+00:00"
    assert (told["latitude"], told["longitude"], told["altitude"]) == (10.5, 5.0, 3.0)
    assert told["people"] == ["Anna"]
    assert told["description"] == "Anna & Tom's day"
    assert "people.name" not in told
    assert bench.skipped().keys() == {"y/readme.txt"}
    assert bench.index(source).tally.unchanged == 4


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_facts_of_a_picture_are_its_own(bench: Bench, tmp_path: Path, form: str) -> None:
    data = picture_bytes(1)
    told = b'{"width":9999,"format":"bogus","sha256":"x","filename":"evil","stars":5}'
    source = members_in(form, tmp_path / "all", {"0.jpg": data, "0.json": told})
    bench.index(source)
    metadata = bench.collection.record(f"{source.path.name}/0.jpg").metadata
    assert (metadata["width"], metadata["format"]) == (96, "jpeg")
    assert metadata["sha256"] == hashlib.sha256(data).hexdigest()
    assert (metadata["filename"], metadata["sidecar.filename"]) == ("0.jpg", "evil")
    assert (metadata["sidecar.width"], metadata["stars"]) == (9999, 5)


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_xmp_beside_a_picture_and_its_name_tell_of_it(
    bench: Bench, tmp_path: Path, form: str
) -> None:
    members = {
        "IMG_20190704_183005.jpg": picture_bytes(1),
        "a.jpg": picture_bytes(2),
        "a.jpg.xmp": packet('a:Rating="5"', KEYWORD),
        "b.jpg": picture_bytes(3),
        "b.xmp": b"nothing",
    }
    source = members_in(form, tmp_path / "all", members)
    assert bench.index(source).tally.added == 3
    names = [f"{source.path.name}/{one}" for one in members if "xmp" not in one]
    records = [bench.collection.record(one) for one in names]
    assert records[0].metadata["taken_at"] == "2019-07-04T18:30:05"
    assert (records[1].metadata["rating"], records[1].metadata["keywords"]) == (5, ["x"])
    assert bench.skipped().keys() == {"b.xmp"}
