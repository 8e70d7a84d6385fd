"""Each evasion changes a picture, the same way for the same seed."""

import numpy as np
import pytest

from experiments.copies.fresh_evasions import EVASIVE
from tests.support.drawings import check_change, drawn


@pytest.mark.parametrize("name", EVASIVE)
@pytest.mark.parametrize("size", [(200, 150), (60, 80)])
def test_an_evasion_changes_a_picture_as_its_seed_says(name: str, size: tuple[int, int]) -> None:
    check_change(EVASIVE[name], size)


def test_a_blend_is_mostly_the_picture() -> None:
    picture, other = np.asarray(drawn(0)), np.asarray(drawn(1))
    blend = EVASIVE["blend-25%"](picture, np.random.default_rng(1), other).astype(int)
    assert np.abs(blend - picture).mean() < np.abs(blend - other).mean()
