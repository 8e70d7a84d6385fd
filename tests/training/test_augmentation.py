"""Crops: where they lie, what they show, what is mirrored."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.types import ImageSpec
from training.augmentation import Crops, mentions_sides, random_crops, render

pytestmark = pytest.mark.model


def draw(ratios: list[float], spec: ImageSpec, least_area: float, seed: int = 0) -> Crops:
    return random_crops(
        torch.tensor(ratios),
        torch.ones(len(ratios), dtype=torch.bool),
        spec=spec,
        least_area=least_area,
        generator=torch.Generator().manual_seed(seed),
    )


@settings(max_examples=50, deadline=None)
@given(
    ratio=st.floats(0.2, 5.0), least=st.floats(0.1, 1.0), seed=st.integers(0, 9),
    mode=st.sampled_from(["shortest", "squash"]), wide=st.sampled_from([32, 48]),
)  # fmt: skip
def test_crops_lie_within_the_picture_and_have_about_the_model_s_shape(
    ratio: float, least: float, seed: int, mode: str, wide: int
) -> None:
    spec = ImageSpec(wide, 32, mode)  # type: ignore[arg-type]
    left, top, width, height = draw([ratio] * 20, spec, least, seed).windows.T
    assert float(left.min()) >= -1e-5
    assert float(top.min()) >= -1e-5
    assert float((left + width).max()) <= 1 + 1e-5
    assert float((top + height).max()) <= 1 + 1e-5
    seen_ratio = width / height * (ratio if mode == "shortest" else wide / 32)
    bend = seen_ratio / (wide / 32)
    assert float(bend.max()) <= 4 / 3 + 1e-4
    assert float(bend.min()) >= 3 / 4 - 1e-4


def test_areas_reach_down_to_the_least_and_not_below() -> None:
    windows = draw([1.0] * 4000, ImageSpec(32, 32), 0.4).windows
    areas = windows[:, 2] * windows[:, 3]
    assert 0.4 - 1e-5 <= float(areas.min()) < 0.41
    assert float(areas.max()) > 0.95
    assert float(windows[:, 0].max()) > 0.3  # and they lie everywhere
    assert float(windows[:, 0].min()) < 0.01


def test_models_that_pad_see_padding() -> None:
    whole = draw([2.0], ImageSpec(32, 32, "longest"), 1.0).windows[0]
    assert whole.tolist() == pytest.approx([0.0, -0.5, 1.0, 2.0])
    pixels = torch.full((1, 40, 40, 3), 200, dtype=torch.uint8)
    crops = Crops(whole[None], torch.tensor([False]))
    seen = render(pixels, crops, height=32, width=32, fill=7)[0, 0]
    assert (seen[:8] == 7).all()
    assert (seen[24:] == 7).all()
    assert (seen[8:24] == 200).all()


def test_half_are_mirrored_where_that_is_allowed() -> None:
    allowed = torch.arange(2000) % 2 == 0
    flipped = random_crops(
        torch.ones(2000), allowed, spec=ImageSpec(8, 8), least_area=0.5,
        generator=torch.Generator().manual_seed(0),
    ).flipped  # fmt: skip
    assert not flipped[~allowed].any()
    assert 400 < int(flipped.sum()) < 600


def test_a_crop_shows_just_these_pixels_and_a_mirror_reverses_them() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    crops = Crops(
        torch.tensor([[0.25, 0.5, 0.5, 0.25], [0.0, 0.0, 1.0, 1.0]]), torch.tensor([False, True])
    )
    pixels = torch.from_numpy(picture)
    seen = render(pixels, crops, height=4, width=8)
    assert seen.dtype == torch.uint8
    assert np.array_equal(seen[0].permute(1, 2, 0).numpy(), picture[0, 8:12, 4:12])
    mirrored = render(pixels, crops, height=16, width=16)[1]
    assert np.array_equal(mirrored.permute(1, 2, 0).numpy(), picture[1, :, ::-1])


@pytest.mark.parametrize(
    ("text", "does"),
    [("a dog left of a cat", True), ("Right-hand glove", True), ("leftover bright pizza", False)],
)
def test_texts_that_name_a_side_are_known(text: str, does: bool) -> None:
    assert mentions_sides(text) is does
