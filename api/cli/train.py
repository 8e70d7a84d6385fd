"""``binocle train``: its options."""

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from api.cli.options import (
    PATH,
    device_option,
    json_option,
    options,
    shared,
    table_options,
    workers_option,
)
from api.terminal import say
from binocle.part_kinds import KIND_NAMES

_EXIT_INTERRUPTED = 130

# What a recipe says, and its teacher; what is left out has the default of the recipe's field.
recipe_options = options(
    click.option("--epochs", type=click.IntRange(1), metavar="N",
                 help="How often each picture is seen, at most [10; more for few pairs]."),
    click.option("--batch", type=click.IntRange(2), metavar="N",
                 help="Pairs contrasted with each other [128]."),
    click.option("--chunk", type=click.IntRange(1), metavar="N",
                 help="Pairs embedded at once; lower it if memory runs out [64]."),
    click.option("--lr", type=click.FloatRange(0.0, min_open=True), metavar="RATE",
                 help="Highest learning rate [by size of model and batch]."),
    click.option("--weight-decay", type=click.FloatRange(0.0), metavar="X", help="AdamW's [0.05]."),
    click.option("--warmup", type=click.FloatRange(0.0, 1.0, max_open=True), metavar="SHARE",
                 help="Share of the steps in which the rate rises [0.1]."),
    click.option("--loss", type=click.Choice(["infonce", "sigmoid"]),
                 help="Contrast as in CLIP or as in SigLIP [infonce]."),
    click.option("--keep", type=click.FloatRange(0.0), metavar="WEIGHT",
                 help="Stay near the start, against forgetting; 0.5 is moderate [0]."),
    click.option("--teacher", metavar="MODEL", help="Match this model's similarities as well."),
    click.option("--teacher-weight", type=click.FloatRange(0.0, 1.0), metavar="SHARE",
                 help="How much the teacher counts [0.5]."),
    click.option("--lock", type=click.Choice(KIND_NAMES), help="Leave this tower as it is."),
    click.option("--unfreeze-last", type=click.IntRange(0), metavar="N",
                 help="Train the last N blocks of the locked tower; without --lock, of both only."),
    click.option("--no-flip", "flip", is_flag=True, flag_value=False, default=None,
                 help="Never mirror pictures."),
    click.option("--min-crop", type=click.FloatRange(0.0, 1.0, min_open=True), metavar="SHARE",
                 help="Smallest part of a picture that is shown [0.5]."),
    click.option("--average", type=click.FloatRange(0.0, 1.0, max_open=True), metavar="DECAY",
                 help="Of the average of the weights; 0 for none [0.999]."),
    click.option("--patience", type=click.IntRange(1), metavar="N",
                 help="Stop after N epochs without a better recall [a third of all, at least 5]."),
    click.option("--seed", type=click.IntRange(0), metavar="N", help="Of everything random [0]."),
)  # fmt: skip


@click.command()
@click.argument("pairs", metavar="PAIRS", type=PATH)
@options(
    click.option("--from", "model", required=True, metavar="MODEL",
                 help="The model to start from; see 'binocle models'."),
    click.option("--out", required=True, metavar="FOLDER", type=PATH,
                 help="Where the new model goes; a new or empty folder."),
    click.option("--dev", "held_back", metavar="FILE", type=PATH,
                 help="Measure on these pairs [a tenth of PAIRS, at least 20 pictures]."),
    table_options,
    click.option("--resume", is_flag=True,
                 help="Go on with the interrupted run in FOLDER; all else as it was."),
    recipe_options,
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto",
                 help="Arithmetic; auto is the fastest that fits the device."),
    device_option,
    click.option("--memory-gb", type=click.FloatRange(0.0), default=2.0, show_default=True,
                 metavar="N", help="For decoded pictures; more go to a file in FOLDER meanwhile."),
    workers_option,
)  # fmt: skip
@json_option
@shared
def train(
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    device: str | None,
    memory_gb: float,
    workers: int | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Fine-tune a model on your own pairs and write a folder for --model.

    PAIRS is a table (CSV, TSV, JSONL, Parquet) with a column of pictures and one of texts, at
    least 60 pictures; a few hundred make a difference. What was found before and after, on
    pictures held back, is printed and written into the folder's README.md.

    \b
    binocle train pairs.csv --from mini --out tuned
    binocle train pairs.csv --from ViT-B-32/datacomp_xl_s13b_b90k --out tuned --keep 0.5
    binocle train pairs.csv --from tuned --out tuned-more --batch 1024 --chunk 32
    """
    from api.cli.output.training import print_outcome, watching
    from api.settings import read_settings
    from indexer.sources.table import ColumnRoles
    from training.finetuning import Task, finetune
    from training.recipe import Recipe
    from training.trainer import TrainingStoppedError

    settings = read_settings(device=device, workers=workers)
    given = {one.name: said.pop(one.name) for one in fields(Recipe)}
    task = Task(
        **said,
        recipe=Recipe(**{name: value for name, value in given.items() if value is not None}),
        columns=ColumnRoles(None, image_column, tuple(text_columns), image_root),
        device=settings.device,
        cache_dir=str(settings.model_cache) if settings.model_cache else None,
        memory_bytes=int(memory_gb * 1024**3),
        limits=settings.limits,
        workers=settings.workers,
    )
    with watching(task.pairs.name) as watcher:
        try:
            outcome = finetune(task, watcher)
        except TrainingStoppedError as error:
            say(f"Error: {error}; run the same command with --resume to go on", err=True)
            sys.exit(_EXIT_INTERRUPTED)
    print_outcome(outcome, task.out, task.recipe, as_json=as_json)
