"""A collection in the space of an encoder that embeds texts at random."""

from collections.abc import Sequence

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, ImageInfo, ImageSpec, NewPart, NewRecord, Space

DIMENSION = 24
SPACE = Space("words", DIMENSION, "f" * 64)
INFO = ImageInfo(1, 1, 1, "png")


class WordsEncoder:
    """Embeds each text as a random row that depends on the text only."""

    space = SPACE
    image_spec = ImageSpec(1, 1)
    batch_size = 1
    runs_on = "test"
    vocabulary = ()

    def can_read(self, text: str) -> bool:
        return True

    def __init__(self) -> None:
        self.asked = 0

    def encode_images(self, pixels_nhwc: object) -> Float32Array:
        raise NotImplementedError

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        self.asked += len(texts)
        seeds = [int.from_bytes(text.encode()[:8].ljust(8), "big") + len(text) for text in texts]
        return unit_rows(
            np.stack([np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds])
        )


def rows(count: int, seed: int, *, about: object = 0.0) -> Float32Array:
    rng = np.random.default_rng(seed)
    return unit_rows(np.asarray(about, np.float64) + rng.normal(size=(count, DIMENSION)))


def store(
    collection: Collection, images: Float32Array, texts: Float32Array | None = None, start: int = 0
) -> None:
    records = []
    for number, row in enumerate(images, start):
        parts = [NewPart("image", "image", f"{number}.png", b"%d" % number, row, info=INFO)]
        if texts is not None:
            text = f"text {number}"
            parts.append(NewPart("text", "text", text, text.encode(), texts[number - start], text))
        records.append(NewRecord(f"r{number}", f"r{number}", {}, tuple(parts)))
    collection.upsert(records)
