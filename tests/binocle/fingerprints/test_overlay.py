"""A picture laid upon another lands where the mapping says, on the coarser grid of the two."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.greyscale import Grey, grey_of
from binocle.fingerprints.overlay import evenly_lit, overlaid, straightened
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


def lit(pixels: PixelArray) -> PixelArray:
    """Return a picture lit from the left, with dark corners."""
    x, y = np.meshgrid(np.linspace(-1, 1, pixels.shape[1]), np.linspace(-1, 1, pixels.shape[0]))
    light = (0.85 - 0.35 * x) * (1 - 0.25 * (x * x + y * y))
    return np.clip(pixels * light[..., None], 0, 255).astype(np.uint8)


def test_uneven_light_is_taken_out_and_even_light_is_left() -> None:
    stored = both(scene())
    uneven = overlaid(both(lit(scene())), stored, np.eye(3))
    even = overlaid(both(scene()), stored, np.eye(3))
    assert uneven is not None
    assert even is not None
    found = evenly_lit(uneven)
    assert found is not None
    before = np.abs(uneven.query - uneven.stored).mean()
    after = np.abs(found.query - found.stored).mean()
    assert after < 0.3 * before
    assert np.abs(found.query_colours - found.stored_colours).mean() < 0.35 * before
    assert evenly_lit(even) is None


def test_what_a_lens_has_bent_is_bent_back() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 240), np.linspace(-1, 1, 240))
    radius = 1 + 0.05 * (x * x + y * y)
    across, down = (((one * radius + 1) / 2 * 239).astype(np.float32) for one in (x, y))
    bent = np.asarray(cv2.remap(scene(), across, down, cv2.INTER_LINEAR), np.uint8)
    laid = overlaid(both(bent), both(scene()), np.eye(3))
    assert laid is not None
    found = straightened(laid)
    assert found is not None
    inner = (slice(12, -12), slice(12, -12))
    before = np.abs(laid.query - laid.stored)[inner].mean()
    assert np.abs(found.query - found.stored)[inner].mean() < 0.4 * before


def test_what_is_another_picture_is_not_bent_into_this_one() -> None:
    laid = overlaid(both(scene(1)), both(scene()), np.eye(3))
    assert laid is not None
    found = straightened(laid)
    assert found is None or np.abs(found.query - found.stored).mean() > 20
