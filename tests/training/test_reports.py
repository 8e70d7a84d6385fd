"""What is told of a training: the card and the plot."""

from pathlib import Path

import pytest

from training.recipe import Recipe
from training.reports import TrainingOutcome, draw, write_card
from training.validation import Recalls

pytestmark = pytest.mark.model


def recalls(value: float) -> Recalls:
    return Recalls((value,) * 3, (value,) * 3)


def test_the_card_tells_of_start_teacher_and_mixture(tmp_path: Path) -> None:
    outcome = TrainingOutcome(
        start="mini", data="shop.csv", trained_pictures=1234, trained_texts=2000,
        held_back_pictures=137, skipped=3, steps=40, best_step=40, share_of_start=0.25, epochs=10,
        lr=1e-4, teacher="ViT-L-14", trained_parameters=8_000_000, runs_on="cpu, float32",
        seconds=12.0, before=recalls(0.25), after=recalls(0.5),
    )  # fmt: skip
    card = tmp_path / "README.md"
    write_card(card, outcome, Recipe(), "apache-2.0")
    text = card.read_text()
    for said in (
        "license: apache-2.0", "mini, fine-tuned", "`shop.csv`: 1,234 pictures",
        "step 40 of 40, mixed with 25 % of the start's", "| teacher | ViT-L-14 |",
        "| mean | 25.0 | 50.0 |", "names `apache-2.0`",
    ):  # fmt: skip
        assert said in text


def test_a_plot_can_be_drawn_of_any_history(tmp_path: Path) -> None:
    for rows in ([], [{"step": 1.0, "loss": 2.0, "lr": 0.1, "scale": 10.0}]):
        draw(tmp_path / "progress.png", rows, 0)
        assert (tmp_path / "progress.png").read_bytes().startswith(b"\x89PNG")
