"""The picture that shows a match: outlines where the pictures show each other."""

import numpy as np

from search.copies.match_picture import match_picture
from search.copies.verdicts import Judgement, ShownRegion

_GREEN, _RED = (0, 200, 80), (230, 30, 30)


def test_outlines_lie_where_the_pictures_show_each_other_and_the_third_is_both() -> None:
    query = np.full((240, 480, 3), 100, np.uint8)
    stored = np.full((480, 480, 3), 200, np.uint8)
    corners = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    differing = (ShownRegion(0.25, 0.25, 0.5, 0.5),)
    judgement = Judgement("variant", 0.9, corners=corners, differing=differing)
    sheet = match_picture(query, stored, judgement)
    assert sheet.shape == (480, 3 * 480 + 16, 3)
    first, second, third = sheet[:240, :480], sheet[:, 488:968], sheet[:240, 976:]
    assert tuple(first[120, 240]) == tuple(third[120, 240]) == _GREEN
    assert tuple(first[120, 100]) == tuple(third[120, 100]) == (100, 100, 100)
    assert tuple(first[120, 360]) == (100, 100, 100)
    assert tuple(third[120, 360]) == (150, 150, 150)
    assert tuple(second[1, 240]) == _GREEN
    assert tuple(second[240, 120]) == _RED
    assert (sheet[240:, :480] == 255).all()
