"""The products that the page is measured with are drawn as their titles say."""

import numpy as np

from experiments.speed.page_paint import draw


def test_a_picture_shows_its_colour_on_a_pale_ground_and_is_another_for_each_product() -> None:
    rng = np.random.default_rng(3)
    pictures = [draw(rng, (200, 30, 30)) for _ in range(8)]
    for one in pictures:
        pixels = np.asarray(one)
        middle = pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]
        assert np.abs(middle.astype(int) - (200, 30, 30)).max() <= 25
        assert pixels[0, 0].min() >= 200
        assert all(160 <= side < 320 for side in one.size)
    assert len({one.tobytes() for one in pictures}) == len(pictures)
    again = np.random.default_rng(3)
    assert draw(again, (200, 30, 30)).tobytes() == pictures[0].tobytes()
