"""Mappings between pictures: found from corners, taken apart, and refused where they fold."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.geometry import fits, is_sound, matches, turn_of
from binocle.fingerprints.local_features import features_of
from binocle.fingerprints.overlay import Mapping
from tests.support.drawings import drawn

SIZE = (320, 240)
MIRROR = np.array([[-1.0, 0, SIZE[0]], [0, 1, 0], [0, 0, 1]])


def turning(degrees: float, scale: float = 1.0) -> Mapping:
    """Return the mapping that turns clockwise about the middle, as y goes down, and enlarges."""
    matrix = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), -degrees, scale)
    return np.vstack([matrix, [0, 0, 1]])


@pytest.mark.parametrize("degrees", [-170.0, -30, 0, 45, 90])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_turn_is_taken_apart_into_mirroring_angle_and_scale(
    degrees: float, *, is_mirrored: bool
) -> None:
    mapping = turning(degrees, 1.5) @ (MIRROR if is_mirrored else np.eye(3))
    turn = turn_of(mapping, SIZE)
    assert turn.mirrored is is_mirrored
    assert turn.angle == pytest.approx(degrees, abs=1e-3)
    assert turn.scale == pytest.approx(1.5, rel=1e-4)
    assert turn.stretch == pytest.approx(1, rel=1e-4)


def test_stretch_is_longer_over_shorter() -> None:
    turn = turn_of(np.diag([0.5, 1.0, 1.0]), SIZE)
    assert turn.stretch == pytest.approx(2, rel=1e-4)
    assert turn.scale == pytest.approx(0.5**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (turning(70, 3), True),
        (MIRROR, True),
        (np.diag([2.0, 1, 1]), True),
        (np.diag([3.0, 1, 1]), False),  # a needle
        (np.diag([13.0, 13, 1]), False),
        (np.diag([1 / 13, 1 / 13, 1]), False),
        (np.array([[1, 0, 0], [0, 1, 0], [-1 / 160, 0, 1]]), False),  # folds at the middle
        (np.array([[1, 0, 0], [0, 1, -120], [2.5 / 320, 0, 1]]), False),  # too steep
        (np.array([[1, 0, 0], [0, 1, -120], [1.5 / 320, 0, 1]]), True),
        (np.full((3, 3), np.nan), False),
    ],
)
def test_mappings_are_sound_that_neither_fold_nor_stretch_too_far(
    mapping: Mapping, *, expected: bool
) -> None:
    assert is_sound(mapping, SIZE) is expected


def test_matched_corners_give_the_mapping_there_is() -> None:
    grey = np.asarray(drawn(1, SIZE).convert("L"))
    wanted = turning(20, 0.9)
    moved = np.asarray(cv2.warpPerspective(grey, wanted, SIZE, borderValue=90), np.uint8)
    found = fits(features_of(grey, 400), features_of(moved, 400))
    assert len(found) == 2
    middle = np.array([[[80.0, 60], [240, 180], [160, 120]]])
    expected = cv2.perspectiveTransform(middle, wanted)
    for fit in found:
        assert fit.inliers > 40
        assert np.abs(cv2.perspectiveTransform(middle, fit.mapping) - expected).max() < 2


def test_other_pictures_and_plain_ones_have_no_mapping() -> None:
    one, other = (features_of(np.asarray(drawn(n, SIZE).convert("L")), 400) for n in (1, 2))
    assert all(fit.inliers < 12 for fit in fits(one, other))
    plain = features_of(np.full((240, 320), 128, np.uint8), 400)
    assert fits(one, plain) == fits(plain, one) == []


def test_corners_match_those_that_opencv_matches() -> None:
    grey = np.asarray(drawn(1, SIZE).convert("L"))
    moved = np.asarray(cv2.warpPerspective(grey, turning(8), SIZE, borderValue=90), np.uint8)
    query, stored = features_of(grey, 400), features_of(moved, 400)
    found = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query.descriptors, stored.descriptors, k=2)
    best: dict[int, tuple[float, int]] = {}
    for first, second in found:
        if first.distance <= 80 and first.distance < 0.85 * second.distance:
            one = (first.distance, first.queryIdx)
            best[first.trainIdx] = min(one, best.get(first.trainIdx, one))
    expected = [[source, target] for target, (_, source) in best.items()]
    assert len(expected) > 40
    assert matches(query, stored).tolist() == expected
