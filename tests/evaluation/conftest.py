"""Pictures of one colour each, with captions the weight-free model understands."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

COLOURS = {
    "red": (205, 25, 30),
    "green": (35, 140, 50),
    "blue": (35, 70, 180),
    "yellow": (245, 220, 40),
    "purple": (115, 45, 150),
    "white": (250, 250, 250),
}


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(path)
    return path


def write_table(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """A table: every colour's picture with two captions."""
    rows: list[tuple[str, str]] = [("image", "caption")]
    for name, colour in COLOURS.items():
        paint(tmp_path / "squares" / f"{name}.png", colour)
        rows += [(f"squares/{name}.png", name), (f"squares/{name}.png", f"a {name} square")]
    return write_table(tmp_path / "squares.csv", rows)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder of folders: three of each colour, two of them nearly it."""
    folder = tmp_path / "labelled"
    for name, (red, green, blue) in COLOURS.items():
        for shade in range(3):
            tint = (max(0, red - shade), max(0, green - shade), max(0, blue - shade))
            paint(folder / f"{name.title()}_Square" / f"{shade}.png", tint)
    return folder


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a tiny network that knows nothing."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    config: dict[str, Any] = {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 32, "layers": 1, "width": 64, "patch_size": 16, "head_width": 32,
        },
        "text_cfg": {
            "context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1,
        },
    }  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = open_clip.CLIP(**config)
    folder = tmp_path_factory.mktemp("models") / "random"
    folder.mkdir()
    description = {"model_cfg": config, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(description))
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder
