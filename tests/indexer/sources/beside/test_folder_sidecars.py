"""What stands beside pictures of folders, as it comes, changes and goes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.sources.beside.folder_sidecars import FileState, FolderSidecars
from indexer.sources.beside.sidecars import Sidecars
from indexer.sources.folder import FileSource, FolderSource
from tests.indexer.sources.beside.test_sidecars import members_in
from tests.support import Bench, picture_bytes


def test_changed_sidecar_of_a_folder_changes_its_record_and_embeds_no_picture(
    bench: Bench, tmp_path: Path
) -> None:
    source = members_in("folder", tmp_path / "all", {"0.jpg": picture_bytes(1), "0.txt": b"red"})
    bench.index(source)
    (tmp_path / "all" / "0.txt").write_text("something blue")
    bench.encoder.images = 0
    assert bench.index(source).tally.updated == 1
    assert bench.collection.record("all/0.jpg").parts[1].text == "something blue"
    assert bench.encoder.images == 0
    (tmp_path / "all" / "0.txt").unlink()
    assert bench.index(source).tally.updated == 1
    assert len(bench.collection.record("all/0.jpg").parts) == 1


def test_damaged_sidecar_of_a_folder_is_told(bench: Bench, tmp_path: Path) -> None:
    source = members_in("folder", tmp_path / "all", {"0.jpg": picture_bytes(1), "0.json": b"{"})
    assert bench.index(source).tally.added == 1
    assert "no JSON" in bench.skipped()["0.json"]


def test_links_are_no_sidecars(bench: Bench, tmp_path: Path) -> None:
    source = members_in("folder", tmp_path / "all", {"0.jpg": picture_bytes(1)})
    (tmp_path / "secret").write_text("a secret")
    (tmp_path / "all" / "0.txt").symlink_to(tmp_path / "secret")
    bench.index(source)
    assert len(bench.collection.record("all/0.jpg").parts) == 1


def test_single_picture_has_what_stands_beside_it(bench: Bench, tmp_path: Path) -> None:
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        (tmp_path / name).write_bytes(picture_bytes(seed))
    (tmp_path / "a.txt").write_bytes("Größe".encode("cp1250"))
    (tmp_path / "b.txt").write_text("of the other")
    (tmp_path / "metadata.csv").write_text("file_name,price\na.jpg,5\nb.jpg,6\n")
    bench.index(FileSource(tmp_path / "a.jpg", encoding="cp1250"))
    (record,) = (bench.collection.record(one) for one in bench.ids())
    assert [part.text for part in record.parts if part.text] == ["Größe"]
    assert record.metadata["price"] == 5
    (tmp_path / "a.txt").write_text("Farbe")
    assert bench.index(FileSource(tmp_path / "a.jpg")).tally.updated == 1
    assert bench.index(FileSource(tmp_path / "a.jpg")).tally.unchanged == 1


def test_sidecars_of_a_folder_that_is_as_it_was_are_not_read_again(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "all"
    (folder / "in").mkdir(parents=True)
    for seed, name in enumerate(("a.jpg", "b.jpg", "in/c.jpg")):
        (folder / name).write_bytes(picture_bytes(seed))
    for name, said in (("a.txt", "red"), ("b.json", "{broken"), ("x.txt", "alone")):
        (folder / name).write_text(said)
    (folder / "in" / "c.txt").write_text("blue")
    bench.index(FolderSource(folder))
    before = bench.skipped()
    assert set(before) == {"b.json", "x.txt"}
    read: list[str] = []
    add = Sidecars.add

    def noted(self: Sidecars, name: str, size: int, get: Callable[[], bytes]) -> None:
        read.append(name)
        add(self, name, size, get)

    monkeypatch.setattr(Sidecars, "add", noted)
    tally = bench.index(FolderSource(folder)).tally
    assert (tally.unchanged, tally.updated, tally.removed, read) == (3, 0, 0, [])
    assert bench.skipped() == before
    (folder / "in" / "c.txt").write_text("green")
    assert bench.index(FolderSource(folder)).tally.updated == 1
    assert read == ["c.txt"]
    assert [one.text for one in bench.collection.record("all/in/c.jpg").parts if one.text] == [
        "green"
    ]
    (folder / "b.json").write_text("{}")
    assert bench.index(FolderSource(folder)).tally.updated == 1
    assert set(bench.skipped()) == {"x.txt"}
    (folder / "a.txt").unlink()
    assert bench.index(FolderSource(folder)).tally.updated == 1
    assert not [one for one in bench.collection.record("all/a.jpg").parts if one.text]


def test_picture_that_changes_while_its_folder_is_gone_through_keeps_its_caption(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = members_in(
        "folder",
        tmp_path / "all",
        {"0.jpg": picture_bytes(1), "1.jpg": picture_bytes(2), "1.txt": b"red"},
    )
    bench.index(source)
    (tmp_path / "all" / "0.jpg").write_bytes(picture_bytes(3))
    listed, times = FolderSidecars.listed, list[str]()

    def then_changed(self: FolderSidecars, folder: str) -> dict[str, FileState]:
        states = listed(self, folder)
        times.append(folder)
        if len(times) == 1:
            (tmp_path / "all" / "1.jpg").write_bytes(picture_bytes(4))
        return states

    monkeypatch.setattr(FolderSidecars, "listed", then_changed)
    assert bench.index(source).tally.updated == 2
    assert bench.collection.record("all/1.jpg").parts[1].text == "red"
