"""Vectors as a CLIP-like space has them, made a block at a time: pictures, and texts that ask.

Both lie near a subspace of 40 directions, in topics of very different sizes, each kind in a cone of
its own, so that a text is much nearer to other texts than to any picture, also to its best one.
What is found well with queries like the stored vectors may be found badly with such texts.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, ImageSpec, PixelArray, Space

TOPICS = 4000
UNSTORED = 2000  # further topics that texts may ask for, of which no picture is
_DIRECTIONS = 40
_SPREAD = 0.75  # of a picture around its topic; topics lie 1 apart from the middle
_PICTURE_NOISE, _TEXT_NOISE = 0.5, 0.6
_TEXT_MEANING = 0.6  # of a text's length that says what it is of
_COMMON = 0.2  # cosine of both cones


class CrossModal:
    """Makes the vectors of numbered pictures and of texts, the same ones each time."""

    def __init__(self, dimension: int, seed: int = 0) -> None:
        """Choose cones, directions and topics.

        Args:
            dimension: Components of a row, at least 64.
            seed: Of all that is random.
        """
        rng = np.random.default_rng(seed)
        axes = np.linalg.qr(rng.standard_normal((dimension, _DIRECTIONS + 2)))[0].T
        strengths = np.arange(1, _DIRECTIONS + 1) ** -0.4
        strengths /= np.linalg.norm(strengths)
        self._basis = (axes[2:] * strengths[:, np.newaxis]).astype(np.float32)
        self._picture_cone = axes[0].astype(np.float32)
        text_cone = _COMMON * axes[0] + np.sqrt(1 - _COMMON**2) * axes[1]
        self._text_cone = text_cone.astype(np.float32)
        self._centres = rng.standard_normal((TOPICS + UNSTORED, _DIRECTIONS)).astype(np.float32)
        shares = (np.arange(TOPICS) + 20.0) ** -0.7
        self._bounds = np.cumsum(shares / shares.sum())
        self._seed = seed
        self.dimension = dimension

    def pictures(self, block: int, count: int) -> Float32Array:
        """Return a block of pictures, ``(count, d)`` float32 unit rows; blocks are independent."""
        rng = np.random.default_rng((self._seed, block))
        topics = np.searchsorted(self._bounds, rng.random(count)).clip(0, TOPICS - 1)
        latent = self._centres[topics] + _SPREAD * _normal(rng, (count, _DIRECTIONS))
        noise = _normal(rng, (count, self.dimension)) * np.float32(
            _PICTURE_NOISE / self.dimension**0.5
        )
        return unit_rows(self._picture_cone + latent @ self._basis + noise)

    def texts(self, topics: Sequence[int], seed: int = 1) -> Float32Array:
        """Return a text about each of some topics, ``(n, d)`` float32 unit rows."""
        rng = np.random.default_rng((self._seed, seed, 1 << 30))
        shape = (len(topics), _DIRECTIONS)
        latent = self._centres[list(topics)] + _SPREAD * _normal(rng, shape)
        noise = _normal(rng, (len(topics), self.dimension)) / np.float32(self.dimension**0.5)
        meaning = np.float32(_TEXT_MEANING) * (latent @ self._basis)
        return unit_rows(self._text_cone + meaning + np.float32(_TEXT_NOISE) * noise)

    def asked(self, count: int) -> Float32Array:
        """Return texts of which the stored pictures have some, as often as pictures are of them."""
        rng = np.random.default_rng((self._seed, count))
        topics = np.searchsorted(self._bounds, rng.random(count)).clip(0, TOPICS - 1)
        return self.texts(topics.tolist())


class TopicEncoder:
    """An ``Encoder`` that reads ``topic 7`` as topic 7, and other texts as ones nothing is of."""

    batch_size = 32
    runs_on = "nothing"
    vocabulary: tuple[str, ...] = ()
    image_spec = ImageSpec(8, 8, "squash", "bilinear", 0)

    def __init__(self, vectors: CrossModal) -> None:
        self._vectors = vectors
        self.space = Space("bench", vectors.dimension, "bench")

    def can_read(self, text: str) -> bool:
        """Tell that it can."""
        return bool(text)

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Return a picture each, whatever is on it."""
        return self._vectors.pictures(0, len(pixels_nhwc))

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Return a text each, the same for the same words."""
        rows = [self._vectors.texts([topic], seed) for topic, seed in map(_read, texts)]
        return np.concatenate(rows)


def _read(text: str) -> tuple[int, int]:
    """Return a text's topic, and a number of its own."""
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")
    words = text.split()
    if len(words) == 2 and words[0] == "topic" and words[1].isdigit():
        return int(words[1]) % TOPICS, number
    return TOPICS + number % UNSTORED, number


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)
