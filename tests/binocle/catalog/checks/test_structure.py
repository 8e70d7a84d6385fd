"""Damaged files, tables and counters are found."""

from pathlib import Path

import pytest

from tests.support.damages import is_found, of_checks


@pytest.mark.parametrize(
    "name",
    of_checks(
        "catalogue-integrity",
        "catalogue-references",
        "catalogue-format",
        "catalogue-schema",
        "catalogue-counters",
        "catalogue-space",
        "sources",
    ),
)
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)
