"""A copy is told from another picture by the mapping that corners propose."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.fingerprint import VARIANTS
from binocle.fingerprints.picture_view import PictureView
from binocle.fingerprints.verification import measured, verify, verify_whole
from tests.support.drawings import drawn, scene

SAME = np.eye(3)


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


def test_what_hardly_overlaps_is_not_compared() -> None:
    away = np.array([[1.0, 0, 1e4], [0, 1, 0], [0, 0, 1]])
    assert measured(PictureView(scene()), PictureView(scene()), away, 9) is None


def test_corners_find_a_picture_within_another_and_say_how_it_was_turned() -> None:
    turned = np.ascontiguousarray(np.rot90(scene()[20:220, 20:220]))
    found = verify(PictureView(turned), PictureView(scene()))
    assert found is not None
    assert found.log_odds > 0
    assert found.turn.angle == pytest.approx(90, abs=2)
    middle = found.mapping @ [0.5, 0.5, 1]
    assert (middle / middle[2])[:2] == pytest.approx([0.5, 0.5], abs=0.02)


def test_a_mirrored_copy_is_found_only_where_it_is_looked_for() -> None:
    mirrored = PictureView(np.ascontiguousarray(scene()[:, ::-1]))
    found = verify(mirrored, PictureView(scene()), mirrored=True)
    assert found is not None
    assert found.log_odds > 0
    assert found.turn.mirrored
    upright = verify(mirrored, PictureView(scene()))
    assert upright is None or upright.log_odds < 0


@pytest.mark.parametrize("variant", range(8))
def test_a_whole_picture_is_laid_upon_the_stored_one_as_its_hash_was_turned(variant: int) -> None:
    turns, mirrored = VARIANTS[variant]
    wide = scene()[:180]
    back = np.rot90(wide, -turns)  # so that mirrored, then turned, it is upright
    query = np.ascontiguousarray(back[:, ::-1] if mirrored else back)
    found = verify_whole(PictureView(query), PictureView(wide), variant)
    assert found is not None
    assert found.evidence.agreement.share > 0.9
    assert found.turn.mirrored is mirrored


def test_a_border_of_the_query_is_left_out() -> None:
    framed = np.full((300, 300, 3), 255, np.uint8)
    framed[30:270, 30:270] = scene()
    found = verify_whole(PictureView(framed), PictureView(scene()), 0)
    assert found is not None
    assert found.evidence.agreement.share > 0.9
    assert found.turn.scale == pytest.approx(1.25, rel=0.03)


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_tile_with_the_middle_of_a_stored_picture_is_judged_without_its_neighbours(
    *, is_mirrored: bool
) -> None:
    stored, middle = np.asarray(drawn(2)), np.asarray(drawn(2).resize((427, 320)))[:, 53:373]
    others = [np.asarray(drawn(one).resize((320, 320))) for one in (40, 41, 42)]
    tile = middle[:, ::-1] if is_mirrored else middle
    rows = [np.concatenate(two, axis=1) for two in (others[:2], (others[2], tile))]
    sheet = np.concatenate(rows)
    query = PictureView(sheet, is_fine=True)
    found = verify(query, PictureView(stored), mirrored=is_mirrored)
    assert found is not None
    assert found.holds
    assert found.turn.mirrored is is_mirrored
    assert found.evidence.query_share < 0.35
    place = np.linalg.inv(found.mapping) @ [0.5, 0.5, 1]
    assert (place / place[2])[:2] == pytest.approx([0.75, 0.75], abs=0.01)
