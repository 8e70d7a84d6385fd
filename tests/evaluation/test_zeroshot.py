"""Labels for pictures, on rows whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from binocle.encoders.base import unit_rows
from binocle.encoders.colour import ColourEncoder
from binocle.errors import SourceError, UsageError
from evaluation.results import Confusion
from evaluation.zeroshot import evaluate_zero_shot, read_labels
from search.labels.zero_shot import TEMPLATES, embed_labels


def test_figures_are_those_worked_out_by_hand() -> None:
    classes = np.eye(7, dtype=np.float32)
    pictures = np.zeros((6, 7), np.float32)
    labels = np.array([2, 0, 0, 0, 1, 2])
    for row, nearest in enumerate([2, 0, 1, 1, 1, 0]):
        pictures[row, nearest] = 0.9
        pictures[row, labels[row]] = max(0.4, pictures[row, labels[row]])
    report = evaluate_zero_shot(pictures, classes, labels, "abcdefg", resamples=50)
    assert report.estimates["top-1 accuracy"].value == pytest.approx(3 / 6)
    assert report.estimates["mean per-class recall"].value == pytest.approx((1 / 3 + 1 + 1 / 2) / 3)
    assert report.estimates["top-5 accuracy"].value == 1
    assert report.confusions == (Confusion("a", "b", 2), Confusion("c", "a", 1))
    assert list(report.estimates) == [
        "top-1 accuracy", "top-5 accuracy", "mean per-class recall",
    ]  # fmt: skip
    assert report.replicates.shape == (50, 3)


def test_labels_that_score_the_same_are_no_merit() -> None:
    rows = np.tile(np.array([[1, 0]], np.float32), (4, 1))
    report = evaluate_zero_shot(rows, rows[:3], np.array([0, 1, 2, 0]), "abc", resamples=20)
    assert (report.estimates["top-1 accuracy"].value, report.tied) == (0, 1)
    assert "top-5 accuracy" not in report.estimates
    assert report.confusions == ()


def test_intervals_of_accuracy_contain_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    classes = np.eye(4, dtype=np.float32)
    hits = 0
    for trial in range(200):
        labels = rng.integers(0, 4, 150)
        given = np.where(rng.random(150) < 0.7, labels, (labels + 1) % 4)
        report = evaluate_zero_shot(
            classes[given], classes, labels, "abcd", resamples=300, seed=trial
        )
        top_1 = report.estimates["top-1 accuracy"]
        hits += top_1.low <= 0.7 <= top_1.high
    assert 0.90 <= hits / 200 <= 0.99


def test_folders_are_labels_in_words(labelled: Path) -> None:
    (labelled / "read me.txt").write_text("not a label")
    found = read_labels(labelled)
    assert found.classes[:2] == ("blue square", "green square")
    assert len(found.pictures) == 18
    assert found.labels.tolist() == sorted(found.labels.tolist())


def test_one_folder_is_no_choice(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "a.png").write_text("x")
    with pytest.raises(SourceError, match="has 1 subfolders"):
        read_labels(tmp_path)
    with pytest.raises(SourceError, match="cannot read the folder"):
        read_labels(tmp_path / "nowhere")


def test_a_label_is_the_mean_of_its_sentences() -> None:
    encoder = ColourEncoder()
    rows = embed_labels(["red", "blue"], ["a {} thing", "{}"], encoder)
    expected = unit_rows(encoder.encode_texts(["a blue thing", "blue"]).mean(axis=0)[np.newaxis])
    assert rows.shape == (2, encoder.space.dimension)
    assert np.allclose(rows[1], expected[0], atol=1e-6)
    with pytest.raises(UsageError, match=r"has no \{\}"):
        embed_labels(["red"], ["a photo"], encoder)


def test_the_usual_templates_all_name_the_label() -> None:
    assert all(one.count("{}") == 1 for one in TEMPLATES)
