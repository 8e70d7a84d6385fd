"""What stands beside pictures of folders, as it comes, changes and goes."""

from pathlib import Path

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
