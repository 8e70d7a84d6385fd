"""The share of variants that are named as such is measured through a collection."""

from pathlib import Path

import pytest

from experiments.copies.product_variants import VARIANTS
from experiments.copies.variant_quality import named
from tests.support.drawings import encoded, product


@pytest.mark.slow
def test_each_pair_is_looked_up_once(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for seed in range(3):
        data = encoded(product(seed, (60, 90, 170), (150, 200)))
        (tmp_path / "shop" / f"{seed}.png").write_bytes(data)
    (tmp_path / "work").mkdir()
    found = named([tmp_path / "shop"], 2, 0, tmp_path / "work")
    assert found.keys() == VARIANTS.keys()
    assert {counts.total() for counts in found.values()} == {2}
    assert sum(counts["variant"] for counts in found.values()) >= 6
