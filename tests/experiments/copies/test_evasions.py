"""Each evasion changes a picture, the same way for the same seed."""

import io

import numpy as np
import pytest
from PIL import Image

from experiments.copies.evasions import EVASIONS
from experiments.copies.transformations import TRANSFORMATIONS, Transformation
from tests.support.drawings import drawn


@pytest.mark.parametrize("kind", EVASIONS, ids=lambda kind: kind.name)
def test_an_evasion_changes_a_picture_as_its_seed_says(kind: Transformation) -> None:
    picture, other = drawn(0), drawn(1)
    made = [kind.apply(picture, np.random.default_rng(3), other) for _ in range(2)]
    assert made[0] == made[1]
    changed = Image.open(io.BytesIO(made[0])).convert("RGB").resize(picture.size)
    apart = np.abs(np.asarray(changed, np.int16) - np.asarray(picture, np.int16)).mean()
    assert apart > 4


def test_no_name_is_used_twice() -> None:
    names = [one.name for one in (*TRANSFORMATIONS, *EVASIONS)]
    assert len(set(names)) == len(names)
