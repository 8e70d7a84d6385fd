"""The contract of ``Encoder``, over every implementation."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from binocle.encoders.base import Encoder, unit_rows
from binocle.encoders.registry import open_encoder
from binocle.errors import ModelError
from binocle.types import Float32Array, PixelArray

TEXTS = ["a red car", "the blue sea at night", "", "grün 緑 🟢", "snow " * 500]


@pytest.fixture(
    scope="module",
    params=["colour", *(pytest.param(one, marks=pytest.mark.model) for one in ("mini", "tiny"))],
)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "colour":
        return open_encoder("colour")
    if request.param == "mini":
        return open_encoder("mini", device="cpu", precision="float32")
    folder: Path = request.getfixturevalue("tiny_model")
    return open_encoder(str(folder), device="cpu", precision="float32")


def pictures(encoder: Encoder, count: int, seed: int = 0) -> PixelArray:
    spec = encoder.image_spec
    blocks = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    tiled = blocks.repeat(-(-spec.height // 4), axis=1).repeat(-(-spec.width // 4), axis=2)
    return tiled[:, : spec.height, : spec.width]


def assert_unit_rows(rows: Float32Array, count: int, encoder: Encoder) -> None:
    assert rows.shape == (count, encoder.space.dimension)
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_pictures_become_unit_rows_of_the_space(encoder: Encoder) -> None:
    assert_unit_rows(encoder.encode_images(pictures(encoder, 5)), 5, encoder)


def test_texts_become_unit_rows_of_the_space_however_long_or_odd(encoder: Encoder) -> None:
    assert_unit_rows(encoder.encode_texts(TEXTS), len(TEXTS), encoder)


def test_no_texts_become_no_rows(encoder: Encoder) -> None:
    assert_unit_rows(encoder.encode_texts([]), 0, encoder)


def test_no_pictures_become_no_rows(encoder: Encoder) -> None:
    assert_unit_rows(encoder.encode_images(pictures(encoder, 0)), 0, encoder)


def test_the_same_input_gives_the_same_rows(encoder: Encoder) -> None:
    shown = pictures(encoder, 4)
    assert np.array_equal(encoder.encode_images(shown), encoder.encode_images(shown.copy()))
    assert np.array_equal(encoder.encode_texts(TEXTS), encoder.encode_texts(tuple(TEXTS)))


def test_different_inputs_give_different_rows(encoder: Encoder) -> None:
    for rows in (encoder.encode_images(pictures(encoder, 4)), encoder.encode_texts(TEXTS)):
        cosines = rows @ rows.T - np.eye(len(rows), dtype=np.float32)
        assert cosines.max() < 0.999


def test_a_row_does_not_depend_on_its_neighbours(encoder: Encoder) -> None:
    shown = pictures(encoder, 7)
    alone = np.concatenate([encoder.encode_images(shown[i : i + 1]) for i in range(7)])
    assert np.allclose(encoder.encode_images(shown), alone, atol=1e-5)
    apart = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert np.allclose(encoder.encode_texts(TEXTS), apart, atol=1e-5)


def test_many_texts_keep_their_order(encoder: Encoder) -> None:
    texts = [f"word{number}" for number in range(600)]
    rows = encoder.encode_texts(texts)
    assert_unit_rows(rows, 600, encoder)
    for number in (0, 255, 256, 599):
        assert np.allclose(rows[number], encoder.encode_texts([texts[number]])[0], atol=1e-5)


def test_strided_pixels_are_read_as_what_they_show(encoder: Encoder) -> None:
    shown = pictures(encoder, 3)
    flipped = shown[:, :, ::-1]
    expected = encoder.encode_images(np.ascontiguousarray(flipped))
    assert np.array_equal(encoder.encode_images(flipped), expected)


def test_threads_do_not_disturb_each_other(encoder: Encoder) -> None:
    batches = [pictures(encoder, 3, seed) for seed in range(8)]
    texts = [[f"text {number}", "and another"] for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        image_rows = threads.map(encoder.encode_images, batches)
        text_rows = threads.map(encoder.encode_texts, texts)
        for batch, rows in zip(batches, image_rows, strict=True):
            assert np.allclose(rows, encoder.encode_images(batch), atol=1e-5)
        for words, rows in zip(texts, text_rows, strict=True):
            assert np.allclose(rows, encoder.encode_texts(words), atol=1e-5)


def test_the_space_and_the_pixels_wanted_do_not_change(encoder: Encoder) -> None:
    space, spec = encoder.space, encoder.image_spec
    encoder.encode_images(pictures(encoder, 1))
    encoder.encode_texts(["red"])
    assert (encoder.space, encoder.image_spec) == (space, spec)
    assert len(bytes.fromhex(space.fingerprint)) == 32
    assert encoder.batch_size >= 1
    assert encoder.runs_on == "cpu, float32"


def test_unit_rows_refuses_what_is_not_finite_and_keeps_zero_rows() -> None:
    assert np.array_equal(unit_rows(np.array([[3, 4], [0, 0]], np.float32))[1], [0, 0])
    with pytest.raises(ModelError):
        unit_rows(np.array([[np.inf, 0]], np.float32))
