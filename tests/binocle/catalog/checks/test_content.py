"""Records, parts and vectors that are not what they have to be are found."""

from pathlib import Path

import pytest

from api.operations.doctor.examination import examine_collection
from tests.support.damages import catalog, is_found, of_checks

_CHECKS = ("records", "parts", "vectors", "fingerprints", "ledger", "fields", "rules")


@pytest.mark.parametrize("name", of_checks(*_CHECKS))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


@pytest.mark.parametrize(("text", "is_told"), [("红色连衣裙", True), ("Red dress", False)])
def test_texts_that_the_model_could_not_read_are_told(
    folder: Path, text: str, is_told: bool
) -> None:
    one = "(SELECT vector FROM vectors JOIN parts ON id = part_id WHERE kind = 'text' LIMIT 1)"
    those = "(SELECT id FROM parts WHERE kind = 'text')"
    alike = f"UPDATE vectors SET vector = {one} WHERE part_id IN {those}"
    catalog(alike, f"UPDATE parts SET text = '{text}' || id WHERE kind = 'text'")(folder)
    told = [found for found in examine_collection(folder) if found.check == "texts"]
    assert [found.level for found in told] == ["fact"] * is_told
    assert all("reembed" in found.remedy for found in told)
