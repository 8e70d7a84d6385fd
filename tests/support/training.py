"""A network small enough to train in seconds, and pictures with captions to train it on."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from indexer.sources.base import Candidate, TextRef
from training.batches import Batches
from training.models import Trainee
from training.pictures import TrainingPictures
from training.recipe import Recipe

COLOURS = {
    "red": (220, 30, 30), "green": (40, 170, 60), "blue": (40, 60, 220),
    "yellow": (235, 215, 40), "black": (15, 15, 15), "white": (245, 245, 245),
}  # fmt: skip


SHAPES = ("circle", "square", "triangle")


CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16,
            "patch_dropout": 0.1,  # something random that a resumed run has to repeat
        },
        "text_cfg": {
            "context_length": 16, "vocab_size": 49408, "width": 24, "heads": 2, "layers": 2,
        },
    },
    "preprocess_cfg": {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]},
}  # fmt: skip


def write_folder(folder: Path, model: Any, config: dict[str, Any]) -> Path:
    """Write a model as open_clip reads it."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    weights = {name: one.contiguous().clone() for name, one in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def draw_pairs(folder: Path, count: int, *, seed: int = 0) -> Path:
    """Draw a shape on a ground in every picture; write ``pairs.csv`` with two texts for each."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        ground, colour = rng.permutation(list(COLOURS))[:2]
        shape = SHAPES[rng.integers(len(SHAPES))]
        width, height = int(rng.integers(48, 80)), int(rng.integers(48, 80))
        image = Image.new("RGB", (width, height), COLOURS[ground])
        pen = ImageDraw.Draw(image)
        half = int(rng.integers(12, 20))
        x, y = int(rng.integers(half, width - half)), int(rng.integers(half, height - half))
        box = (x - half, y - half, x + half, y + half)
        if shape == "circle":
            pen.ellipse(box, fill=COLOURS[colour])
        elif shape == "square":
            pen.rectangle(box, fill=COLOURS[colour])
        else:
            corners = [(x - half, y + half), (x + half, y + half), (x, y - half)]
            pen.polygon(corners, fill=COLOURS[colour])
        image.save(folder / "images" / f"{number:03}.png")
        rows.append((f"{number:03}.png", f"a {colour} {shape} on a {ground} ground"))
        rows.append((f"{number:03}.png", f"{ground} background, {colour} {shape}"))
    table = folder / "pairs.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "caption"))
        writer.writerows(rows)
    return table


def pictures(texts: Sequence[Sequence[str]]) -> TrainingPictures:
    count = len(texts)
    pixels = np.zeros((count, 10, 10, 3), np.uint8)
    pixels[:, :, :, 0] = np.arange(count)[:, None, None]
    candidates = tuple(
        Candidate(str(number), "", "", "", texts=tuple(TextRef("caption", "", one) for one in own))
        for number, own in enumerate(texts)
    )
    digests = tuple(bytes([number]) for number in range(count))
    return TrainingPictures(pixels, np.ones(count, np.float32), candidates, digests, ())


def opened(folder: Path) -> Trainee:
    return Trainee(str(folder), device="cpu", precision="float32")


def batches(trainee: Trainee, recipe: Recipe) -> Batches:
    texts = [[f"number {number} of {number % 7}"] for number in range(24)]
    rng = np.random.default_rng(0)
    made = pictures(texts)
    made.pixels[:] = rng.integers(0, 256, made.pixels.shape, dtype=np.uint8)
    return Batches(made, range(24), recipe, spec=trainee.image_spec, tokenize=trainee.tokenize)
