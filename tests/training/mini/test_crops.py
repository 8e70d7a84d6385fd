"""Crops come with texts of their own."""

import pytest
import torch

from training.mini.crops import Owned, TeacherCrops, shrink
from training.mini.dataset import DataSet

pytestmark = [pytest.mark.model, pytest.mark.slow]


def owned(name: str, count: int, texts: int, share: float) -> Owned:
    grey = torch.linspace(1, 250, count).view(-1, 1, 1, 1).expand(-1, 3, 32, 32)
    data = DataSet(name, grey.to(torch.uint8), [], [], share)
    owners = torch.arange(count).repeat_interleave(texts)
    return Owned(data, 100, owners, torch.arange(len(owners)))


def test_pictures_come_with_a_text_of_their_own() -> None:
    sets = [owned("photos", 20, 3, 0.5), owned("labelled", 20, 0, 0.25)]
    crops = TeacherCrops(sets, torch.device("cpu"), torch.Generator().manual_seed(0))
    pixels, texts = crops.pairs(16)
    assert pixels.shape == (12, 3, 224, 224)
    numbers, groups = texts[0]
    assert len(numbers) == 8
    assert not len(texts[1][0])
    assert torch.equal(groups, numbers - 100)
    # each picture is one grey: light changes by a tenth and ten levels at most
    wanted = sets[0].data.pixels[sets[0].owners[numbers - 100], 0, 0, 0].float()
    seen = pixels[:8].mean((1, 2, 3))
    assert ((seen - wanted).abs() <= 0.1 * wanted + 11).all()
    assert len(set((numbers - 100).div(3, rounding_mode="floor").tolist())) == 8


def test_half_of_the_windows_are_mixed() -> None:
    crops = TeacherCrops(
        [owned("photos", 40, 1, 1.0)], torch.device("cpu"), torch.Generator().manual_seed(0)
    )
    assert crops.windows(20).shape == (20, 3, 224, 224)
    small = shrink(torch.full((2, 3, 50, 40), 255.0), 16)
    assert small.shape == (2, 3, 16, 16)
    assert torch.allclose(small, torch.ones(()))
