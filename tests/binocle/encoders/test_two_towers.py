"""Two towers: pixels are scaled as they were trained on, texts go in batches, rows are unit."""

from typing import Any

import numpy as np
import pytest
import torch

from binocle.encoders.two_towers import TowersEncoder, choose_device, choose_precision, one_line
from binocle.errors import ModelError
from binocle.types import ImageSpec, Space

CPU = torch.device("cpu")
PLAIN = {"size": 2, "mean": (0.5, 0.25, 0.0), "std": (0.5, 0.5, 1.0)}


def towers(seen: list[torch.Tensor], **preprocess: Any) -> TowersEncoder:
    """Return towers that show what came in, and pass it on flat."""

    def passed_on(values: torch.Tensor) -> torch.Tensor:
        seen.append(values)
        return values.reshape(len(values), -1).float()

    return TowersEncoder(
        space=Space("toy", 12, "ab" * 32),
        preprocess=PLAIN | preprocess,
        device=CPU,
        precision="float32",
        encode_image=passed_on,
        encode_text=passed_on,
        tokenizer=lambda texts: torch.tensor([[len(one), 1] for one in texts]),
        can_read=str.isascii,
    )


def test_pixels_are_scaled_by_mean_and_deviation_and_rows_are_unit() -> None:
    seen: list[torch.Tensor] = []
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 2, 3), dtype=np.uint8)
    rows = towers(seen).encode_images(pixels)
    expected = (pixels / 255 - np.array(PLAIN["mean"])) / np.array(PLAIN["std"])
    assert np.allclose(torch.cat(seen).numpy(), expected.transpose(0, 3, 1, 2), atol=1e-6)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_processors_see_batches_of_pictures_of_six_sizes_alone() -> None:
    seen: list[torch.Tensor] = []
    pixels = np.random.default_rng(0).integers(0, 256, (75, 2, 2, 3), dtype=np.uint8)
    made = towers(seen)
    whole = np.concatenate([made.encode_images(pixels[place : place + 1]) for place in range(75)])
    seen.clear()
    for count in range(1, 76):
        assert np.array_equal(made.encode_images(pixels[:count]), whole[:count])
    assert {len(one) for one in seen} == {1, 2, 4, 8, 16, 32}


def test_many_texts_go_in_batches_and_keep_their_order() -> None:
    seen: list[torch.Tensor] = []
    texts = ["x" * (one % 50 + 1) for one in range(600)]
    rows = towers(seen).encode_texts(texts)
    assert [len(one) for one in seen] == [256, 256, 88]
    assert np.allclose(rows[:, 0] / rows[:, 1], [len(one) for one in texts])


def test_nothing_becomes_no_rows_and_asks_no_tower() -> None:
    seen: list[torch.Tensor] = []
    made = towers(seen)
    assert made.encode_texts([]).shape == (0, 12)
    assert made.encode_images(np.empty((0, 2, 2, 3), np.uint8)).shape == (0, 12)
    assert seen == []
    assert (made.can_read("abc"), made.can_read("猫"), made.runs_on) == (
        True,
        False,
        "cpu, float32",
    )


@pytest.mark.parametrize(
    ("preprocess", "expected"),
    [
        ({}, ImageSpec(2, 2)),
        ({"size": (4, 6)}, ImageSpec(6, 4)),
        ({"interpolation": "bilinear"}, ImageSpec(2, 2, interpolation="bilinear")),
        # open_clip forgets it for the short side of an oblong
        ({"size": (4, 6), "interpolation": "bilinear"}, ImageSpec(6, 4)),
        ({"size": (4, 6), "interpolation": "bilinear", "resize_mode": "squash"},
         ImageSpec(6, 4, "squash", "bilinear")),
        ({"resize_mode": "longest", "fill_color": 90}, ImageSpec(2, 2, "longest", fill=90)),
    ],
)  # fmt: skip
def test_pixels_wanted_are_those_of_open_clip(
    preprocess: dict[str, Any], expected: ImageSpec
) -> None:
    assert towers([], **preprocess).image_spec == expected


def test_devices_and_precisions_that_are_not_here_are_refused_by_name() -> None:
    assert choose_device("cpu") == CPU
    for device in ("cuda:99", "toaster"):
        with pytest.raises(ModelError, match=f"'{device}' cannot be used"):
            choose_device(device)
    with pytest.raises(ModelError, match="no precision 'float99'"):
        choose_precision("float99", CPU)  # type: ignore[arg-type]


@pytest.mark.parametrize(("is_fast", "chosen"), [(True, "bfloat16"), (False, "float32")])
def test_a_processor_runs_in_bfloat16_where_it_is_fast_at_it(
    monkeypatch: pytest.MonkeyPatch, chosen: str, *, is_fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: is_fast)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert choose_precision("auto", CPU) == chosen
    assert choose_precision("float16", CPU) == "float16"


def test_an_error_is_said_in_one_line_that_is_not_too_long() -> None:
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 999))) == 201
