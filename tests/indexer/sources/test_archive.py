"""Tars and zips in the WebDataset layout."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.archive import ArchiveSource
from tests.support import Bench, picture_bytes

SAMPLES: dict[str, bytes] = {
    "shard/000.jpg": picture_bytes(0),
    "shard/000.txt": b"a dog at the lake\n",
    "shard/000.json": json.dumps(
        {"price": 3.5, "shop": {"city": "Oslo"}, "tags": ["a", "b"]}
    ).encode(),
    "shard/001.jpg": picture_bytes(1),
    "shard/001.json": json.dumps({"caption": "a cat"}).encode(),
    "shard/002.png": picture_bytes(2, format="PNG"),
    "shard/003.jpg": b"broken",
    "shard/.hidden.jpg": picture_bytes(3),
    "shard/README.md": b"hello",
    "__MACOSX/._000.jpg": b"x",
}


def make_tar(path: Path, mode: str, samples: Mapping[str, bytes] = SAMPLES) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in samples.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def make_zip(path: Path, samples: Mapping[str, bytes] = SAMPLES) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in samples.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip"])
def test_an_archive_in_webdataset_layout_becomes_records(
    bench: Bench, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"data{suffix}"
    modes = {".tar": "w", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
    if suffix == ".zip":
        make_zip(path)
    else:
        make_tar(path, modes[suffix])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (3, 2)
    name = path.name
    assert bench.ids() == [f"{name}/shard/{one}" for one in ("000.jpg", "001.jpg", "002.png")]
    record = bench.collection.record(f"{name}/shard/000.jpg")
    assert [part.text for part in record.parts] == [None, "a dog at the lake"]
    assert record.metadata["price"] == 3.5
    assert record.metadata["shop.city"] == "Oslo"
    assert record.metadata["tags"] == ["a", "b"]
    assert record.uri == f"{path}!/shard/000.jpg"
    assert bench.collection.record(f"{name}/shard/001.jpg").parts[1].text == "a cat"
    codes = dict(bench.rows("select key, code from items where code is not null"))
    assert codes == {"shard/003.jpg": "not-a-picture", "shard/README.md": "not-a-picture"}
    bench.encoder.images = 0
    assert bench.index(ArchiveSource(path)).tally.unchanged == 3
    assert bench.encoder.images == 0


def test_a_changed_archive_embeds_only_what_is_new_in_it(bench: Bench, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "data.tar", "w")
    bench.index(ArchiveSource(path))
    samples = {**SAMPLES, "shard/009.jpg": picture_bytes(9)}
    del samples["shard/002.png"]
    make_tar(path, "w", samples)
    bench.encoder.images = 0
    tally = bench.index(ArchiveSource(path)).tally
    assert bench.encoder.images == 1
    assert (tally.added, tally.removed) == (1, 1)


def test_a_truncated_archive_is_one_clear_error_and_removes_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    path = make_tar(tmp_path / "data.tar", "w")
    bench.index(ArchiveSource(path))
    path.write_bytes(path.read_bytes()[:2500])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.removed, tally.skipped) == (0, 1)
    assert len(bench.ids()) == 3
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(SourceError, match=r"data\.tar is damaged"):
        bench.index(ArchiveSource(path))
    assert len(bench.ids()) == 3


def test_members_of_one_name_and_links_all_have_an_outcome(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as archive:
        for seed in (1, 2):
            info = tarfile.TarInfo("../a.jpg")
            info.size = len(picture_bytes(seed))
            archive.addfile(info, io.BytesIO(picture_bytes(seed)))
        link = tarfile.TarInfo("b.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "../a.jpg"
        archive.addfile(link)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (2, 1)
    assert bench.ids() == ["twice.tar/../a.jpg", "twice.tar/../a.jpg~2"]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "zip"])
def test_archive_that_is_replaced_before_the_scan_has_its_own_sidecars(
    bench: Bench, tmp_path: Path, suffix: str
) -> None:
    def put(caption: bytes, price: int) -> None:
        samples = {
            "a.jpg": picture_bytes(price), "a.txt": caption, "a.json": b'{"p": %d}' % price,
        }  # fmt: skip
        new = tmp_path / "new"
        if suffix == "zip":
            make_zip(new, samples)
        else:
            make_tar(new, "w:gz" if suffix == "tar.gz" else "w", samples)
        new.replace(path)

    path = tmp_path / f"a.{suffix}"
    put(b"a red bag", 1)
    source = ArchiveSource(path)
    assert source.count() == 1
    put(b"a blue bag", 20)
    bench.index(source)
    record = bench.collection.record(f"a.{suffix}/a.jpg")
    assert [part.text for part in record.parts] == [None, "a blue bag"]
    assert record.metadata["p"] == 20
    assert bench.index(ArchiveSource(path)).tally.unchanged == 1
