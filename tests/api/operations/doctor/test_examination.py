"""Each planted damage is found, by the check that is about it, and none in what is sound."""

import shutil
import threading
from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import restore
from api.operations.doctor.examination import examine_collection
from tests.support import picture_bytes
from tests.support.damages import catalog, damages, flipped, is_found, of_checks, vector
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, bodies, opened


@pytest.mark.parametrize("name", of_checks("catalogue", "mark", "hash-lists"))
def test_catalogue_that_is_none_or_another_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


def test_sound_collection_has_none(folder: Path) -> None:
    assert damages(folder) == []
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    damages(folder)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in before.keys() ^ after.keys()} <= {
        "catalog.sqlite-shm",
        "catalog.sqlite-wal",
    }
    assert all(before[path] == after[path] for path in before.keys() & after.keys())


def test_collection_that_a_full_disk_kept_from_being_made_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir(0o700)
    (tmp_path / "begun" / "catalog.sqlite").touch(0o600)
    assert damages(tmp_path / "begun") == []
    (tmp_path / "begun" / "catalog.mark").touch(0o600)
    assert "catalogue" in {one.check for one in damages(tmp_path / "begun")}


def test_restored_collection_has_none(home: Path, tmp_path: Path) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    other = tmp_path / "other"
    restore(opened(other), tmp_path / "backup", [])
    assert damages(other / "collections" / NAME) == []


def test_collection_in_use_has_none(home: Path, folder: Path) -> None:
    done = threading.Event()
    with running(home) as service:
        secret = service.keys.add("writer", "write", None)
        client = service.client(secret)

        def work() -> None:
            number = 100
            while not done.is_set():
                client.store(NAME, bodies(number, 2))
                client.patch(NAME, f"g{number}", {"price": -1})
                client.delete(NAME, f"g{number}")
                client.search(NAME, "red")
                number += 2

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for _ in range(4):
                assert damages(folder) == []
        finally:
            done.set()
            worker.join(60)
    assert damages(folder) == []


def test_collection_of_many_sources_has_none(home: Path, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(
        "id,title,price,when,spot,tags\n"
        + "".join(f'x{n},"thing {n}, très bon",{n}.50,2024-0{n % 9 + 1}-01,"48.{n}, 11",a;b\n'
                  for n in range(30))
        + "stray,one,free,never,nowhere,\n"
    )  # fmt: skip
    (tmp_path / "more").mkdir()
    for number in range(3):
        (tmp_path / "more" / f"{number}.png").write_bytes(picture_bytes(300, format="PNG"))
    (tmp_path / "more" / "broken.jpg").write_bytes(b"\xff\xd8")
    options = ("--id-column", "id", "--text-column", "title", "--field", "spot:geo")
    for arguments in (
        (table, *options), (table, *options, "--field", "price:keyword"), (tmp_path / "more",),
    ):  # fmt: skip
        assert run_cli(home, "index", *arguments, "-c", NAME)[0] == 0
    (tmp_path / "more" / "0.png").unlink()
    (tmp_path / "more" / "1.png").rename(tmp_path / "more" / "moved.png")
    assert run_cli(home, "index", tmp_path / "more", "-c", NAME)[0] == 0
    assert run_cli(home, "label", "-c", NAME, "-l", "red", "-l", "blue", "--write", "tint")[0] in (
        0,
        2,
    )
    assert run_cli(home, "remove", "x3", "x4", "g5", "-c", NAME)[0] == 0
    assert run_cli(home, "remove", "--source", table, "-c", NAME)[0] == 0
    assert damages(folder) == []


def test_originals_that_changed_are_told_and_no_damage(
    filled: Path, home: Path, folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(filled / "photos", moved)
    assert run_cli(home, "index", moved, "-c", NAME)[0] == 0
    (moved / "0.jpg").unlink()
    (moved / "1.jpg").write_bytes(b"other")
    facts = [one for one in examine_collection(folder) if one.check == "originals"]
    assert [one.level for one in facts] == ["fact", "fact"]
    assert "1.jpg" in facts[0].message
    assert "0.jpg" in facts[1].message
    assert not list(examine_collection(folder, with_contents=False))


def test_catalogue_without_checksums_is_examined_all_the_same(folder: Path) -> None:
    older = ("DROP TABLE vector_checksums", "UPDATE meta SET value = 1 WHERE key = 'additions'")
    catalog(*older)(folder)
    assert damages(folder) == []
    vector(flipped)(folder)
    assert [one.check for one in damages(folder)][:1] == ["index"]
