"""A network small enough to train in seconds, and pictures with captions to train it on."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.training import CONFIG, draw_pairs, write_folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The network is so small that threads get in each other's way."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights."""
    import open_clip
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**CONFIG["model_cfg"])
    return write_folder(tmp_path_factory.mktemp("models") / "small", model, CONFIG)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 200 pictures with two texts each."""
    return draw_pairs(tmp_path_factory.mktemp("drawn"), 200)


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose image tower is timm's, with batch norms."""
    import open_clip

    vision = {
        "image_size": 32, "timm_model_name": "resnet10t", "timm_model_pretrained": False,
        "timm_pool": "avg", "timm_proj": "linear",
    }  # fmt: skip
    config: dict[str, Any] = copy.deepcopy(CONFIG)
    config["model_cfg"]["vision_cfg"] = vision
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**config["model_cfg"])
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.1)
    return write_folder(tmp_path_factory.mktemp("models") / "convolutional", model, config)
