"""Weights stored as 8-bit integers, half the size of float16.

Each row of a matrix, and each filter of a convolution, has a scale of its own: the largest
magnitude becomes 127. What has fewer than two axes stays float16. Only storage is quantised;
the network runs on what ``unpack`` returns. (Jacob et al. 2018, https://arxiv.org/abs/1712.05877,
section 3, per channel and without zero points.)
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS = "weights.int8.safetensors"
SCALE = ".scale"


def pack(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Quantise a state dict.

    Args:
        state: Tensors by name, floats of any precision.

    Returns:
        int8 tensors of at least two axes, each with a float32 ``NAME.scale``; the other floats
        in float16, and what is no float as it was.
    """
    packed = {}
    for name, tensor in state.items():
        whole = tensor.detach().float().cpu()
        if not tensor.is_floating_point():
            packed[name] = tensor.cpu()
        elif tensor.ndim < 2:
            packed[name] = whole.half()
        else:
            scale = whole.flatten(1).abs().amax(1).clamp(min=1e-12) / 127
            shape = (-1, *[1] * (whole.ndim - 1))
            packed[name] = torch.round(whole / scale.view(shape)).to(torch.int8).contiguous()
            packed[name + SCALE] = scale
    return packed


def unpack(packed: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state dict that ``pack`` was given, floats as float32."""
    state = {}
    for name, tensor in packed.items():
        if name.removesuffix(SCALE) in packed and name.endswith(SCALE):
            continue
        scale = packed.get(name + SCALE)
        if scale is not None:
            state[name] = tensor.float() * scale.view(-1, *[1] * (tensor.ndim - 1))
        else:
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
    return state


@contextmanager
def ordinary_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary copy of a packed model's folder that open_clip itself can load.

    Args:
        folder: Holds ``WEIGHTS`` and open_clip's ``open_clip_config.json``.
    """
    with tempfile.TemporaryDirectory(prefix="binocle-") as name:
        there = Path(name)
        for one in folder.iterdir():
            if one.suffix == ".json":
                (there / one.name).write_bytes(one.read_bytes())
        save_file(unpack(load_file(folder / WEIGHTS)), there / "open_clip_model.safetensors")
        yield there
