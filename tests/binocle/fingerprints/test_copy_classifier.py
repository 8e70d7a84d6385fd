"""What weighs the evidence, and the evidence itself, on pictures made here."""

import numpy as np
import pytest

from binocle.fingerprints.copy_classifier import MEASURES, Forest
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import measured
from experiments.copies.fit_copy_classifier import fitted
from tests.support.drawings import scene

SAME = np.eye(3)


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


def test_evidence_comes_in_the_order_of_its_names() -> None:
    found = measured(PictureView(scene()), PictureView(scene()), SAME, 33)
    assert found is not None
    by_name = dict(zip(MEASURES, found.evidence.measures().tolist(), strict=True))
    assert by_name["inliers"] == 33
    assert by_name["share"] == by_name["overlap"] == 1
    assert by_name["is_small"] == by_name["added"] == 0
    assert by_name["most"] < 1
