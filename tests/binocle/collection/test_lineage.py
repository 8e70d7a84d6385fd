"""A catalogue that is not the one the files beside it were made with is refused."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.collection.lineage import MARK
from binocle.errors import StorageError
from binocle.types import NewRecord

CATALOG = "catalog.sqlite"


def put(folder: Path, *keys: str) -> None:
    with Collection(folder, create=True) as collection:
        for key in keys:  # a change each
            collection.upsert([NewRecord(key, key, {}, ())])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection of three changes; ``old`` beside it holds its catalogue after the first."""
    folder = tmp_path / "c"
    put(folder, "a")
    shutil.copytree(folder, tmp_path / "old")
    put(folder, "b", "c")
    return folder


def upload(folder: Path) -> None:
    (folder / "uploads" / "ab").mkdir(parents=True)
    (folder / "uploads" / "ab" / ("ab" * 32)).write_bytes(b"a picture")


LOSSES: dict[str, Callable[[Path], object]] = {
    "empty": lambda catalog: catalog.write_bytes(b""),
    "gone": lambda catalog: catalog.unlink(),
    "older": lambda catalog: shutil.copy(catalog.parent.parent / "old" / CATALOG, catalog),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("create", [True, False])
def test_catalogue_that_lost_its_records_is_refused_and_nothing_is_removed(
    folder: Path, loss: Callable[[Path], object], create: bool
) -> None:
    upload(folder)
    loss(folder / CATALOG)
    before = sorted(folder.rglob("*"))
    with pytest.raises(StorageError, match=r"catalogue .* (is gone|is empty|is older)"):
        Collection(folder, create=create)
    assert set(before) <= set(folder.rglob("*"))


def test_catalogue_that_went_another_way_is_refused(folder: Path) -> None:
    put(folder.parent / "old", "x", "y", "z")
    shutil.copy(folder.parent / "old" / CATALOG, folder / CATALOG)
    with pytest.raises(StorageError, match="another history"):
        Collection(folder)


def test_who_removes_the_mark_goes_on_with_an_older_catalogue(folder: Path) -> None:
    shutil.copy(folder.parent / "old" / CATALOG, folder / CATALOG)
    (folder / MARK).unlink()
    with Collection(folder) as collection:
        assert collection.record("a").id == "a"


@pytest.mark.parametrize("mark", [b"", b"[]", b'{"newest": "9 x", "crc32": 1}', b"\xff"])
def test_damaged_mark_keeps_nobody_out(folder: Path, mark: bytes) -> None:
    (folder / MARK).write_bytes(mark)
    with Collection(folder) as collection:
        assert collection.record("c").id == "c"
        collection.remove(["c"])
    assert b"newest" in (folder / MARK).read_bytes()


def test_older_mark_is_no_fault(folder: Path) -> None:
    mark = (folder / MARK).read_bytes()
    put(folder, "d")
    (folder / MARK).write_bytes(mark)
    put(folder, "e")


def test_transaction_that_fails_is_not_noted(folder: Path) -> None:
    mark = (folder / MARK).read_bytes()
    with Collection(folder) as collection, suppress(KeyError), collection.writing() as session:
        session.records.upsert([NewRecord("d", "d", {}, ())])
        raise KeyError
    assert (folder / MARK).read_bytes() == mark


def test_folder_with_nothing_beside_is_a_new_collection(tmp_path: Path) -> None:
    (tmp_path / CATALOG).touch()  # as of a process that was killed while it began
    put(tmp_path, "a")
