"""A picture laid upon another lands where the mapping says, on the coarser grid of the two."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.greyscale import Grey, grey_of
from binocle.fingerprints.overlay import overlaid
from binocle.types import PixelArray
from tests.support.drawings import scene


def both(pixels: PixelArray) -> tuple[Grey, PixelArray]:
    return grey_of(pixels, 320), pixels


def test_a_picture_upon_itself_covers_all_with_the_same_greys_and_colours() -> None:
    found = overlaid(both(scene()), both(scene()), np.eye(3))
    assert found is not None
    assert found.share == 1
    assert found.query.shape == (128, 128)
    assert np.abs(found.query - found.stored)[2:-2, 2:-2].max() < 4
    assert np.abs(found.query_colours - found.stored_colours)[2:-2, 2:-2].mean() < 2


def test_what_the_mapping_moves_away_is_not_covered() -> None:
    half = np.array([[1.0, 0, 160], [0, 1, 0], [0, 0, 1]])
    found = overlaid(both(scene()), both(scene()), half)
    assert found is not None
    assert found.share == pytest.approx(0.5, abs=0.02)
    assert not found.covered[:, :62].any()
    assert found.covered[5:-5, 67:-5].all()
    whole = overlaid(both(scene()), both(scene()), np.eye(3))
    assert whole is not None
    shift = np.abs(found.query[:, 66:-2] - whole.query[:, 2:-66])
    assert shift.mean() < 3


def test_hardly_any_overlap_is_none() -> None:
    away = np.array([[1.0, 0, 318], [0, 1, 0], [0, 0, 1]])
    assert overlaid(both(scene()), both(scene()), away) is None


def test_the_grid_is_as_coarse_as_an_enlarged_query() -> None:
    crop = scene()[100:140, 100:140]
    small = (np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8), crop)
    stored = both(scene())
    enlarged = np.array([[8.0, 0, 0], [0, 8, 0], [0, 0, 1]])
    found = overlaid(small, stored, enlarged)
    assert found is not None
    assert found.query.shape == found.stored.shape == (40, 40)
