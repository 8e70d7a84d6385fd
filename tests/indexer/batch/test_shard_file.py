"""A shard's file gives back what was written, and other programs can read it."""

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from binocle.errors import SourceError
from binocle.types import Fingerprint, ImageInfo, NewPart, Skip, Space
from indexer.batch.shard_file import ShardRow, read_shard, write_shard

SPACE = Space("m", 4, "a" * 64)
VECTOR = np.array([0.6, 0.8, 0, 0], np.float32)
INFO = ImageInfo(4, 3, 100, "jpeg", said={"caption": "a lake"})
PICTURE = NewPart(
    "image", "image", "/a.jpg", b"1" * 32, VECTOR, info=INFO,
    fingerprint=Fingerprint(b"h" * 32, b"features"), colour="#a0b0c0",
)  # fmt: skip
NOTHING = NewPart("text", "title", "/t", b"2" * 32, np.zeros(4, np.float32), text="???")
ROWS = [
    ShardRow("a", "/a.jpg", "image", b"1" * 32, PICTURE),
    ShardRow("b", "/copy.jpg", "image", b"1" * 32),
    ShardRow("c", "/c.jpg", "image", b"", None, Skip("not-a-picture", "it is none")),
    ShardRow("d", "/t", "text", b"2" * 32, NOTHING),
]


def test_contents_come_back(tmp_path: Path) -> None:
    write_shard(tmp_path / "one.parquet", ROWS, SPACE)
    found = read_shard(tmp_path / "one.parquet", SPACE)
    assert found.pictures == {
        "/a.jpg": b"1" * 32, "/copy.jpg": b"1" * 32, "/c.jpg": Skip("not-a-picture", "it is none"),
    }  # fmt: skip
    picture = found.parts["image", b"1" * 32]
    assert (picture.info, picture.fingerprint, picture.colour) == (
        INFO, PICTURE.fingerprint, "#a0b0c0",
    )  # fmt: skip
    np.testing.assert_allclose(picture.vector, VECTOR, atol=5e-4)
    assert not found.parts["text", b"2" * 32].vector.any()


def test_other_programs_read_ids_vectors_and_outcomes(tmp_path: Path) -> None:
    write_shard(tmp_path / "one.parquet", ROWS, SPACE)
    table = pyarrow.parquet.read_table(tmp_path / "one.parquet").to_pylist()
    assert [one["id"] for one in table] == ["a", "b", "c", "d"]
    assert [one["outcome"] for one in table] == [
        "embedded", "embedded", "not-a-picture", "embedded",
    ]  # fmt: skip
    assert [one["vector"] is not None for one in table] == [True, False, False, True]


def test_another_space_and_damage_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    write_shard(path, ROWS, SPACE)
    with pytest.raises(SourceError, match="of another model than m"):
        read_shard(path, Space("m", 4, "b" * 64))
    with pytest.raises(SourceError, match="is damaged"):
        read_shard(path, Space("m", 5, "a" * 64))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="is damaged"):
        read_shard(path, SPACE)
