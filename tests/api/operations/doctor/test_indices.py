"""Saved indices that are damaged, or of something else, are found."""

from pathlib import Path

import pytest

from tests.support.damages import is_found, of_checks


@pytest.mark.parametrize("name", of_checks("index"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)
