"""From a table of pairs and a model's name to a folder with a better model."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from binocle.errors import SourceError, UsageError
from binocle.types import ImageSpec, Limits
from evaluation.pairs import read_pairs
from indexer.sources.base import Candidate
from indexer.sources.table import ColumnRoles
from training import checkpoints
from training.batches import Batches
from training.models import Trainee
from training.objectives import Objective
from training.output_folder import CARD, CHECKPOINT, HISTORY, PIXELS, PLOT, check_folder, claimed
from training.pictures import (
    LEAST_HELD_BACK,
    LEAST_TRAINED,
    Decoding,
    HeldBack,
    TrainingPictures,
    divide,
    held_back,
)
from training.recipe import Recipe, TrainingPrecision
from training.reports import TrainingOutcome, draw, licence_of, write_card, write_history
from training.trainer import Hooks, Row, Trainer, TrainingProgress
from training.validation import Recalls, measure, recalls

_MARGIN = 1.3  # how much larger than the model's input pictures are kept, for crops
_CHECKED = 8
_DRAW_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Task:
    """What to train, on what, into which folder.

    Attributes:
        pairs: The table.
        model: The model to start from, any name ``open_encoder`` knows.
        out: The folder to write; new or empty.
        recipe: How to train.
        columns: Which columns of the table mean what.
        held_back: A table to measure on; None holds back a part of the pairs.
        teacher: A model whose similarities to match.
        resume: Whether to go on with the interrupted run in ``out``.
        device: As for ``OpenClipEncoder``.
        precision: Of the arithmetic.
        cache_dir: Where open_clip keeps downloads.
        memory_bytes: What the decoded pictures may take in memory; more goes to disk.
        limits: What one picture may cost.
        workers: How many pictures are decoded at once.
    """

    pairs: Path
    model: str
    out: Path
    recipe: Recipe = field(default_factory=Recipe)
    columns: ColumnRoles = field(default_factory=ColumnRoles)
    held_back: Path | None = None
    teacher: str | None = None
    resume: bool = False
    device: str = "auto"
    precision: TrainingPrecision = "auto"
    cache_dir: str | None = None
    memory_bytes: int = 2 * 1024**3
    limits: Limits = field(default_factory=Limits)
    workers: int = 2


class Watcher(Protocol):
    """Whoever looks on."""

    def reading(self, done: int, total: int) -> None:
        """Be told how many pictures have been decoded."""

    def training(self, progress: TrainingProgress) -> None:
        """Be told how far training is."""

    def should_stop(self) -> bool:
        """Tell whether to save the state and stop, between two steps."""
        ...


def finetune(task: Task, watcher: Watcher) -> TrainingOutcome:
    """Train and write a model folder, with card, history and plot.

    Raises:
        UsageError: The folder cannot be used, or ``resume`` does not fit what is there.
        SourceError: There are too few pairs, or the table cannot be read.
        ModelError: The model cannot be opened, trained or frozen as wanted.
        TrainingStoppedError: The watcher wanted an end; ``resume`` goes on.
    """
    started = time.monotonic()
    check_folder(task.out, resume=task.resume)
    candidates = read_pairs(task.pairs, task.columns).pictures
    _check_count(len(candidates), task, "")
    others = read_pairs(task.held_back, task.columns).pictures if task.held_back else None
    trainee = _open(task, task.model)
    with claimed(task.out):
        with _data(task, trainee, candidates, others, watcher) as (pictures, places, judges):
            run = _Run(task, trainee, pictures, places, judges)
            run.train(watcher)
        texts = sum(len(pictures.texts(place)) for place in places)
        trainee.write(task.out)
        trainee.check_written(task.out, judges.pixels[:_CHECKED], judges.matches.texts[:_CHECKED])
        outcome = run.outcome(started, skipped=len(pictures.skipped), texts=texts)
        draw(task.out / PLOT, run.trainer.history, run.trainer.best.step)
        write_card(task.out / CARD, outcome, task.recipe, licence_of(trainee.folder))
        (task.out / CHECKPOINT).unlink(missing_ok=True)
    return outcome


class _Run:
    """One run: what it needs to be the same again, and the trainer."""

    def __init__(
        self,
        task: Task,
        trainee: Trainee,
        pictures: TrainingPictures,
        places: Sequence[int],
        judges: HeldBack,
    ) -> None:
        self._task = task
        self._trainee = trainee
        self._judges = judges
        self._trained_pictures = len(places)
        self._drawn_at = time.monotonic()
        recipe = task.recipe
        start = _open(task, task.model) if recipe.keep else None
        teacher = _open(task, task.teacher) if task.teacher else None
        self._identity = {
            "data": pictures.fingerprint(),
            "held back": str([*judges.matches.texts, len(judges), list(places)]),
            "start": trainee.encoder.space.fingerprint,
            "teacher": teacher.encoder.space.fingerprint if teacher else "",
            "precision": trainee.precision,
            "recipe": json.dumps(asdict(recipe)),
        }
        rows = trainee.encode(judges.pixels, judges.matches.texts)
        self.before = recalls(*rows, judges, intervals=True)
        trainee.freeze(recipe.lock, recipe.unfreeze_last)
        objective = Objective(trainee, recipe, start=start, teacher=teacher)
        objective.fit_bias(*rows, batch=recipe.batch)
        batches = Batches(
            pictures, places, recipe, spec=trainee.image_spec, tokenize=trainee.tokenize
        )
        self._hooks = partial(Hooks, self._measure, self._save)
        self.trainer = Trainer(trainee, objective, batches, recipe)
        if task.resume and (task.out / CHECKPOINT).is_file():
            self._restore(checkpoints.load(task.out / CHECKPOINT))

    def train(self, watcher: Watcher) -> None:
        path = self._task.out / HISTORY
        write_history(path, self.trainer.history)
        with path.open("a", buffering=1) as file:

            def record(row: Row) -> None:
                file.write(f"{json.dumps(row)}\n")

            self.trainer.run(self._hooks(record, watcher.training, watcher.should_stop))

    def outcome(self, started: float, *, skipped: int, texts: int) -> TrainingOutcome:
        """Say what the run did, after a last measurement."""
        task, trainer = self._task, self.trainer
        after = self.before
        if trainer.best.step:
            after = measure(self._trainee, self._judges, intervals=True)
        return TrainingOutcome(
            start=_name(task.model),
            data=task.pairs.name,
            trained_pictures=self._trained_pictures,
            trained_texts=texts,
            held_back_pictures=len(self._judges),
            skipped=skipped,
            steps=trainer.step,
            best_step=trainer.best.step,
            share_of_start=trainer.best.share_of_start,
            epochs=trainer.epochs,
            lr=trainer.lr,
            teacher=_name(task.teacher) if task.teacher else None,
            trained_parameters=trainer.trained_parameters,
            runs_on=f"{self._trainee.device}, {self._trainee.precision}",
            seconds=time.monotonic() - started,
            before=self.before,
            after=after,
        )

    def _measure(self) -> Recalls:
        return measure(self._trainee, self._judges) if self.trainer.step else self.before

    def _save(self, state: dict[str, Any]) -> None:
        checkpoints.save(self._task.out / CHECKPOINT, {"identity": self._identity, **state})
        if time.monotonic() - self._drawn_at > _DRAW_EVERY_S:
            draw(self._task.out / PLOT, self.trainer.history, self.trainer.best.step)
            self._drawn_at = time.monotonic()

    def _restore(self, state: dict[str, Any]) -> None:
        changed = [
            name for name in self._identity if state["identity"][name] != self._identity[name]
        ]
        if changed:
            raise UsageError(
                f"--resume goes on only with the run that was interrupted in {self._task.out}; "
                f"changed since: {', '.join(changed)}"
            )
        self.trainer.restore(state)


def _open(task: Task, name: str) -> Trainee:
    return Trainee(name, device=task.device, precision=task.precision, cache_dir=task.cache_dir)


@contextmanager
def _data(
    task: Task,
    trainee: Trainee,
    candidates: Sequence[Candidate],
    others: Sequence[Candidate] | None,
    watcher: Watcher,
) -> Iterator[tuple[TrainingPictures, list[int], HeldBack]]:
    """Decode and divide; a file of pixels that did not fit in memory is removed at the end."""
    spec = trainee.image_spec
    side = round(_MARGIN * max(spec.width, spec.height))
    decoding = Decoding(
        limits=task.limits,
        workers=task.workers,
        memory_bytes=task.memory_bytes,
        overflow=task.out / PIXELS,
        advance=watcher.reading,
    )
    aside = replace(decoding, overflow=task.out / f"{PIXELS}.held-back")
    try:
        squashed = ImageSpec(side, side, "squash", spec.interpolation)
        pictures = decoding.decode(candidates, squashed)
        if others is None:
            places, chosen = divide(len(pictures), seed=task.recipe.seed)
            others = [pictures.candidates[place] for place in chosen]
        judged = aside.decode(others, spec)
        known = set(judged.digests)
        places = [place for place, one in enumerate(pictures.digests) if one not in known]
        _check_count(len(pictures), task, f" ({len(pictures.skipped):,} could not be read)")
        if len(judged) < LEAST_HELD_BACK or len(places) < LEAST_TRAINED:
            raise SourceError(
                f"{len(places)} pictures to train on and {len(judged)} to measure on are too few; "
                f"it takes at least {LEAST_TRAINED} and {LEAST_HELD_BACK}, which can be read"
            )
        yield pictures, places, held_back(judged)
    finally:
        for path in task.out.glob(f"{PIXELS}*"):
            path.unlink()


def _check_count(count: int, task: Task, aside: str) -> None:
    least = LEAST_TRAINED + (0 if task.held_back else LEAST_HELD_BACK)
    if count < least:
        raise SourceError(
            f"{task.pairs} has {count} pictures with texts{aside}; training takes at least "
            f"{least}, and a few hundred to be worth it"
        )


def _name(model: str) -> str:
    """Say which model it was without telling where on this machine it lay."""
    folder = Path(model).expanduser()
    return folder.resolve().name if folder.is_dir() else model
