"""What a move of a catalogue has left is told from one that goes on."""

from pathlib import Path

import pytest

from binocle.catalog import damage
from binocle.catalog.checks.moves import check_moves
from binocle.collection.collection import Collection
from tests.support.damages import catalog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "c", create=True):
        return tmp_path / "c"


def checks(folder: Path) -> list[tuple[str, str | None]]:
    return [(one.level, one.repair) for one in check_moves(folder)]


def test_what_goes_on_or_is_over_is_not_cut_off(folder: Path) -> None:
    assert checks(folder) == []
    catalog(damage.REFUSE)(folder)
    with damage.moving(folder):
        assert damage.is_moving(folder)
        assert checks(folder) == []
    assert checks(folder) == [("damage", "move")]
    (folder / damage.POSTGRESQL_FILE).touch()
    assert checks(folder) == []


def test_a_copy_that_was_begun_is_a_fact(folder: Path) -> None:
    (folder / damage.BEGUN_FILE).touch()
    assert checks(folder) == [("fact", "move")]
    with damage.moving(folder):
        assert checks(folder) == []


def test_what_was_cut_off_is_allowed_again(folder: Path) -> None:
    catalog(damage.REFUSE)(folder)
    damage.allow_writing(folder)
    assert checks(folder) == []
