"""Mistakes are what they say, and reading them gives back what they cost."""

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from rapidfuzz.distance import OSA

from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, ImageSpec, PixelArray, Space
from experiments.relevance.misspelling import measure, misspelt

_WORDS = ("bicycle", "woman", "mountain", "yellow", "kitchen", "elephant", "guitar", "umbrella")


class _Words:
    """Knows whole words: each has a direction of its own, whatever is near it."""

    space = Space("words", 64, "cd" * 32)
    image_spec = ImageSpec(8, 8, "squash")
    batch_size = 4
    runs_on = "nothing"
    vocabulary = _WORDS

    def can_read(self, text: str) -> bool:
        return True

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        rows = [sum(self._row(word) for word in text.lower().split()) for text in texts]
        return unit_rows(np.asarray(rows, np.float64))

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        raise NotImplementedError

    @staticmethod
    def _row(word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).normal(size=64)


@pytest.mark.parametrize("words", [0, 1, 2])
def test_so_many_words_have_one_mistake(words: int) -> None:
    text = "A yellow elephant in my kitchen 2 T-shirts"
    for seed in range(200):
        typed = misspelt(text, words, np.random.default_rng(seed))
        pairs = list(zip(text.split(" "), typed.split(" "), strict=True))
        wrong = [(right, one) for right, one in pairs if right != one]
        assert len(wrong) <= words  # a letter may take the place of the same one
        assert all(right in ("yellow", "elephant", "kitchen") for right, _ in wrong)
        assert all(OSA.distance(right, one) == 1 for right, one in wrong)
    assert words == 0 or wrong


def test_reading_gives_back_what_mistakes_cost() -> None:
    encoder = _Words()
    texts = [f"{one} {other}" for one in _WORDS for other in _WORDS if one != other]
    pictures = encoder.encode_texts(texts)
    found = measure(texts, pictures, np.arange(len(texts)), encoder)
    assert found[0] == (1.0, 1.0, 1.0)
    typed, read, same = found[2]
    assert typed < 0.7
    assert read > 0.95
    assert 0.85 < same <= read
