"""The recipe of ``mini``: ``python -m training.mini --data ../shared/data --out FOLDER``."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from training.mini.distil import Distillation
from training.mini.languages.course import Course, CourseRecipe
from training.mini.recipe import Log, MiniRecipe


def main() -> None:
    """Prepare, train and export, or one of these alone."""
    chosen = _arguments()
    packed = chosen.packed or chosen.out / "packed"
    if chosen.data:
        prepare(chosen.data, packed)
    if chosen.prepare:
        return
    start = chosen.start
    if start is None:
        start = chosen.out / "english" if not chosen.english_only else chosen.out
        numbers = {name: getattr(chosen, name) for name in _names()}
        recipe = MiniRecipe(**numbers, limit=chosen.limit, hold_back=not chosen.everything)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        distillation = Distillation(packed, start, recipe, device)
        distillation.begin()
        distillation.train()
    if not chosen.english_only:
        teach_languages(start, packed, chosen)


def _names() -> list[str]:
    return [one.name for one in fields(MiniRecipe) if one.name not in {"limit", "hold_back"}]


def _arguments() -> argparse.Namespace:
    usual = MiniRecipe()
    parser = argparse.ArgumentParser(prog="python -m training.mini", description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder with the data sets' archives")
    parser.add_argument("--packed", type=Path, help="the packed material (default: OUT/packed)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true", help="only pack the material")
    parser.add_argument("--everything", action="store_true", help="train on held-back data too")
    parser.add_argument(
        "--start", type=Path, metavar="FOLDER",
        help="teach this English model the other languages, and train none; `binocle/encoders/"
        "models/mini` at the commit before they came, for what is shipped",
    )  # fmt: skip
    parser.add_argument(
        "--english-only", action="store_true", help="stop before the other languages"
    )
    value: Any
    for one in fields(CourseRecipe):
        if one.name not in {"limit", "seed"}:
            value = getattr(CourseRecipe(), one.name)
            option = f"--languages-{one.name.replace('_', '-')}"
            parser.add_argument(option, type=type(value), default=value, help=f"default: {value}")
    parser.add_argument("--limit", type=int, help="take only so many pictures, to try things")
    for name in _names():
        value = getattr(usual, name)
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=type(value), default=value, help=f"default: {value}")
    return parser.parse_args()


def teach_languages(start: Path, packed: Path, chosen: argparse.Namespace) -> None:
    """Teach the English model in a folder the other languages, and write that."""
    own = {one.name for one in fields(CourseRecipe)} - {"limit", "seed"}
    numbers = {name: getattr(chosen, f"languages_{name}") for name in own}
    recipe = CourseRecipe(**numbers, limit=chosen.limit, seed=chosen.seed)
    log = Log(chosen.out)
    Course(start, packed, recipe, log).teach(chosen.out)


def prepare(data: Path, packed: Path) -> None:
    """Pack pictures, texts and both teachers into one folder, small enough to carry."""
    from training.mini import sentences
    from training.mini.languages import captions
    from training.mini.pictures import read_archives
    from training.mini.teacher import read_tflite, save_operations

    packed.mkdir(parents=True, exist_ok=True)
    for pictures in read_archives(data):
        pictures.save(packed)
    teacher = data / "teacher" / "mobilenet_v2_1.0_224_quant.tflite"
    save_operations(read_tflite(teacher), packed / "teacher.npz")
    sentences.pack(packed)
    captions.pack(data, packed)


if __name__ == "__main__":
    main()
