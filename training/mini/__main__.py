"""The recipe of ``mini``: ``python -m training.mini --data ../shared/data --out FOLDER``."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from training.mini.distil import Distillation
from training.mini.recipe import MiniRecipe


def main() -> None:
    """Prepare, train and export, or one of these alone."""
    usual = MiniRecipe()
    parser = argparse.ArgumentParser(prog="python -m training.mini", description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder with the data sets' archives")
    parser.add_argument("--packed", type=Path, help="the packed material (default: OUT/packed)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true", help="only pack the material")
    parser.add_argument("--everything", action="store_true", help="train on held-back data too")
    parser.add_argument("--limit", type=int, help="take only so many pictures, to try things")
    names = [one.name for one in fields(MiniRecipe) if one.name not in {"limit", "hold_back"}]
    for name in names:
        value: Any = getattr(usual, name)
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=type(value), default=value, help=f"default: {value}")
    chosen = parser.parse_args()
    packed = chosen.packed or chosen.out / "packed"
    if chosen.data:
        prepare(chosen.data, packed)
    if chosen.prepare:
        return
    numbers = {name: getattr(chosen, name) for name in names}
    recipe = MiniRecipe(**numbers, limit=chosen.limit, hold_back=not chosen.everything)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    distillation = Distillation(packed, chosen.out, recipe, device)
    distillation.begin()
    distillation.train()


def prepare(data: Path, packed: Path) -> None:
    """Pack pictures, texts and both teachers into one folder, small enough to carry."""
    from training.mini import sentences
    from training.mini.pictures import read_archives
    from training.mini.teacher import read_tflite, save_operations

    packed.mkdir(parents=True, exist_ok=True)
    for pictures in read_archives(data):
        pictures.save(packed)
    teacher = data / "teacher" / "mobilenet_v2_1.0_224_quant.tflite"
    save_operations(read_tflite(teacher), packed / "teacher.npz")
    sentences.pack(packed)


if __name__ == "__main__":
    main()
