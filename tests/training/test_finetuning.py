"""A whole run, from a table to a folder that searches."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from binocle.encoders.registry import open_encoder
from binocle.errors import BinocleError, ModelError, SourceError, UsageError
from tests.support.training import draw_pairs
from training.finetuning import Task, finetune
from training.output_folder import CHECKPOINT
from training.recipe import Recipe
from training.trainer import TrainingProgress, TrainingStoppedError

pytestmark = [pytest.mark.model, pytest.mark.slow]
WEIGHTS = "open_clip_model.safetensors"
QUICK = Recipe(epochs=2, batch=60, lr=1e-3, chunk=60)


class Onlooker:
    """Watches, and may ask for an end, or break off as if killed."""

    def __init__(self, stop_at: int | None = None, die_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.die_at = die_at
        self.step = 0
        self.read = 0

    def reading(self, done: int, total: int) -> None:
        self.read = max(self.read, done)

    def training(self, progress: TrainingProgress) -> None:
        self.step = progress.step
        if self.die_at is not None and self.step >= self.die_at:
            raise KeyboardInterrupt

    def should_stop(self) -> bool:
        return self.stop_at is not None and self.step >= self.stop_at


@pytest.fixture
def task(drawn: Path, small_model: Path, tmp_path: Path) -> Callable[..., Task]:
    def task(name: str = "out", recipe: Recipe = QUICK, **others: Any) -> Task:
        return Task(
            drawn, str(small_model), tmp_path / name, recipe,
            **{"device": "cpu", "precision": "float32", **others},
        )  # fmt: skip

    return task


def test_training_raises_recall_far_above_chance_and_writes_a_model(
    task: Callable[..., Task], drawn: Path
) -> None:
    recipe = Recipe(epochs=14, batch=60, chunk=32, lr=4e-3)
    done = task(recipe=recipe)
    outcome = finetune(done, Onlooker())
    assert (outcome.trained_pictures, outcome.held_back_pictures) == (180, 20)
    assert outcome.improved
    assert outcome.after.mean > outcome.before.mean + 0.25
    assert outcome.after.text_to_image[1] > 0.75  # of 20 pictures; chance is a quarter
    there = {path.name for path in done.out.iterdir()}
    assert there == {"README.md", "history.jsonl", "open_clip_config.json", WEIGHTS, "progress.png"}
    assert (done.out / WEIGHTS).stat().st_mode & 0o444 == (drawn.stat().st_mode & 0o444)
    card = (done.out / "README.md").read_text()
    assert "180 pictures with 360 texts" in card
    assert f"| mean | {100 * outcome.before.mean:.1f} | {100 * outcome.after.mean:.1f} |" in card
    assert str(done.out.parent) not in card
    rows = [json.loads(line) for line in (done.out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, outcome.steps + 1))
    best = [row["step"] for row in rows if row.get("mean_recall") == outcome.after.mean]
    assert outcome.best_step in best
    encoder = open_encoder(str(done.out), device="cpu", precision="float32")
    said, same, other = encoder.encode_texts(
        [
            "a red circle on a blue ground",
            "blue background, red circle",
            "a green square on a white ground",
        ]
    )
    assert float(said @ same) > float(said @ other) + 0.2


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / WEIGHTS)


def assert_same(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.long
def test_a_run_that_was_stopped_or_killed_ends_as_if_it_had_not_been(
    task: Callable[..., Task],
) -> None:
    recipe = Recipe(
        epochs=4, batch=60, chunk=25, lr=1e-3, loss="sigmoid", keep=0.1, patience=4, seed=3
    )
    whole = task("whole", recipe)
    finetune(whole, Onlooker())
    broken = task("broken", recipe)
    with pytest.raises(TrainingStoppedError, match="after step 4 of 12"):
        finetune(broken, Onlooker(stop_at=4))
    assert (broken.out / CHECKPOINT).is_file()
    with pytest.raises(KeyboardInterrupt):  # steps 7 and 8 are lost: the last epoch ended at 6
        finetune(replace(broken, resume=True), Onlooker(die_at=8))
    rest = Onlooker()
    finetune(replace(broken, resume=True), rest)
    assert rest.step == 12
    assert_same(whole.out, broken.out)
    history = "history.jsonl"
    assert (whole.out / history).read_text() == (broken.out / history).read_text()
    assert not (broken.out / CHECKPOINT).exists()


def test_resuming_something_else_is_refused(task: Callable[..., Task]) -> None:
    stopped = task()
    with pytest.raises(TrainingStoppedError):
        finetune(stopped, Onlooker(stop_at=1))
    with pytest.raises(UsageError, match="not empty; go on with --resume"):
        finetune(stopped, Onlooker())
    other = replace(stopped, resume=True, recipe=replace(QUICK, lr=2e-3))
    with pytest.raises(UsageError, match="changed since: recipe"):
        finetune(other, Onlooker())
    (stopped.out / CHECKPOINT).write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ModelError, match="damaged"):
        finetune(replace(stopped, resume=True), Onlooker())


def test_where_nothing_gets_better_the_start_is_kept(
    task: Callable[..., Task], small_model: Path
) -> None:
    done = task(recipe=replace(QUICK, lr=1e-9, epochs=8, patience=2))
    outcome = finetune(done, Onlooker())
    assert not outcome.improved
    assert outcome.steps == 6  # two epochs of three steps
    assert outcome.after == outcome.before
    assert_same(done.out, small_model)
    assert "weights are those of the start" in (done.out / "README.md").read_text()


@pytest.mark.parametrize(
    ("lock", "last", "moved"),
    [
        ("image", 0, "text"),
        ("text", 0, "image"),
        ("image", 1, "visual.transformer.resblocks.1"),
        (None, 1, "transformer.resblocks.1"),
    ],
)
def test_what_is_locked_stays(
    task: Callable[..., Task], small_model: Path, lock: Any, last: int, moved: str
) -> None:
    recipe = replace(QUICK, epochs=1, lr=5e-3, lock=lock, unfreeze_last=last, patience=9)
    done = task(recipe=recipe)
    finetune(done, Onlooker())
    before, after = weights(small_model), weights(done.out)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    changed.discard("logit_scale")
    if changed:  # it got better
        images = {name for name in changed if name.startswith("visual.")}
        if last == 0:
            assert changed == images or not images
            assert bool(images) == (moved == "image")
        else:
            assert any(moved in name for name in changed)
            assert not any("resblocks.0" in name for name in images)
    else:
        pytest.fail("nothing was trained")


def test_same_content_in_training_and_dev_is_measured_only(
    task: Callable[..., Task], drawn: Path, tmp_path: Path
) -> None:
    lines = drawn.read_text().splitlines()
    dev = tmp_path / "dev.csv"
    dev.write_text("\n".join([lines[0], *lines[1:61]]))
    done = task(
        held_back=dev,
        columns=replace(Task(drawn, "", dev).columns, image_root=drawn.parent / "images"),
    )
    outcome = finetune(done, Onlooker())
    assert (outcome.trained_pictures, outcome.held_back_pictures) == (170, 30)


def test_pixels_beyond_the_memory_go_to_disk_and_change_nothing(task: Callable[..., Task]) -> None:
    once = replace(QUICK, epochs=1)
    one, other = task("memory", once), task("disk", once, memory_bytes=1000)
    finetune(one, Onlooker())
    finetune(other, Onlooker())
    assert_same(one.out, other.out)
    assert not list(other.out.glob("pixels*"))


def test_a_teacher_is_matched(task: Callable[..., Task], tmp_path: Path) -> None:
    teacher = task("teacher", Recipe(epochs=5, batch=60, lr=4e-3))
    finetune(teacher, Onlooker())
    taught = task("taught", Recipe(epochs=6, batch=60, lr=4e-3, teacher_weight=1.0),
                  teacher=str(teacher.out))  # fmt: skip
    outcome = finetune(taught, Onlooker())
    assert outcome.after.mean > outcome.before.mean + 0.1


def test_too_few_or_unreadable_pictures_are_refused_or_skipped(
    task: Callable[..., Task], tmp_path: Path
) -> None:
    table = draw_pairs(tmp_path / "few", 70, seed=5)
    for number in range(8):
        (table.parent / "images" / f"{number:03}.png").write_bytes(b"no picture")
    done = replace(task(), pairs=table)
    outcome = finetune(done, Onlooker())
    assert (outcome.skipped, outcome.trained_pictures) == (8, 42)
    for number in range(8, 12):
        (table.parent / "images" / f"{number:03}.png").unlink()
    none = replace(done, out=tmp_path / "none")
    with pytest.raises(SourceError, match=r"has 58 pictures .*12 could not be read.* at least 60"):
        finetune(none, Onlooker())
    assert not none.out.exists()
    fewer = tmp_path / "few" / "fewer.csv"
    fewer.write_text("\n".join(table.read_text().splitlines()[:41]))
    watcher = Onlooker()
    with pytest.raises(SourceError, match="has 20 pictures with texts; training takes at least 60"):
        finetune(replace(none, pairs=fewer), watcher)
    assert watcher.read == 0


@pytest.mark.parametrize(
    ("others", "error", "message"),
    [
        ({"model": "colour"}, ModelError, "'colour' has no weights to train"),
        ({"teacher": "colour"}, ModelError, "'colour' has no weights to train"),
        ({"resume": True}, UsageError, "nothing to resume"),
        ({"recipe": replace(QUICK, unfreeze_last=9)}, ModelError, "leaves all of the image tower"),
        ({"recipe": replace(QUICK, lr=1e30)}, ModelError, "loss became nan.*lower --lr"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_folder(
    task: Callable[..., Task], others: dict[str, Any], error: type[BinocleError], message: str
) -> None:
    wrong = replace(task(), **others)
    with pytest.raises(error, match=message):
        finetune(wrong, Onlooker())
    assert not (wrong.out / WEIGHTS).exists()


def test_folders_that_are_taken_or_cannot_be_written_are_refused(
    task: Callable[..., Task], tmp_path: Path
) -> None:
    taken = task("taken")
    taken.out.mkdir()
    (taken.out / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty; choose another folder"):
        finetune(taken, Onlooker())
    with pytest.raises(UsageError, match="holds other files"):
        finetune(replace(taken, resume=True), Onlooker())
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match="is a file"):
        finetune(replace(taken, out=file), Onlooker())
    with pytest.raises(UsageError, match="cannot write to"):
        finetune(replace(taken, out=file / "below"), Onlooker())


def test_written_rows_are_those_of_the_trained_model(task: Callable[..., Task]) -> None:
    from training.models import Trainee

    done = task()
    finetune(done, Onlooker())
    trainee = Trainee(str(done.out), device="cpu", precision="float32")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    encoder = open_encoder(str(done.out), device="cpu", precision="float32")
    rows = trainee.image_rows(torch.from_numpy(pixels).permute(0, 3, 1, 2)).detach().numpy()
    assert np.allclose(rows, encoder.encode_images(pixels), atol=1e-5)
    with torch.no_grad():  # a folder that says something else is noticed
        next(trainee.model.parameters()).normal_()
        trainee.model.get_parameter("visual.proj").normal_()
    with pytest.raises(ModelError, match="other vectors"):
        trainee.check_written(done.out, pixels, ["a"])
