"""``binocle doctor`` as a person and a program type it."""

import json
from pathlib import Path

import pytest

from binocle.catalog.location import POSTGRESQL_FILE
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError
from binocle.files import make_folder
from binocle.types import NewRecord
from tests.support.shop import run_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Collection(tmp_path / "home" / "collections" / "one", create=True) as collection:
        collection.upsert([NewRecord("r-1", "u", {"n": 1}, ())])
    return tmp_path / "home"


def test_sound_and_damaged_and_repaired(home: Path) -> None:
    code, out, err = run_cli(home, "doctor")
    assert (code, err) == (0, "")
    assert out.endswith("sound: one\n")
    uploads = home / "collections" / "one" / "uploads" / "ab"
    make_folder(uploads)
    (uploads / ("ab" * 32)).touch(0o600)
    code, out, _ = run_cli(home, "doctor", "one", "--json")
    assert code == 1
    answer = json.loads(out)
    assert answer["sound"] is False
    (damage,) = [one for one in answer["findings"] if one["level"] == "damage"]
    assert (damage["collection"], damage["check"], damage["repair"]) == (
        "one", "uploads", "orphans",
    )  # fmt: skip
    code, out, err = run_cli(home, "doctor", "one", "--repair")
    assert code == 2  # nobody is there to be asked
    assert "one: will put files among the uploads" in out
    assert "--yes" in err
    code, out, _ = run_cli(home, "doctor", "one", "--repair", "--yes")
    assert code == 0
    assert out.endswith("all is sound now\n")


def test_collection_that_is_not_examined_is_not_called_sound(home: Path) -> None:
    make_folder(home / "collections" / "two")
    (home / "collections" / "two" / POSTGRESQL_FILE).touch(0o600)
    code, out, _ = run_cli(home, "doctor")
    assert code == 1
    assert f"two: damage: {home / 'collections' / 'two' / POSTGRESQL_FILE}" in out
    assert "sound" not in out
    assert json.loads(run_cli(home, "doctor", "--json")[1])["unexamined"] == ["two"]


def test_repair_prints_one_object_for_programs(home: Path) -> None:
    code, out, err = run_cli(home, "doctor", "--json", "--repair", "--yes")
    assert code == 0
    assert json.loads(out)["repaired"] == []
    assert "nothing that could be repaired" in err
    uploads = home / "collections" / "one" / "uploads" / "ab"
    make_folder(uploads)
    (uploads / ("ab" * 32)).touch(0o600)
    code, out, err = run_cli(home, "doctor", "--json", "--repair", "--yes")
    assert code == 0
    answer = json.loads(out)
    assert answer["sound"] is True
    assert answer["repaired"] == [{"collection": "one", "repair": "orphans"}]
    assert "one: will put files among the uploads" in err
    assert err.endswith("all is sound now\n")
    assert "repaired" not in json.loads(run_cli(home, "doctor", "--json")[1])


def test_wrong_use(home: Path) -> None:
    assert run_cli(home, "doctor", "--gone", "x")[0] == 2
    with pytest.raises(NotFoundError, match="there are: one"):
        run_cli(home, "doctor", "nobody")
