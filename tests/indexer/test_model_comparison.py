"""Models are compared by what they find of a collection's own."""

import hashlib
from pathlib import Path

import numpy as np

from binocle.collection.collection import Collection
from binocle.types import Float32Array, ImageInfo, NewPart, NewRecord
from indexer.model_comparison import compare_models
from tests.support.toy_encoder import DIMENSION, ToyEncoder


def made(folder: Path, pictures: Float32Array, texts: Float32Array) -> Collection:
    collection = Collection(folder, create=True)
    collection.claim_space(ToyEncoder.space)
    info = ImageInfo(1, 1, 1, "png")
    collection.upsert(
        [
            NewRecord(
                str(number), "u", {},
                (
                    NewPart("image", "i", f"i{number}", bytes([number] * 32), picture, info=info),
                    NewPart("text", "t", "t", hashlib.sha256(b"x").digest(), text, text="x"),
                ),
            )
            for number, (picture, text) in enumerate(zip(pictures, texts, strict=True))
        ]
    )  # fmt: skip
    return collection


def test_model_that_finds_own_pictures_is_told_from_one_that_does_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with (
        made(tmp_path / "good", rows, rows) as good,
        made(tmp_path / "bad", rows, rows[::-1].copy()) as bad,
    ):
        compared = compare_models(bad, ToyEncoder(), good, ToyEncoder())
        same = compare_models(good, ToyEncoder(), good, ToyEncoder())
    assert compared.pairs == 40
    assert compared.own_first[0] < 0.2
    assert compared.own_first[1] == compared.own_in_ten[1] == 1
    assert same.shared == 1
