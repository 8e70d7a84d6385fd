"""Corners for storing: from all over a picture, and of faint pictures too."""

import numpy as np

from binocle.fingerprints.greyscale import Grey
from binocle.fingerprints.local_features import spread_features_of

_COUNT = 96


def noise(contrast: float) -> Grey:
    values = np.random.default_rng(0).normal(128, contrast, (60, 60))
    blurred = np.kron(values, np.ones((4, 4)))
    return np.asarray(np.clip(blurred, 0, 255), np.uint8)


def test_faint_pictures_have_as_many_corners_as_clear_ones() -> None:
    clear, faint = spread_features_of(noise(60), _COUNT), spread_features_of(noise(5), _COUNT)
    assert len(clear.points) == len(faint.points) == _COUNT


def test_corners_come_from_all_over_a_picture() -> None:
    grey = noise(5)
    grey[:60, :60] = noise(60)[:60, :60]  # the strongest are all in one corner
    points = spread_features_of(grey, _COUNT).points
    cells = {(int(x // 60), int(y // 60)) for x, y in points}
    assert len(cells) == 16


def test_tiny_picture_has_none() -> None:
    assert not len(spread_features_of(noise(60)[:32, :32], _COUNT).points)
