"""What is made of pictures takes so much room at most, and is given where there is none."""

import os
import time
from pathlib import Path

import pytest

from indexer.derived_files import DerivedFiles


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_least_used_files_make_room(tmp_path: Path) -> None:
    files = DerivedFiles([tmp_path / "a", tmp_path / "b"], max_bytes=10_000)
    paths = [tmp_path / "ab"[number % 2] / f"{number:03}" for number in range(40)]
    now = time.time()
    for number, path in enumerate(paths):
        assert files.keep(path, bytes(1000))
        os.utime(path, (now - 7200 + number,) * 2)
        assert files.has(paths[0]), "what is used stays"
        assert size_of(tmp_path) <= 10_000
    assert paths[-1].exists()
    assert not paths[1].exists()


def test_what_was_there_before_counts(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(bytes(9_000))
    os.utime(tmp_path / "old", (0, 0))
    files = DerivedFiles([tmp_path], max_bytes=10_000)
    assert files.keep(tmp_path / "new", bytes(2_000))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_file_that_was_just_made_is_not_taken_away(tmp_path: Path) -> None:
    files = DerivedFiles([tmp_path], max_bytes=10)
    assert files.keep(tmp_path / "new", bytes(2_000))
    assert files.has(tmp_path / "new")


def test_what_cannot_be_kept_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    files = DerivedFiles([tmp_path], max_bytes=10)
    assert not files.keep(tmp_path / "file" / "new", b"data")
    assert "it is made each time" in caplog.text
