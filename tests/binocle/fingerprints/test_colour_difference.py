"""Colours are compared where shapes agree, and nothing else counts."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import measured
from tests.support.drawings import shirt

SAME = np.eye(3)


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
