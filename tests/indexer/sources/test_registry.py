"""What a path is."""

import os
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.registry import open_source, source_of
from indexer.sources.table import ColumnRoles
from tests.support import Bench, picture_bytes


def test_what_a_path_is_decides_how_it_is_read(tmp_path: Path) -> None:
    for name, kind in (
        ("a.csv", "table"), ("a.txt", "text"), ("a.tar.gz", "archive"), ("a.zip", "archive"),
        ("a.jpg", "file"), ("a.parquet", "table"),
    ):  # fmt: skip
        (tmp_path / name).touch()
        assert open_source(tmp_path / name, ColumnRoles()).kind == kind
    assert open_source(tmp_path, ColumnRoles()).kind == "folder"
    assert open_source(tmp_path / "a.txt", ColumnRoles(text=("caption",))).kind == "table"
    (tmp_path / "a.exe").touch()
    with pytest.raises(SourceError, match="neither a folder nor a file"):
        open_source(tmp_path / "a.exe", ColumnRoles())
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match="is a pipe or a device; write what it gives"):
        open_source(tmp_path / "pipe.csv", ColumnRoles())
    with pytest.raises(SourceError, match="there is nothing at"):
        open_source(tmp_path / "nowhere", ColumnRoles())


@pytest.mark.parametrize("kind", ["folder", "file", "table"])
def test_what_becomes_a_link_out_of_allowed_folders_is_not_read(tmp_path: Path, kind: str) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.jpg"
    allowed.mkdir()
    secret.write_bytes(b"secret")
    picture = allowed / "a.jpg"
    picture.write_bytes(b"shown")
    (allowed / "t.csv").write_text("image\na.jpg\n")
    path = {"folder": allowed, "file": picture, "table": allowed / "t.csv"}[kind]
    columns = ColumnRoles(image="image") if kind == "table" else ColumnRoles()
    source = open_source(path, columns, allowed=[allowed.resolve()])
    [image] = next(one for one in source.scan("s") if one.skip is None).images
    assert image.read() == b"shown"
    picture.unlink()
    picture.symlink_to(secret)
    with pytest.raises(OSError, match="outside the folders"):
        image.read()
    for one in source.scan("s"):
        if one.record_id.endswith("a.jpg") and one.skip is None:
            with pytest.raises(OSError, match="outside the folders"):
                one.images[0].read()


def test_names_that_are_no_utf_8_are_told_apart_and_found_again(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    names = [b"caf\xe9.jpg", b"caf\xe8.jpg", b"caf\\xe9.jpg", b"a\nb.jpg"]
    for seed, name in enumerate(names):
        (folder / os.fsdecode(name)).write_bytes(picture_bytes(seed))
    source = open_source(folder, ColumnRoles())
    assert bench.index(source).tally.added == 4
    assert bench.index(source).tally.unchanged == 4
    contents = set()
    for one in bench.ids():
        uri = bench.collection.record(one).uri
        contents.add(source_of(uri, bench.collection.path).open(uri))
        assert source_of(uri, bench.collection.path).file_of(uri).is_file()  # type: ignore[union-attr]
    assert contents == {picture_bytes(seed) for seed in range(4)}
