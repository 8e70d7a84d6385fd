"""``binocle import`` makes no collection of a wrong file, and removes none."""

from pathlib import Path

import pytest

from api.container import Container
from api.settings import read_settings
from binocle.errors import NotFoundError, SourceError, StorageError
from binocle.types import NewRecord
from tests.support.shop import run_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with Container(read_settings(home=home)).open_collection("a", create=True) as collection:
        collection.upsert([NewRecord("x", "x", {}, ())])
    return home


def test_collection_that_lost_its_catalogue_keeps_its_uploads(home: Path, tmp_path: Path) -> None:
    assert run_cli(home, "export", "a", tmp_path / "a.parquet")[0] == 0
    upload = home / "collections" / "lost" / "uploads" / "ab" / ("ab" * 32)
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"the only copy")
    with pytest.raises(StorageError, match="is gone"):
        run_cli(home, "import", tmp_path / "a.parquet", "lost")
    assert upload.read_bytes() == b"the only copy"


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no table"])
def test_wrong_file_makes_no_collection(home: Path, tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "wrong.parquet"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(SourceError, match=r"wrong\.parquet"):
        run_cli(home, "import", source, "new")
    assert not (home / "collections" / "new").exists()


def test_damaged_collection_can_be_removed(home: Path) -> None:
    (home / "collections" / "a" / "catalog.sqlite").write_bytes(b"no catalogue" * 1000)
    with pytest.raises(StorageError, match="damaged"):
        run_cli(home, "info", "-c", "a")
    assert run_cli(home, "remove", "-c", "a", "--all", "--yes")[0] == 0
    assert not (home / "collections" / "a").exists()
    with pytest.raises(NotFoundError, match="there is no collection 'a'"):
        run_cli(home, "remove", "-c", "a", "--all", "--yes")
