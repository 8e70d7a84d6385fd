"""Model folders with random weights: right in shape and speed, meaningless in their answers.

Benchmarks and tests use them where no trained weights can be downloaded.
"""

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file


def write_model(folder: Path, architecture: str = "ViT-B-32-256", *, seed: int = 0) -> Path:
    """Write ``open_clip_config.json`` and ``open_clip_model.safetensors`` with random weights.

    Args:
        folder: Where; made if need be. An existing model is kept.
        architecture: A name open_clip knows.
        seed: Of the weights.

    Returns:
        The folder, good for ``--model``.
    """
    weights = folder / "open_clip_model.safetensors"
    if weights.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.create_model(architecture, pretrained=None)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    config = {
        "model_cfg": open_clip.get_model_config(architecture),
        "preprocess_cfg": open_clip.get_model_preprocess_cfg(model),
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2))
    save_file(tensors, weights)
    return folder
