"""Windows of pictures."""

import pytest
import torch

from training.mini.dataset import cut, whole

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_windows_are_cut_where_they_say_and_mirrored_when_negative() -> None:
    pixels = torch.zeros((1, 3, 16, 16), dtype=torch.uint8)
    pixels[:, :, :, 8:] = 200
    assert torch.allclose(cut(pixels, whole(1), 16), pixels.float(), atol=1e-2)
    right = cut(pixels, torch.tensor([[0.5, 0.0, 0.5, 1.0]]), 8)
    assert float(right[:, :, :, 1:].min()) > 199.9
    mirrored = cut(pixels, torch.tensor([[0.0, 0.0, -1.0, 1.0]]), 16)
    assert torch.allclose(mirrored, pixels.float().flip(3), atol=1e-2)
