"""Pairs stand on one template, and differ."""

import numpy as np
import pytest

from experiments.copies.product_variants import VARIANTS
from tests.support.drawings import product


@pytest.mark.parametrize("name", VARIANTS)
def test_two_pictures_differ_in_a_part_and_agree_in_the_rest(name: str) -> None:
    picture = product(1, (60, 90, 170), (210, 280))
    for seed in range(3):
        one, other = VARIANTS[name](picture, np.random.default_rng(seed))
        assert one.size == other.size
        apart = np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max(axis=2)
        differing = (apart > 20).mean()
        assert 0 < differing < (0.9 if name == "colour" else 0.35)


def test_the_same_seed_makes_the_same_pair() -> None:
    picture = product(1, (60, 90, 170), (120, 160))
    first, again = (
        VARIANTS["detail"](picture, np.random.default_rng(4))[1].tobytes() for _ in range(2)
    )
    assert first == again
