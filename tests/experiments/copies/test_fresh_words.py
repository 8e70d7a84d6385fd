"""Words and marks are put on a picture, the same way for the same seed."""

import numpy as np
import pytest

from experiments.copies.fresh_changes import FreshChange
from experiments.copies.fresh_words import DRAWN, HIDDEN, heavy_caption, marked
from tests.support.drawings import check_change, drawn

PUT_ON = {**DRAWN, **HIDDEN}


@pytest.mark.parametrize("name", PUT_ON)
@pytest.mark.parametrize("size", [(200, 150), (60, 80)])
def test_what_is_put_on_changes_a_picture_as_its_seed_says(
    name: str, size: tuple[int, int]
) -> None:
    check_change(PUT_ON[name], size)


def test_heavy_words_hide_more_than_light_ones() -> None:
    picture = np.asarray(drawn(0))

    def hidden(change: FreshChange) -> float:
        made = change(picture, np.random.default_rng(4), picture).astype(int)
        return float((np.abs(made - picture).max(axis=2) > 24).mean())

    assert hidden(heavy_caption) > hidden(DRAWN["caption"])
    assert hidden(marked(0.09, 0.15, (0.5, 0.7), 2)) > hidden(DRAWN["light-marks"])
