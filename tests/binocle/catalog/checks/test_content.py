"""Records, parts and vectors that are not what they have to be are found."""

from pathlib import Path

import pytest

from tests.support.damages import is_found, of_checks

_CHECKS = ("records", "parts", "vectors", "fingerprints", "ledger", "fields")


@pytest.mark.parametrize("name", of_checks(*_CHECKS))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)
