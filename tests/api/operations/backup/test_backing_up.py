"""A backup is of one moment, and never takes the place of a better one."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from api.operations.backup import backing_up
from api.operations.backup.backing_up import back_up
from api.operations.backup.manifest import MANIFEST
from api.operations.backup.restoring import check_backup, restore
from binocle.errors import BinocleError, StorageError
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, bodies, opened, uploads_of


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


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
def test_upload_that_cannot_be_read_costs_only_itself(home: Path, tmp_path: Path, to: str) -> None:
    folder, failing = uploads_of(home)[:2]
    for path in (folder, failing):
        path.unlink()
    folder.mkdir()
    failing.symlink_to("/proc/self/mem")  # can be opened, and fails to be read
    report = back_up(opened(home), [NAME], tmp_path / to)
    assert [one.rpartition("(")[2] for one in report.problems] == [
        "Is a directory)", "Input/output error)",
    ]  # fmt: skip
    (restored,) = restore(opened(tmp_path / "other"), tmp_path / to, [])
    assert len(restored.missing) == 2


def test_disk_of_the_backup_that_fails_is_not_blamed_on_an_upload(
    home: Path, tmp_path: Path
) -> None:
    to = tmp_path / "backup"
    back_up(opened(home), [NAME], to)
    with running(home) as service:
        service.client().store(NAME, bodies(50, 1))
    shutil.rmtree(to / "files")
    (to / "files").touch()
    with pytest.raises(StorageError, match="cannot write the backup"):
        back_up(opened(home), [NAME], to)


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


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: (path.unlink(), path.mkdir())])
def test_keys_that_are_lost_stay_in_the_backup(
    home: Path, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    to, keys = tmp_path / "backup", home / "keys.json"
    keys.write_text("{}")
    back_up(opened(home), [NAME], to, with_keys=True)
    harm(keys)
    report = back_up(opened(home), [NAME], to, with_keys=True)
    (problem,) = report.problems
    assert problem.endswith("those of the backup before stay")
    restore(opened(tmp_path / "other"), to, [], with_keys=True)
    assert (tmp_path / "other" / "keys.json").read_text() == "{}"
