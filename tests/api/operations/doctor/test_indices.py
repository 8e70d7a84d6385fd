"""Saved indices that are damaged, or of something else, are found."""

from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from tests.support.damages import damages, flipped, is_found, of_checks, vector


@pytest.mark.parametrize("name", of_checks("index"))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


def test_part_left_out_for_its_damaged_vector_is_told_once(folder: Path) -> None:
    vector(flipped)(folder)
    for path in (*folder.glob("*.stamp.json"), *folder.glob("*.faiss")):
        path.unlink()
    with Collection(folder) as collection:
        collection.save_indices()
    assert [one.check for one in damages(folder)] == ["vectors"]
