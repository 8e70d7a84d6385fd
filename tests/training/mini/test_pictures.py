"""Packed pictures come back."""

from pathlib import Path

import pytest

from tests.training.mini.small_material import drawn
from training.mini.pictures import load_pictures

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_pictures_come_back_as_they_were_saved(tmp_path: Path) -> None:
    for made in (drawn("some", 3, 2, "label {}"), drawn("bare", 2, 0)):
        made.save(tmp_path)
        assert load_pictures(tmp_path / f"{made.name}.npz") == made
    assert made.decode().shape == (2, 224, 224, 3)
