"""Rights, leftovers and damaged keys are found."""

import shutil
from pathlib import Path

import pytest

from api.operations.doctor.examination import examine
from tests.support.damages import is_found, of_checks
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, opened


@pytest.mark.parametrize("name", of_checks("permissions", "queries", "leftovers"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


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
