"""What only colours promise: words find pictures of their colour and layout."""

import numpy as np
import pytest

from binocle.encoders.colour import ColourEncoder
from binocle.types import PixelArray

RED, GREEN, BLUE = (205, 25, 30), (35, 140, 50), (35, 70, 180)


def plain(*colours: tuple[int, int, int]) -> PixelArray:
    return np.stack([np.full((32, 32, 3), colour, np.uint8) for colour in colours])


@pytest.mark.parametrize(("query", "best"), [("red", 0), ("a green leaf", 1), ("the navy SEA", 2)])
def test_a_colour_word_finds_the_picture_of_that_colour(query: str, best: int) -> None:
    encoder = ColourEncoder()
    scores = encoder.encode_images(plain(RED, GREEN, BLUE)) @ encoder.encode_texts([query])[0]
    assert scores.argmax() == best
    assert np.sort(scores)[-1] > np.sort(scores)[-2] + 0.1


def test_the_layout_of_colours_tells_flipped_pictures_apart() -> None:
    encoder = ColourEncoder()
    picture = plain(RED)
    picture[:, :, :16] = GREEN
    rows = encoder.encode_images(np.concatenate([picture, picture[:, :, ::-1], picture]))
    assert rows[0] @ rows[2] == pytest.approx(1, abs=1e-5)
    assert rows[0] @ rows[1] < 0.9


def test_a_text_finds_the_text_with_the_same_words() -> None:
    encoder = ColourEncoder()
    texts = encoder.encode_texts(["a dog in the park", "stock prices fell", "the dog barks"])
    assert (texts @ encoder.encode_texts(["Prices of STOCK"])[0]).argmax() == 1


def test_two_colour_encoders_share_a_space() -> None:
    assert ColourEncoder().space == ColourEncoder().space
