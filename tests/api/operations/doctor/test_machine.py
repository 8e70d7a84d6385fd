"""Rights, leftovers and damaged keys are found."""

import os
import shutil
from pathlib import Path

import pytest

from api.operations.doctor.examination import examine
from api.operations.doctor.repair import planned, repair
from tests.support.damages import is_found, of_checks
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, opened


@pytest.mark.parametrize("name", of_checks("permissions", "queries", "leftovers", "lock"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


def test_what_others_can_read_as_older_versions_made_it_is_no_damage(
    home: Path, folder: Path
) -> None:
    for path in folder.rglob("*"):
        if path.name != "signing.key":
            path.chmod(0o755 if path.is_dir() else 0o644)
    (diagnosis,) = examine(opened(home), [NAME])[1:]
    assert diagnosis.is_sound
    (fact,) = [one for one in diagnosis.findings if one.check == "permissions"]
    assert "can be read by other users" in fact.message
    assert planned(diagnosis) == ["permissions"]
    repair(diagnosis, ["permissions"])
    (diagnosis,) = examine(opened(home), [NAME])[1:]
    assert diagnosis.findings == ()


@pytest.mark.parametrize(
    ("name", "check"),
    [("keys.json", "keys"), ("aliases.json", "aliases"), ("sessions.key", "sessions"),
     ("saved-searches.json", "saved-searches"), ("service.sqlite", "service"),
     ("service.postgresql", "service")],
)  # fmt: skip
def test_damaged_files_of_the_home_are_found(tmp_path: Path, name: str, check: str) -> None:
    path = tmp_path / name
    path.touch(0o600)
    path.write_bytes(b"{no database, no JSON" * 100)
    (of_home,) = examine(opened(tmp_path), [])
    (damage,) = [one for one in of_home.findings if one.level == "damage"]
    assert damage.check == check
    assert damage.remedy


def test_an_emptied_file_of_jobs_is_found_and_one_that_is_being_made_is_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "service.sqlite"
    path.touch(0o600)
    assert examine(opened(tmp_path), [])[0].is_sound
    os.utime(path, (0, 0))
    (damage,) = [one for one in examine(opened(tmp_path), [])[0].findings if one.level == "damage"]
    assert (damage.check, "is empty" in damage.message) == ("service", True)


def test_home_and_machine_are_examined(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_cli(home, "keys", "add", "me")[0] == 0
    (of_home, of_collection) = examine(opened(home), [])
    assert of_home.is_sound
    assert of_collection.name == NAME
    assert any("SQLite" in one.message for one in of_home.findings)
    (home / "keys.json").write_text("{")
    (home / "keys.json").chmod(0o644)
    home.chmod(0o777)
    usage = shutil.disk_usage(home)._replace(free=1000)
    monkeypatch.setattr("api.operations.doctor.machine.shutil.disk_usage", lambda _: usage)
    (of_home, of_collection) = examine(opened(home), [])
    assert {"keys", "permissions"} <= {one.check for one in of_home.findings}
    assert [one.check for one in of_collection.findings] == ["disk"]
