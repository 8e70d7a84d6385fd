"""Boxes of a query around matched corners: their own, and the cells of grids."""

import numpy as np

from binocle.fingerprints.mappings import tiles_around


def spread(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.uniform((left, top), (right, bottom), (400, 2)).astype(np.float32)


def test_corners_in_a_tile_give_their_own_box_and_the_cells_that_have_it() -> None:
    own, half, third = tiles_around(spread(410, 10, 590, 190), (600, 600))
    assert all(abs(one - other) < 15 for one, other in zip(own, (410, 10, 590, 190), strict=True))
    assert half == (300, 0, 600, 300)
    assert third == (400, 0, 600, 200)


def test_corners_all_over_or_in_a_spot_give_no_tile_of_their_own() -> None:
    assert tiles_around(spread(0, 0, 600, 600), (600, 600)) == []
    assert (290, 290, 310, 310) not in tiles_around(spread(290, 290, 310, 310), (600, 600))
    beside = tiles_around(spread(200, 100, 500, 250), (600, 600))
    assert len(beside) == 1
