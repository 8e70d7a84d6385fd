"""A weight-free encoder: colour words and colour layout.

It needs no download and no torch, gives the same rows everywhere, and is right about exactly
one thing: which colours a picture has, and where. Tests and the first steps of a new user run
on it. A row is the concatenation of

* the amounts of the eleven basic colour terms (Berlin and Kay, *Basic Color Terms*, 1969) in
  the whole picture,
* the same in each cell of a 4 x 4 grid, which tells pictures of equal colours apart,
* a bag of hashed words, zero for pictures, so that texts find texts.

Square roots of amounts are stored, so that an inner product is the Bhattacharyya coefficient
of two distributions.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, ImageSpec, PixelArray, Space

NAME = "colour"
_VERSION = "1"
_SIDE = 32
_GRID = 4
_WORD_BUCKETS = 256
_GLOBAL_WEIGHT = np.float32(1.0)
_LAYOUT_WEIGHT = np.float32(0.6)
_WORD_WEIGHT = np.float32(0.7)

_TERMS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((15, 15, 15), (45, 42, 42)),
    "white": ((250, 250, 250), (225, 225, 225)),
    "grey": ((128, 128, 128), (90, 90, 92), (165, 165, 165)),
    "red": ((205, 25, 30), (150, 15, 20), (230, 60, 60)),
    "orange": ((245, 130, 20), (225, 100, 30)),
    "yellow": ((245, 220, 40), (220, 200, 90)),
    "green": ((35, 140, 50), (90, 130, 50), (60, 190, 80), (40, 75, 35)),
    "blue": ((35, 70, 180), (20, 30, 90), (100, 160, 220), (60, 120, 160)),
    "purple": ((115, 45, 150), (85, 50, 105), (160, 110, 200)),
    "pink": ((235, 120, 170), (245, 185, 200), (220, 60, 130)),
    "brown": ((110, 65, 30), (75, 45, 25), (150, 105, 70)),
}
_SYNONYMS = {
    "gray": "grey", "silver": "grey", "charcoal": "grey", "navy": "blue", "azure": "blue",
    "turquoise": "blue", "teal": "blue", "cyan": "blue", "crimson": "red", "scarlet": "red",
    "maroon": "red", "burgundy": "red", "violet": "purple", "lavender": "purple",
    "lilac": "purple", "magenta": "pink", "rose": "pink", "golden": "yellow", "gold": "yellow",
    "beige": "brown", "tan": "brown", "khaki": "brown", "olive": "green", "lime": "green",
    "cream": "white", "ivory": "white", "snow": "white", "grass": "green", "forest": "green",
    "sky": "blue", "sea": "blue", "ocean": "blue", "water": "blue", "night": "black",
    "dark": "black", "sand": "brown", "leaf": "green", "leaves": "green", "fire": "orange",
}  # fmt: skip
_WORD = re.compile(r"\w+")


class ColourEncoder:
    """The weight-free encoder. Rows have 11 x 17 + 256 = 443 components."""

    def __init__(self) -> None:
        self._names = tuple(_TERMS)
        self._anchors = np.array(
            [anchor for anchors in _TERMS.values() for anchor in anchors], dtype=np.float32
        )
        self._term_of_anchor = np.array(
            [index for index, anchors in enumerate(_TERMS.values()) for _ in anchors]
        )
        self._cells = _GRID * _GRID
        self._colours = len(self._names)
        dimension = self._colours * (1 + self._cells) + _WORD_BUCKETS
        recipe = repr(
            (NAME, _VERSION, _SIDE, _GRID, _WORD_BUCKETS, _TERMS, sorted(_SYNONYMS.items()))
        )
        self._space = Space(NAME, dimension, hashlib.sha256(recipe.encode()).hexdigest())

    @property
    def space(self) -> Space:
        """The space of the rows; its fingerprint covers the recipe."""
        return self._space

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Nothing: words are hashed."""
        return ()

    def can_read(self, text: str) -> bool:  # noqa: ARG002 - words are hashed
        """Return True."""
        return True

    @property
    def image_spec(self) -> ImageSpec:
        """Small squashed pictures: the layout of the whole frame counts."""
        return ImageSpec(_SIDE, _SIDE, "squash", "bilinear")

    @property
    def batch_size(self) -> int:
        """Pictures at once."""
        return 64

    @property
    def runs_on(self) -> str:
        """Device and precision, for a person."""
        return "cpu, float32"

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures; see ``Encoder.encode_images``."""
        count = len(pixels_nhwc)
        colours = pixels_nhwc.reshape(-1, 3).astype(np.float32)
        # |a - b|^2 without |a|^2, which is the same for every anchor
        distances = (self._anchors**2).sum(1) - 2.0 * (colours @ self._anchors.T)
        terms = self._term_of_anchor[distances.argmin(1)].reshape(count, _SIDE, _SIDE)
        one_hot = np.eye(self._colours, dtype=np.float32)[terms]
        step = _SIDE // _GRID
        cells = one_hot.reshape(count, _GRID, step, _GRID, step, self._colours).mean((2, 4))
        layout = cells.reshape(count, self._cells * self._colours) / np.float32(self._cells)
        return self._rows(cells.mean((1, 2)), layout, np.zeros((count, _WORD_BUCKETS), np.float32))

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts; see ``Encoder.encode_texts``."""
        amounts = np.zeros((len(texts), self._colours), np.float32)
        words = np.zeros((len(texts), _WORD_BUCKETS), np.float32)
        for row, text in enumerate(texts):
            for word in _WORD.findall(text.lower()):
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                words[row, int.from_bytes(digest, "little") % _WORD_BUCKETS] += 1.0
                term = _SYNONYMS.get(word, word)
                if term in _TERMS:
                    amounts[row, self._names.index(term)] += 1.0
        amounts /= np.maximum(amounts.sum(1, keepdims=True), 1.0)
        words /= np.maximum(words.sum(1, keepdims=True), 1.0)
        layout = np.tile(amounts / np.float32(self._cells), (1, self._cells))
        return self._rows(amounts, layout, words)

    def _rows(
        self, amounts: Float32Array, layout: Float32Array, words: Float32Array
    ) -> Float32Array:
        weighted = [
            _GLOBAL_WEIGHT * np.sqrt(amounts),
            _LAYOUT_WEIGHT * np.sqrt(layout),
            _WORD_WEIGHT * np.sqrt(words),
        ]
        rows = np.concatenate(weighted, axis=1)
        rows[np.abs(rows).sum(1) == 0, -1] = 1.0  # a text without words still has a direction
        return unit_rows(rows)
