"""A network small enough to load in a moment, in the folder form open_clip reads."""

import json
from pathlib import Path
from typing import Any

import pytest

TINY_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32,
        },
        "text_cfg": {
            "context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2,
        },
    },
    "preprocess_cfg": {},
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: ``open_clip_config.json`` and random weights."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**TINY_CONFIG["model_cfg"])
        for parameter in model.parameters():  # far apart, so that mistakes show in the rows
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(TINY_CONFIG))
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder
