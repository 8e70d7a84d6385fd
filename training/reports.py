"""What a run leaves for a person: the history, its plot, the model's card."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from binocle import __version__
from training.output_folder import replaced
from training.recipe import Recipe
from training.trainer import Row
from training.validation import Recalls

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNKNOWN_LICENCE = "other"
_LICENCE = re.compile(r"^license:\s*(\S+)\s*$", re.MULTILINE)
_CARD = """---
license: {licence}
library_name: open_clip
pipeline_tag: zero-shot-image-classification
---
# {name}

{outcome.start}, fine-tuned with Binocle {version} on pairs of pictures and texts.

```sh
binocle index PICTURES -c COLLECTION --model {name}
```

It is an open_clip model (`open_clip.create_model("local-dir:FOLDER")`).

## Data

`{outcome.data}`: {outcome.trained_pictures:,} pictures with {outcome.trained_texts:,} texts to
train on, {outcome.held_back_pictures:,} other pictures held back to measure on,
{outcome.skipped:,} that could not be read.

## Results

Recall on the pictures held back, in per cent, with 95 % confidence intervals. {verdict}
The step was chosen on these same pictures, so expect a little less on others.

{results}

It was not measured on anything but pictures like those it was trained on. Fine-tuning usually
costs some of what a model knew of everything else.

## Recipe

{outcome.trained_parameters:,} weights were trained on {outcome.runs_on}; the last session took
{outcome.seconds:,.0f} s.

| setting | value |
|---|---|
{settings}

## Licence

{terms} The pictures and texts have licences of their own, which may bear on what the model may
be used for.
"""


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """What a run did.

    Attributes:
        start: The model it began with.
        data: The table's file name.
        trained_pictures: How many were trained on.
        trained_texts: How many texts these have.
        held_back_pictures: How many were measured on.
        skipped: How many could not be read.
        steps: Steps done.
        best_step: After which the weights were best; 0 where nothing got better.
        share_of_start: How much of the start is mixed into what was written, 0 to 1.
        epochs: Of the whole run, had it not stopped early.
        lr: The highest learning rate.
        teacher: The model whose similarities were matched, if any.
        trained_parameters: How many numbers were trained.
        runs_on: Device and precision.
        seconds: How long this call took.
        before: Recalls of the start.
        after: Recalls of what was written.
    """

    start: str
    data: str
    trained_pictures: int
    trained_texts: int
    held_back_pictures: int
    skipped: int
    steps: int
    best_step: int
    share_of_start: float
    epochs: int
    lr: float
    teacher: str | None
    trained_parameters: int
    runs_on: str
    seconds: float
    before: Recalls
    after: Recalls

    @property
    def improved(self) -> bool:
        """Whether what was written is better than the start."""
        return self.best_step > 0


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as JSON Lines, in place of what was there."""
    with replaced(path) as file:
        file.writelines(f"{json.dumps(row)}\n".encode() for row in rows)


def licence_of(folder: Path | None) -> str:
    """Return the licence a model folder's card names, ``other`` where none is named."""
    if folder is None:
        return _UNKNOWN_LICENCE
    try:
        found = _LICENCE.search((folder / "README.md").read_text(errors="replace"))
    except OSError:
        return _UNKNOWN_LICENCE
    return found.group(1) if found else _UNKNOWN_LICENCE


def write_card(path: Path, outcome: TrainingOutcome, recipe: Recipe, licence: str) -> None:
    """Write a model card: what it is, from what, how, how good, and under which licence."""
    settings = "\n".join(
        f"| {name.replace('_', ' ')} | {'–' if value is None else value} |"
        for name, value in {
            **asdict(recipe),
            "epochs": outcome.epochs,
            "lr": f"{outcome.lr:.3g}",
            "teacher": outcome.teacher,
        }.items()
    )
    terms = (
        f"The starting model's card names `{licence}`."
        if licence != _UNKNOWN_LICENCE
        else "The starting model's card, where there is one, names no licence; look it up."
    )
    kept = f"those after step {outcome.best_step} of {outcome.steps}"
    if outcome.share_of_start:
        kept += f", mixed with {100 * outcome.share_of_start:.0f} % of the start's"
    verdict = (
        f"The weights are {kept}: they found most."
        if outcome.improved
        else "No step found more than the start did, so the weights are those of the start."
    )
    card = _CARD.format(
        name=path.parent.name,
        licence=licence,
        terms=terms,
        verdict=verdict,
        version=__version__,
        settings=settings,
        results=results_table(outcome),
        outcome=outcome,
    )
    with replaced(path) as file:
        file.write(card.encode())


def results_table(outcome: TrainingOutcome) -> str:
    """Return recalls before and after as a Markdown table."""
    lines = ["| recall | before | after |", "|---|---|---|"]
    before, after = outcome.before, outcome.after
    names = [f"{way}@{k}" for way in ("text→image ", "image→text ") for k in (1, 5, 10)]
    for place, name in enumerate(names):
        cells = [_cell(one, place) for one in (before, after)]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    lines.append(f"| mean | {100 * before.mean:.1f} | {100 * after.mean:.1f} |")
    return "\n".join(lines)


def _cell(recalls: Recalls, place: int) -> str:
    value = (recalls.text_to_image + recalls.image_to_text)[place]
    if not recalls.intervals:
        return f"{100 * value:.1f}"
    low, high = recalls.intervals[place]
    return f"{100 * value:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def draw(path: Path, rows: Sequence[Row], best_step: int) -> None:
    """Draw loss and recall over the steps.

    Args:
        path: A PNG file.
        rows: The history.
        best_step: Marked as the one whose weights were kept.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_losses(above, rows)
    _draw_recalls(below, rows, best_step)
    for axes in (above, below):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    with replaced(path) as file:
        figure.savefig(file, format="png", dpi=110)


def _draw_losses(above: "Axes", rows: Sequence[Row]) -> None:
    steps = [row["step"] for row in rows if "loss" in row]
    losses = [row["loss"] for row in rows if "loss" in row]
    above.plot(steps, losses, color="#9db7d5", linewidth=1, label="each step")
    above.plot(steps, _smoothed(losses), color="#1f5fa8", linewidth=2, label="smoothed")
    above.set_ylabel("loss")
    above.legend(frameon=False)


def _draw_recalls(below: "Axes", rows: Sequence[Row], best_step: int) -> None:
    measured = [row for row in rows if "mean_recall" in row and not row["share_of_start"]]
    at = [row["step"] for row in measured]
    for name, style in (("text_to_image", "-"), ("image_to_text", "--")):
        for k, colour in ((1, "#7b3294"), (5, "#c2662d"), (10, "#2d8a57")):
            values = [100 * row[f"{name}_{k}"] for row in measured]
            label = f"{name.replace('_to_', '→')} @{k}"
            below.plot(at, values, style, color=colour, linewidth=1, label=label)
    means = [100 * row["mean_recall"] for row in measured]
    below.plot(at, means, color="black", linewidth=2.5, marker="o", markersize=4, label="mean")
    mixed = [row for row in rows if row.get("share_of_start")]
    if mixed:
        below.plot(
            [row["step"] for row in mixed],
            [100 * row["mean_recall"] for row in mixed],
            "k+",
            label="mean, mixed with the start",
        )
    below.axvline(best_step, color="grey", linestyle=":", label=f"kept: step {best_step}")
    below.set_xlabel("step")
    below.set_ylabel("recall on pictures held back, %")
    below.set_ylim(0, 100)
    below.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def _smoothed(values: Sequence[float]) -> list[float]:
    """Exponential smoothing over a tenth of the run, without the pull of the first value."""
    keep = min(0.95, max(0.5, 1 - 10 / max(len(values), 1)))
    result: list[float] = []
    total = weight = 0.0
    for value in values:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        result.append(total / weight)
    return result
