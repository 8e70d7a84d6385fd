"""The loop: which weights are kept, when it stops, what it reports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.training import batches, opened
from training.objectives import Objective
from training.recipe import Recipe
from training.trainer import Hooks, Trainer, TrainingProgress
from training.validation import Recalls

pytestmark = pytest.mark.model


def recalls(value: float) -> Recalls:
    return Recalls((value,) * 3, (value,) * 3)


class Runs:
    """A trainer, and how far its weights were from the start at each measurement."""

    def __init__(self, folder: Path, recipe: Recipe, judge: Callable[[list[float]], float]) -> None:
        self.trainee = opened(folder)
        self.weight = self.trainee.model.get_parameter("visual.proj")
        self.start = self.weight.detach().clone()
        made = batches(self.trainee, recipe)
        self.trainer = Trainer(self.trainee, Objective(self.trainee, recipe), made, recipe)
        self.moved: list[float] = []
        self.seen: list[TrainingProgress] = []

        def measure() -> Recalls:
            self.moved.append(self.distance())
            return recalls(judge(self.moved))

        self.trainer.run(Hooks(measure, advance=self.seen.append))

    def distance(self) -> float:
        return float((self.weight.detach() - self.start).norm())


def test_the_best_weights_are_kept_and_waiting_for_better_ones_ends(small_model: Path) -> None:
    recipe = Recipe(epochs=9, batch=12, lr=1e-3, patience=3)
    runs = Runs(small_model, recipe, lambda moved: 0.9 if len(moved) == 3 else 0.1)
    assert runs.trainer.best.step == 4  # measurement 1 is the start; two steps an epoch
    assert runs.trainer.step == 10  # and three more epochs to wait
    assert runs.distance() == pytest.approx(runs.moved[2], rel=1e-6)
    assert [one.step for one in runs.seen] == list(range(11))
    assert runs.seen[-1].steps == 18


def test_a_mixture_with_the_start_is_kept_where_it_finds_most(small_model: Path) -> None:
    recipe = Recipe(epochs=2, batch=24, lr=1e-3)

    def judge(moved: list[float]) -> float:
        # The third measurement is of the last weights; then come the mixtures.
        return float(len(moved) > 3 and moved[-1] == pytest.approx(0.5 * moved[2], rel=1e-3))

    runs = Runs(small_model, recipe, judge)
    assert (runs.trainer.best.step, runs.trainer.best.share_of_start) == (2, 0.5)
    assert runs.distance() == pytest.approx(0.5 * runs.moved[2], rel=1e-3)


def test_where_nothing_is_better_the_start_comes_back(small_model: Path) -> None:
    runs = Runs(small_model, Recipe(epochs=2, batch=24, lr=1e-3), lambda _moved: 0.5)
    assert max(runs.moved) > 0
    assert runs.distance() == 0
    assert runs.trainer.best.step == 0


def test_the_rate_follows_the_schedule(small_model: Path) -> None:
    recipe = Recipe(epochs=10, batch=24, lr=1e-3, warmup=0.2)
    runs = Runs(small_model, recipe, lambda moved: len(moved) / 100)
    rates = [row["lr"] for row in runs.trainer.history if "lr" in row]
    assert rates[:3] == pytest.approx([0.5e-3, 1e-3, 1e-3])
    assert rates[6] == pytest.approx(0.5e-3)
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
