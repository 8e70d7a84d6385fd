"""The teacher's network against a calculation by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.mini.small_material import operations
from training.mini.teacher import Teacher, load_operations, save_operations

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_the_teacher_computes_what_its_operations_say(tmp_path: Path) -> None:
    save_operations(operations(), tmp_path / "teacher.npz")
    known = load_operations(tmp_path / "teacher.npz")
    pixels = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (1, 3, 8, 8))).float()
    features, logits = Teacher(known)(pixels)
    assert (features.shape, logits.shape) == ((1, 1280), (1, 1001))
    # by hand: the first convolution at stride 2 pads one row at the bottom and right, as
    # TensorFlow does for even sizes
    first, second = known[0], known[1]
    assert first.weight is not None
    assert first.bias is not None
    assert second.weight is not None
    assert second.bias is not None
    scaled = np.pad((pixels[0].numpy() - 128) / 128, ((0, 0), (0, 1), (0, 1)))
    one = np.zeros((8, 4, 4))
    for y in range(4):
        for x in range(4):
            window = scaled[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
            one[:, y, x] = (first.weight * window).sum((1, 2, 3)) + first.bias
    one = one.clip(0, 6)
    padded = np.pad(one, ((0, 0), (1, 1), (1, 1)))
    two = np.zeros((8, 4, 4))
    for y in range(4):
        for x in range(4):
            window = padded[:, y : y + 3, x : x + 3]
            two[:, y, x] = (second.weight[:, 0] * window).sum((1, 2)) + second.bias
    wide = known[3]
    assert wide.weight is not None
    assert wide.bias is not None
    mixed = np.einsum("oc,cyx->oyx", wide.weight[:, :, 0, 0], one + two.clip(0, 6))
    pooled = (mixed + wide.bias[:, None, None]).clip(0, 6).mean((1, 2))
    assert np.allclose(features[0].numpy(), pooled, atol=1e-4)
