"""A picture's views are computed from each other, and keep what is known of it."""

import numpy as np
import pytest

from binocle.fingerprints.picture_view import PictureView
from tests.support.drawings import drawn, scene, shirt


@pytest.mark.parametrize("form", ["mirrored", "inverted"])
def test_a_form_of_a_form_is_the_picture_again(form: str) -> None:
    view = PictureView(scene())
    again = getattr(getattr(view, form), form)
    assert np.array_equal(again.grey, view.grey)
    assert np.array_equal(again.colours, view.colours)
    assert not np.array_equal(getattr(view, form).grey, view.grey)


def test_small_pictures_and_plain_grounds_are_known() -> None:
    photo = PictureView(np.asarray(drawn(0)))
    small, shop = PictureView(scene(side=60)), PictureView(shirt((30, 60, 160)))
    assert (small.is_small, shop.is_small) == (True, False)
    assert (photo.on_plain_ground, shop.on_plain_ground) == (False, True)
    assert shop.inverted.on_plain_ground


def test_a_part_of_a_view_is_that_of_the_picture_also_of_its_colours() -> None:
    pixels = np.zeros((320, 320, 3), np.uint8)
    pixels[160:, 160:] = (250, 10, 20)
    part = PictureView(pixels).cut((180, 200, 300, 320))
    assert part.size == (120, 120)
    assert (part.colours == (250, 10, 20)).all()
    assert len(np.unique(part.grey)) == 1


def test_a_close_look_has_more_corners_from_all_over_the_picture() -> None:
    pixels = np.asarray(drawn(3, (640, 640)))
    coarse, fine = PictureView(pixels), PictureView(pixels, is_fine=True)
    assert (coarse.size, fine.size) == ((320, 320), (640, 640))
    assert len(fine.features.points) > len(coarse.features.points)
    assert fine.mirrored.size == fine.size
    assert len(fine.voters) == len(fine.features.descriptors)
