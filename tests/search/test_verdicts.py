"""What mappings are called, from what was measured of them."""

import numpy as np
import pytest

from binocle.likeness.agreement import Agreement
from binocle.likeness.geometry import Turn
from binocle.likeness.verification import Match
from search.verdicts import is_copy, judged, without_variants


def match(
    *,
    colours: float = 0.0,
    share: float = 0.95,
    product: bool = True,
    box: tuple[float, float, float, float] = (0, 0, 1, 1),
    plain: float = 1.0,
    inliers: int = 60,
    overlap: float = 1.0,
    correlation: float = 0.97,
) -> Match:
    """Return a mapping by which the query shows a stored picture in a box of its own."""
    x, y, w, h = box
    mapping = np.linalg.inv(np.array([[w, 0, x], [0, h, y], [0, 0, 1]], np.float64))
    return Match(
        mapping, Turn(mirrored=False, angle=0, stretch=1, scale=1), inliers,
        Agreement(share, 0.6, correlation, overlap), w * h, plain, product, product, colours,
    )  # fmt: skip


def test_of_two_products_of_one_shape_that_of_truer_colours_is_kept() -> None:
    found = {1: match(colours=1), 2: match(colours=6), 3: match(colours=3)}
    assert list(without_variants(found)) == [1, 3]


def test_photographs_and_other_tiles_of_a_collage_are_kept() -> None:
    photos = {1: match(colours=1, product=False), 2: match(colours=6, product=False)}
    tiles = {1: match(colours=1, box=(0, 0, 0.5, 1)), 2: match(colours=6, box=(0.5, 0, 0.5, 1))}
    assert list(without_variants(photos)) == [1, 2]
    assert list(without_variants(tiles)) == [1, 2]


@pytest.mark.parametrize(
    ("share", "colours", "product", "expected"),
    [
        (0.95, 12, True, False),
        (0.95, 6, True, True),
        (0.60, 6, True, False),
        (0.60, 3, True, True),
        (0.95, 30, False, True),
        (0.60, 30, False, False),
    ],
)
def test_the_less_windows_agree_the_more_colours_must(
    share: float, colours: float, *, product: bool, expected: bool
) -> None:
    assert is_copy(match(share=share, colours=colours, product=product)) is expected


@pytest.mark.parametrize(
    ("share", "correlation", "expected"),
    [(0.75, 0.97, True), (0.75, 0.8, False), (0.95, 0.8, True)],
)
def test_what_something_covers_agrees_well_elsewhere(
    share: float, correlation: float, *, expected: bool
) -> None:
    assert is_copy(match(product=False, share=share, correlation=correlation)) is expected


@pytest.mark.parametrize(
    ("overlap", "inliers", "expected"),
    [(0.05, 12, False), (0.05, 25, True), (0.3, 12, True), (0.3, 5, False)],
)
def test_a_patch_of_a_picture_needs_more_corners(
    overlap: float, inliers: int, *, expected: bool
) -> None:
    assert is_copy(match(product=False, overlap=overlap, inliers=inliers)) is expected


@pytest.mark.parametrize(
    ("box", "plain", "verdict"),
    [
        ((0, 0, 0.5, 1), 0.8, "part"),  # another tile on white ground beside it
        ((0.5, 0.5, 0.5, 0.5), 0.9, "part"),
        ((0, 0, 0.5, 1), 0.97, "near-duplicate"),  # a plain page beside it
        ((0.1, 0.2, 0.8, 0.6), 0.8, "near-duplicate"),  # a screenshot around it
        ((0, 0.2, 1, 0.6), 0.8, "near-duplicate"),  # bands above and below it
        ((0, 0.1, 1, 0.6), 0.5, "part"),
    ],
)
def test_frames_are_told_from_tiles(
    box: tuple[float, float, float, float], plain: float, verdict: str
) -> None:
    assert judged(match(box=box, plain=plain)).verdict == verdict
