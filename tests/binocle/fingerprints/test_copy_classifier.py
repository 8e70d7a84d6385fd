"""What weighs the evidence, and the evidence itself, on pictures made here."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.copy_classifier import MEASURES, Forest
from binocle.fingerprints.verification import PictureView, measured
from binocle.types import PixelArray
from experiments.copies.fit_copy_classifier import fitted

SAME = np.eye(3)


def scene(seed: int = 0, side: int = 240) -> PixelArray:
    """Return a picture of shapes on a coloured ground."""
    random = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), random.integers(60, 200, 3), np.uint8)
    for _ in range(40):
        centre = tuple(int(one) for one in random.integers(0, side, 2))
        colour = tuple(int(one) for one in random.integers(0, 256, 3))
        cv2.circle(pixels, centre, int(random.integers(4, 30)), colour, -1)
    return pixels


def shirt(colour: tuple[int, int, int], side: int = 200) -> PixelArray:
    """Return a thing of one colour on white ground."""
    pixels = np.full((side, side, 3), 255, np.uint8)
    cv2.rectangle(pixels, (60, 50), (140, 170), colour, -1)
    cv2.rectangle(pixels, (30, 50), (60, 90), colour, -1)
    cv2.rectangle(pixels, (140, 50), (170, 90), colour, -1)
    darker = tuple(int(0.6 * one) for one in colour)
    cv2.line(pixels, (100, 50), (100, 170), darker, 3)
    for row in range(60, 170, 18):
        cv2.circle(pixels, (108, row), 3, darker, -1)
    return pixels


def test_the_forest_is_the_model_that_was_fitted() -> None:
    points = np.random.default_rng(1).normal(size=(1500, len(MEASURES))).astype(np.float32)
    classes = points[:, 0] * points[:, 1] + points[:, 2] > 0.3
    forest = fitted(points, classes)
    found = [forest.log_odds(one) for one in points]
    assert np.mean((np.array(found) > 0) == classes) > 0.93
    by_hand = [slowly(forest, one) for one in points[:40]]
    assert found[:40] == pytest.approx(by_hand, abs=1e-4)


def slowly(forest: Forest, measures: np.ndarray) -> float:
    """Walk each tree by itself."""
    total = 0.0
    for tree in range(len(forest.measure)):
        node = 0
        while (asked := forest.measure[tree, node]) >= 0:
            goes_left = measures[asked] <= forest.limit[tree, node]
            node = (forest.left if goes_left else forest.right)[tree, node]
        total += float(forest.value[tree, node])
    return total


def test_a_changed_copy_is_told_from_another_scene() -> None:
    stored = PictureView(scene())
    blurred = PictureView(np.asarray(cv2.GaussianBlur(scene(), (0, 0), 1.2), np.uint8))
    found = measured(blurred, stored, SAME, 50)
    other = measured(PictureView(scene(1)), stored, SAME, 6)
    assert found is not None
    assert found.log_odds > 0
    assert found.evidence.agreement.correlation > 0.9
    assert found.evidence.colours.most < 3
    assert other is None or other.log_odds < 0


@pytest.mark.parametrize(
    ("colour", "is_same"), [((30, 60, 160), True), ((160, 40, 40), False), ((30, 140, 60), False)]
)
def test_colours_are_compared_where_shapes_agree(
    colour: tuple[int, int, int], *, is_same: bool
) -> None:
    found = measured(PictureView(shirt(colour)), PictureView(shirt((30, 60, 160))), SAME, 0)
    assert found is not None
    assert found.evidence.agreement.share > 0.9
    assert (found.evidence.colours.nearly_all < 3) is is_same


def test_a_logo_on_top_does_not_count_as_other_colours() -> None:
    changed = shirt((30, 60, 160))
    cv2.rectangle(changed, (5, 150), (55, 195), (200, 30, 120), -1)
    found = measured(PictureView(changed), PictureView(shirt((30, 60, 160))), SAME, 0)
    assert found is not None
    assert found.evidence.colours.nearly_all < 3
    assert found.evidence.agreement.added > 0


def test_evidence_comes_in_the_order_of_its_names() -> None:
    found = measured(PictureView(scene()), PictureView(scene()), SAME, 33)
    assert found is not None
    by_name = dict(zip(MEASURES, found.evidence.measures().tolist(), strict=True))
    assert by_name["inliers"] == 33
    assert by_name["share"] == by_name["overlap"] == 1
    assert by_name["is_small"] == by_name["added"] == 0
    assert by_name["most"] < 1


def test_what_hardly_overlaps_is_not_compared() -> None:
    away = np.array([[1.0, 0, 1e4], [0, 1, 0], [0, 0, 1]])
    assert measured(PictureView(scene()), PictureView(scene()), away, 9) is None
