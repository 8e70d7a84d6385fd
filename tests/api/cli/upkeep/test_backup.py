"""``binocle backup`` and ``binocle restore`` as a person types them."""

import json
from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.types import NewRecord
from tests.support.shop import run_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        with Collection(tmp_path / "home" / "collections" / name, create=True) as collection:
            collection.upsert([NewRecord(f"{name}-1", "u", {"n": 1}, ())])
    return tmp_path / "home"


def test_backup_of_all_is_checked_and_comes_back(home: Path, tmp_path: Path) -> None:
    to, other = tmp_path / "to", tmp_path / "other"
    code, out, err = run_cli(home, "backup", "--all", to)
    assert (code, err) == (0, "")
    assert out.startswith(f"backed up one, two to {to}: 2 files, 2 of them new")
    code, out, _ = run_cli(other, "restore", to, "--check")
    assert (code, out) == (0, f"{to} is whole and sound; it has: one, two\n")
    code, out, _ = run_cli(other, "restore", to, "two", "--as", "three", "--json")
    assert code == 0
    assert [one["name"] for one in json.loads(out)["restored"]] == ["three"]
    code, out, _ = run_cli(other, "collections", "--json")
    assert [one["name"] for one in json.loads(out)["collections"]] == ["three"]


def test_damage_ends_the_check_with_1(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert run_cli(home, "backup", "one", to)[0] == 0
    victim = next((to / "files").glob("??/*"))
    victim.write_bytes(b"")
    code, _, err = run_cli(home, "restore", to, "--check")
    assert code == 1
    assert "catalog.sqlite" in err


def test_names_or_all(home: Path, tmp_path: Path) -> None:
    assert run_cli(home, "backup", tmp_path / "to")[0] == 2
    assert run_cli(home, "backup", "--all", "one", tmp_path / "to")[0] == 2
    assert not (tmp_path / "to").exists()
