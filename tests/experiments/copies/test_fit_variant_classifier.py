"""A forest for variants is fitted on what is made of pictures, and written as it is read."""

from pathlib import Path

import numpy as np
import pytest

from binocle.fingerprints.copy_classifier import Forest
from experiments.copies.fit_variant_classifier import fitted, main, samples_of
from tests.support.drawings import drawn, encoded, product

MEASURES = 45


def test_a_picture_brings_copies_and_variants() -> None:
    picture, other = product(0, (176, 74, 84), (120, 160)), drawn(1)
    found = list(samples_of(picture, other, np.random.default_rng(0), copies=3))
    assert {one.measures.shape for one in found} == {(MEASURES,)}
    assert {one.is_variant for one in found} == {False, True}
    assert all(one.kind.startswith("variant-") is one.is_variant for one in found)


def test_a_fitted_forest_tells_what_it_was_shown() -> None:
    random = np.random.default_rng(0)
    measures = random.normal(0, 1, (400, MEASURES)).astype(np.float32)
    variants = measures[:, 30] > 0
    forest = fitted(measures, variants)
    found = np.array([forest.log_odds(one) > 0 for one in measures])
    assert (found == variants).mean() > 0.95


@pytest.mark.slow
def test_the_variant_command_writes_a_forest(tmp_path: Path) -> None:
    for seed in range(8):
        (tmp_path / f"{seed}.png").write_bytes(encoded(product(seed, (60, 90, 170), (120, 160))))
    output = tmp_path / "variants.npz"
    main([str(tmp_path), "--output", str(output), "--copies", "3"])
    with np.load(output) as kept:
        forest = Forest(*(kept[name] for name in ("measure", "limit", "left", "right", "value")))
    assert np.isfinite(forest.log_odds(np.zeros(MEASURES, np.float32)))
