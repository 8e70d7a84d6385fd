"""What was backed up comes back as it was, on another machine, and nothing half."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from api.container import Container
from api.operations.backup import backing_up
from api.operations.backup.backing_up import back_up
from api.operations.backup.manifest import MANIFEST
from api.operations.backup.restoring import check_backup, restore
from api.settings import read_settings
from binocle.collection.collection import Collection
from binocle.collection.lineage import MARK
from binocle.errors import BinocleError, NotFoundError, StorageError, UsageError
from tests.support import picture_bytes
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, answers, bodies, fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a collection; tests copy it."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "photos").mkdir()
    for number in range(6):
        (folder / "photos" / f"{number}.jpg").write_bytes(picture_bytes(100 + number))
    fill(folder / "home", folder / "photos")
    return folder / "home"


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "home")
    return tmp_path / "home"


def opened(home: Path) -> Container:
    return Container(read_settings(home=home, model="colour"))


def uploads_of(home: Path) -> list[Path]:
    return sorted((home / "collections" / NAME / "uploads").glob("??/*"))


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
@pytest.mark.parametrize("options", [(), ("--indices", "--keys")])
def test_restored_collection_gives_equal_answers(
    home: Path, tmp_path: Path, to: str, options: tuple[str, ...]
) -> None:
    code, secret, err = run_cli(home, "keys", "add", "me")
    assert code == 0, err
    key = secret.strip()
    code, _, err = run_cli(home, "backup", NAME, tmp_path / to, *options)
    assert code == 0, err
    other = tmp_path / "other"
    code, out, err = run_cli(other, "restore", tmp_path / to, *options[1:])
    assert (code, err) == (0, "")
    assert "restored goods" in out
    assert (other / "keys.json").exists() == bool(options)
    if not options:
        (home / "keys.json").rename(tmp_path / "keys.json")
    ids = [f"g{number}" for number in range(12)]
    with running(home) as here, running(other) as there:
        expected = answers(here.client(key), here.http(key), ids)
        assert answers(there.client(key), there.http(key), ids) == expected
        if not options:
            there.client().store(NAME, bodies(20, 1))  # what is restored goes on


def test_backup_while_a_service_writes_is_of_one_moment(home: Path, tmp_path: Path) -> None:
    done = threading.Event()
    with running(home) as service:
        client = service.client()

        def write() -> None:
            number = 100
            while not done.is_set():
                client.store(NAME, bodies(number, 2))
                client.delete(NAME, f"g{number}")
                number += 2

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                report = back_up(opened(home), [NAME], tmp_path / "backup")
                assert report.problems == []
        finally:
            done.set()
            writer.join(60)
    other = tmp_path / "other"
    restored = restore(opened(other), tmp_path / "backup", [])
    with running(other) as there:
        listed = there.client().records(NAME, limit=1000).records
        assert len(listed) == restored[0].records
        for one in listed:
            if one.id.startswith("g"):
                assert there.client().image(NAME, one.id)


def test_repeated_backup_copies_only_what_is_new(home: Path, tmp_path: Path) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    with running(home) as service:
        service.client().store(NAME, bodies(50, 1))
        service.client().delete(NAME, "g0")
    before = {path.name: path.stat().st_ino for path in uploads_of(home)}
    report = back_up(opened(home), [NAME], tmp_path / "backup")
    assert report.copied == 2  # the catalogue and one upload
    kept = {path.name for path in (tmp_path / "backup" / "files").glob("??/*")}
    assert before.keys() < kept
    assert check_backup(tmp_path / "backup")[1] == []


def test_interrupted_backup_leaves_the_one_before(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "backup"
    back_up(opened(home), [NAME], to)
    manifest = (to / MANIFEST).read_bytes()
    with running(home) as service:
        service.client().store(NAME, bodies(50, 3))
    with monkeypatch.context() as patch:
        patch.setattr(backing_up._Copying, "_derived", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            back_up(opened(home), [NAME], to)
        with pytest.raises(KeyboardInterrupt):
            back_up(opened(home), [NAME], tmp_path / "new.tar.zst")
    assert (to / MANIFEST).read_bytes() == manifest
    assert check_backup(to)[1] == []
    assert not (tmp_path / "new.tar.zst").exists()
    (to / MANIFEST).unlink()
    with pytest.raises(StorageError, match="no whole backup"):
        restore(opened(tmp_path / "other"), to, [])


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
def test_damaged_backup_is_refused_and_leaves_nothing(home: Path, tmp_path: Path, to: str) -> None:
    back_up(opened(home), [NAME], tmp_path / to)
    if to == "backup":
        victim = next(iter((tmp_path / to / "files").glob("??/*")))
        victim.write_bytes(victim.read_bytes()[:-1] + b"\0")
    else:
        data = bytearray((tmp_path / to).read_bytes())
        del data[len(data) // 2 :]
        (tmp_path / to).write_bytes(data)
    with pytest.raises(StorageError):
        restore(opened(tmp_path / "other"), tmp_path / to, [])
    assert list((tmp_path / "other" / "collections").iterdir() if to == "backup" else []) == []


def test_nothing_is_written_over(home: Path, tmp_path: Path) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    with pytest.raises(UsageError, match="already"):
        restore(opened(home), tmp_path / "backup", [])
    restored = restore(opened(home), tmp_path / "backup", [NAME], new_name="again")
    assert [one.name for one in restored] == ["again"]
    assert opened(home).collection_names() == ["again", NAME]
    with pytest.raises(NotFoundError, match="goods"):
        restore(opened(home), tmp_path / "backup", ["others"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"letter\.txt"):
        back_up(opened(home), [NAME], tmp_path / "mine")
    with pytest.raises(UsageError):
        back_up(opened(home), [NAME], home / "collections" / "x")
    (tmp_path / "mine.tar.zst").write_text("dear")
    with pytest.raises(UsageError):
        back_up(opened(home), [NAME], tmp_path / "mine.tar.zst")


def test_lost_upload_is_told_and_costs_only_itself(home: Path, tmp_path: Path) -> None:
    gone, changed, aside = uploads_of(home)[:3]
    gone.unlink()
    changed.write_bytes(b"other")
    quarantine = home / "collections" / NAME / "quarantine" / "uploads" / aside.parent.name
    quarantine.mkdir(parents=True)
    aside.rename(quarantine / aside.name)
    code, out, err = run_cli(home, "backup", NAME, tmp_path / "backup", "--json")
    assert code == 1
    assert gone.name in err
    assert changed.name in err
    assert aside.name not in err
    assert len(json.loads(out)["problems"]) == 2
    (restored,) = restore(opened(tmp_path / "other"), tmp_path / "backup", [])
    assert len(restored.missing) == 2


def test_damaged_catalogue_does_not_take_the_place_of_a_good_backup(
    home: Path, tmp_path: Path
) -> None:
    to, folder = tmp_path / "backup", home / "collections" / NAME
    back_up(opened(home), [NAME], to)
    before = (to / MANIFEST).read_bytes()
    old = (folder / "catalog.sqlite").read_bytes()
    with running(home) as service:
        service.client().store(NAME, bodies(50, 3))
    for data in (old, old[: len(old) // 2], b"", b"no database" * 1000):
        (folder / "catalog.sqlite").write_bytes(data)
        with pytest.raises(BinocleError):
            back_up(opened(home), [NAME], to)
    assert (to / MANIFEST).read_bytes() == before
    assert check_backup(to)[1] == []


def test_restored_catalogue_is_the_one_that_its_folder_is_of(home: Path, tmp_path: Path) -> None:
    with running(home) as service:
        service.client().store(NAME, bodies(50, 1))
    back_up(opened(home), [NAME], tmp_path / "backup", with_indices=True)
    other = tmp_path / "other"
    restore(opened(other), tmp_path / "backup", [])
    folder = other / "collections" / NAME
    assert (folder / MARK).is_file()
    (folder / "catalog.sqlite").write_bytes(b"")
    with pytest.raises(StorageError, match="is empty"):
        Collection(folder)
