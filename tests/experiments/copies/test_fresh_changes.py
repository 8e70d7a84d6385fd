"""Each change changes a picture, the same way for the same seed."""

import numpy as np
import pytest

from experiments.copies.fresh_changes import MILD, STRONG, chain, cropped, mirrored
from tests.support.drawings import check_change, drawn

CHANGES = {**MILD, **STRONG}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("size", [(200, 150), (60, 80)])
def test_a_change_changes_a_picture_as_its_seed_says(name: str, size: tuple[int, int]) -> None:
    check_change(CHANGES[name], size)


def test_several_changes_come_one_after_the_other() -> None:
    picture, random = np.asarray(drawn(0)), np.random.default_rng(1)
    both = chain(mirrored, cropped(0.6, 0.8))(picture, random, picture)
    assert 0.5 < both.shape[0] * both.shape[1] / picture[..., 0].size < 0.85
