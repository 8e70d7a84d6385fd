"""What a path is."""

import os
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles


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
