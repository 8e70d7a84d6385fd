"""Training as a person sees it: how far it is, and what came of it."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import TextColumn, TimeRemainingColumn

from api.cli.output.progress import rich_bar
from api.operations.plurals import counted
from api.terminal import say
from training.finetuning import Watcher
from training.output_folder import PLOT
from training.recipe import Recipe
from training.reports import TrainingOutcome
from training.trainer import TrainingProgress

_LINE_EVERY_S = 5.0


def print_outcome(outcome: TrainingOutcome, out: Path, recipe: Recipe, *, as_json: bool) -> None:
    """Print what training came to."""
    if as_json:
        body = {"out": str(out), "improved": outcome.improved, **asdict(outcome)}
        say(json.dumps({**body, "recipe": asdict(recipe)}))
        return
    skipped = f", {outcome.skipped:,} skipped as unreadable" if outcome.skipped else ""
    say(
        f"trained on {counted(outcome.trained_pictures, 'picture')} with "
        f"{counted(outcome.trained_texts, 'text')}, measured on "
        f"{counted(outcome.held_back_pictures, 'other')}{skipped}; "
        f"{outcome.steps:,} steps in {outcome.seconds:.0f} s on {outcome.runs_on}"
    )
    say("recall@1/5/10 on the pictures held back:")
    for name, recalls in (("before", outcome.before), ("after", outcome.after)):
        there = "/".join(f"{100 * one:.1f}" for one in recalls.text_to_image)
        back = "/".join(f"{100 * one:.1f}" for one in recalls.image_to_text)
        mean = f"{100 * recalls.mean:.1f}"
        say(f"  {name:<6}  text→image {there}  image→text {back}  mean {mean} %")
    if not outcome.improved:
        say("nothing found more than the start did, so its weights were kept as they are")
    say(f"wrote {out}: use it with --model {out}; {out / PLOT} shows how it went")


@contextmanager
def watching(label: str) -> Iterator[Watcher]:
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

    def training(self, progress: TrainingProgress) -> None:
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
            say(f"{self._label}: {done:,} of {total:,} {what}{more}", err=True)


class _Bars(_TrainingLines):
    """Progress on a terminal."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self._bar = rich_bar(TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
        self._tasks: dict[str, Any] = {}
        self._bar.start()

    def close(self) -> None:
        """Take the bars away."""
        self._bar.stop()

    def _show(self, what: str, done: int, total: int, note: str) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(f"{self._label}, {what}", note="")
        self._bar.update(self._tasks[what], completed=done, total=total, note=note)
