"""``binocle train``: options, progress for a person, what came of it."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import click

from api.cli.options import PATH, json_option, shared, table_options
from api.operations.plurals import counted

if TYPE_CHECKING:
    from training.recipe import Recipe
    from training.reports import Outcome
    from training.trainer import TrainingProgress

_EXIT_INTERRUPTED = 130
_LINE_EVERY_S = 5.0


@click.command()
@click.argument("pairs", metavar="PAIRS", type=PATH)
@click.option(
    "--from",
    "model",
    required=True,
    metavar="MODEL",
    help="The model to start from; see 'binocle models'.",
)
@click.option(
    "--out",
    required=True,
    metavar="FOLDER",
    type=PATH,
    help="Where the new model goes; a new or empty folder.",
)
@click.option(
    "--dev",
    "held_back",
    metavar="FILE",
    type=PATH,
    help="Measure on these pairs [a tenth of PAIRS, at least 20 pictures].",
)
@table_options
@click.option(
    "--resume", is_flag=True, help="Go on with the interrupted run in FOLDER; all else as it was."
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    metavar="N",
    help="How often each picture is seen, at most [10; more for few pairs].",
)
@click.option(
    "--batch", type=click.IntRange(2), metavar="N", help="Pairs contrasted with each other [128]."
)
@click.option(
    "--chunk",
    type=click.IntRange(1),
    metavar="N",
    help="Pairs embedded at once; lower it if memory runs out [64].",
)
@click.option(
    "--lr",
    type=click.FloatRange(0.0, min_open=True),
    metavar="RATE",
    help="Highest learning rate [by size of model and batch].",
)
@click.option("--weight-decay", type=click.FloatRange(0.0), metavar="X", help="AdamW's [0.05].")
@click.option(
    "--warmup",
    type=click.FloatRange(0.0, 1.0, max_open=True),
    metavar="SHARE",
    help="Share of the steps in which the rate rises [0.1].",
)
@click.option(
    "--loss",
    type=click.Choice(["infonce", "sigmoid"]),
    help="Contrast as in CLIP or as in SigLIP [infonce].",
)
@click.option(
    "--keep",
    type=click.FloatRange(0.0),
    metavar="WEIGHT",
    help="Stay near the start, against forgetting; 0.5 is moderate [0].",
)
@click.option("--teacher", metavar="MODEL", help="Match this model's similarities as well.")
@click.option(
    "--teacher-weight",
    type=click.FloatRange(0.0, 1.0),
    metavar="SHARE",
    help="How much the teacher counts [0.5].",
)
@click.option("--lock", type=click.Choice(["image", "text"]), help="Leave this tower as it is.")
@click.option(
    "--unfreeze-last",
    type=click.IntRange(0),
    metavar="N",
    help="Train the last N blocks of the locked tower; without --lock, of both only.",
)
@click.option(
    "--no-flip", "flip", is_flag=True, flag_value=False, default=None, help="Never mirror pictures."
)
@click.option(
    "--min-crop",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    metavar="SHARE",
    help="Smallest part of a picture that is shown [0.5].",
)
@click.option(
    "--average",
    type=click.FloatRange(0.0, 1.0, max_open=True),
    metavar="DECAY",
    help="Of the average of the weights; 0 for none [0.999].",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    metavar="N",
    help="Stop after N epochs without a better recall [a third of all, at least 5].",
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Of everything random [0].")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    help="Arithmetic; auto is the fastest that fits the device.",
)
@click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")
@click.option(
    "--memory-gb",
    type=click.FloatRange(0.0),
    default=2.0,
    show_default=True,
    metavar="N",
    help="For decoded pictures; more go to a file in FOLDER meanwhile.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Pictures decoded at once."
)
@json_option
@shared
def train(
    pairs: Path,
    model: str,
    out: Path,
    held_back: Path | None,
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    teacher: str | None,
    resume: bool,
    precision: Literal["auto", "float32", "bfloat16"],
    device: str | None,
    memory_gb: float,
    workers: int | None,
    as_json: bool,
    **recipe: Any,
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
    from api.settings import read_settings
    from indexer.sources.table import ColumnRoles
    from training.finetuning import Task, finetune
    from training.recipe import Recipe
    from training.trainer import TrainingStoppedError

    settings = read_settings(device=device, workers=workers)
    given = {name: value for name, value in recipe.items() if value is not None}
    task = Task(
        pairs,
        model,
        out,
        Recipe(**given),
        ColumnRoles(None, image_column, tuple(text_columns), image_root),
        held_back,
        teacher,
        resume,
        settings.device,
        precision,
        str(settings.model_cache) if settings.model_cache else None,
        int(memory_gb * 1024**3),
        settings.limits,
        settings.workers,
    )
    with _watching(pairs.name) as watcher:
        try:
            outcome = finetune(task, watcher)
        except TrainingStoppedError as error:
            click.echo(f"Error: {error}; run the same command with --resume to go on", err=True)
            sys.exit(_EXIT_INTERRUPTED)
    _print(outcome, out, task.recipe, as_json=as_json)


def _print(outcome: "Outcome", out: Path, recipe: "Recipe", *, as_json: bool) -> None:
    from training.reports import PLOT

    if as_json:
        body = {"out": str(out), "improved": outcome.improved, **asdict(outcome)}
        click.echo(json.dumps({**body, "recipe": asdict(recipe)}))
        return
    skipped = f", {outcome.skipped:,} skipped as unreadable" if outcome.skipped else ""
    click.echo(
        f"trained on {counted(outcome.trained_pictures, 'picture')} with "
        f"{counted(outcome.trained_texts, 'text')}, measured on "
        f"{counted(outcome.held_back_pictures, 'other')}{skipped}; "
        f"{outcome.steps:,} steps in {outcome.seconds:.0f} s on {outcome.runs_on}"
    )
    click.echo("recall@1/5/10 on the pictures held back:")
    for name, recalls in (("before", outcome.before), ("after", outcome.after)):
        there = "/".join(f"{100 * one:.1f}" for one in recalls.text_to_image)
        back = "/".join(f"{100 * one:.1f}" for one in recalls.image_to_text)
        mean = f"{100 * recalls.mean:.1f}"
        click.echo(f"  {name:<6}  text→image {there}  image→text {back}  mean {mean} %")
    if not outcome.improved:
        click.echo("nothing found more than the start did, so its weights were kept as they are")
    click.echo(f"wrote {out}: use it with --model {out}; {out / PLOT} shows how it went")


class _Watcher(Protocol):
    def reading(self, done: int, total: int) -> None: ...

    def training(self, progress: "TrainingProgress") -> None: ...

    def should_stop(self) -> bool: ...


@contextmanager
def _watching(label: str) -> Iterator[_Watcher]:
    """Show progress; once training has begun, an interrupt waits for the end of a step."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    lines = _Bars(label) if sys.stderr.isatty() else _TrainingLines(label)
    try:
        yield lines
    finally:
        lines.close()
        for number, handler in before.items():
            signal.signal(number, handler)


class _TrainingLines:
    """Progress where nobody can see a bar move: a line every few seconds."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._last = time.monotonic()
        self._stop = False
        self._is_training = False

    def reading(self, done: int, total: int) -> None:
        """Show how many pictures have been decoded."""
        self._show("pictures read", done, total, "")

    def training(self, progress: "TrainingProgress") -> None:
        """Show how far training is."""
        if not self._is_training:
            self._is_training = True
            before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

            def ask(number: int, _frame: object) -> None:
                self._stop = True
                signal.signal(number, before[signal.Signals(number)])  # twice is at once

            for number in before:
                signal.signal(number, ask)
        loss = f"loss {progress.loss:.3f}" if progress.loss is not None else ""
        recall = f", recall {100 * progress.recall:.1f} %" if progress.recall is not None else ""
        self._show("steps", progress.step, progress.steps, loss + recall)

    def should_stop(self) -> bool:
        """Tell whether somebody pressed Ctrl-C."""
        return self._stop

    def close(self) -> None:
        """Stop showing."""

    def _show(self, what: str, done: int, total: int, note: str) -> None:
        if time.monotonic() - self._last >= _LINE_EVERY_S:
            self._last = time.monotonic()
            more = f", {note}" if note else ""
            click.echo(f"{self._label}: {done:,} of {total:,} {what}{more}", err=True)


class _Bars(_TrainingLines):
    """Progress on a terminal."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, Any] = {}
        self._bar.start()

    def close(self) -> None:
        """Take the bars away."""
        self._bar.stop()

    def _show(self, what: str, done: int, total: int, note: str) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(f"{self._label}, {what}", note="")
        self._bar.update(self._tasks[what], completed=done, total=total, note=note)
