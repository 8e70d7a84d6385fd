"""The numbers of a run, and the log of what happened in it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class MiniRecipe:
    """The numbers of a run.

    Attributes:
        minutes: How long the towers train; the learning rate follows the clock.
        steps: How many steps instead; 0 lets ``minutes`` decide.
        side: Height and width of the crops in training, in pixels. Smaller than the side used
            later, since a crop shows things larger (Touvron et al. 2019).
        pictures: Pictures a step that come with their text, seen whole or nearly.
        crops: Windows of any pictures a step, half of them mixed two by two.
        texts: Made-up texts a step.
        tokens: Longer texts are cut in training.
        made_up: How many texts are made up in all.
        pairs_weight: The final weight of the contrastive losses.
        pairs_from: The share of the run after which they set in, growing to the end.
        image_rate: Peak learning rate of the image tower.
        text_rate: Peak learning rate of the text tower.
        weight_decay: Of the matrices.
        average: Decay of the average of the weights.
        limit: Only so many pictures of each data set, to try things.
        hold_back: Whether the measuring sets stay out of training.
        compiled: Whether the image tower is compiled, which pays in long runs on a GPU.
        measure_every: Seconds between measurements, each of which also writes the model.
        seed: Of everything random.
    """

    minutes: float = 20.0
    steps: int = 0
    side: int = 160
    pictures: int = 512
    crops: int = 768
    texts: int = 1280
    tokens: int = 32
    made_up: int = 300_000
    pairs_weight: float = 0.5
    pairs_from: float = 0.3
    image_rate: float = 1.5e-3
    text_rate: float = 8e-4
    weight_decay: float = 0.05
    average: float = 0.999
    limit: int | None = None
    hold_back: bool = True
    compiled: bool = False
    measure_every: float = 200.0
    seed: int = 0


class Log:
    """Prints facts and appends them to ``log.jsonl``."""

    def __init__(self, folder: Path) -> None:
        """Make the folder; times count from here."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._started = folder / "log.jsonl", time.perf_counter()

    def __call__(self, facts: dict[str, Any]) -> None:
        """Write some facts."""
        line = json.dumps({"at_s": round(time.perf_counter() - self._started, 1), **facts})
        click.echo(line)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
