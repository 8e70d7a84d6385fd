"""Texts to pictures and back, on rows whose ranks can be worked out by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from binocle.encoders.base import unit_rows
from binocle.types import Float32Array
from evaluation.pairs import match_texts
from evaluation.results import ModelResult, compare
from evaluation.retrieval import RetrievalReport, evaluate_pairs


def at(*degrees: float) -> Float32Array:
    """Return unit rows in the plane; nearer in angle is nearer."""
    radians = np.radians(degrees)
    return np.column_stack([np.cos(radians), np.sin(radians)]).astype(np.float32)


def noisy(seed: int, noise: float) -> tuple[Float32Array, Float32Array, Any]:
    """Return 80 pictures with three texts each, more or less near."""
    rng = np.random.default_rng(5)
    pictures = rng.normal(size=(80, 16))
    owner = np.repeat(np.arange(80), 3)
    texts = pictures[owner] + noise * np.random.default_rng(seed).normal(size=(240, 16))
    return unit_rows(pictures), unit_rows(texts), owner


def evaluate_retrieval(
    image_rows: Float32Array, text_rows: Float32Array, picture_of_text: Any, resamples: int = 1000
) -> RetrievalReport:
    """Measure where every text belongs to one picture."""
    texts = np.arange(len(text_rows))
    return evaluate_pairs(image_rows, text_rows, texts, picture_of_text, resamples=resamples)


def test_figures_are_those_worked_out_by_hand() -> None:
    pictures, texts = at(0, 40, 90), at(5, 50, 85, 30)
    report = evaluate_retrieval(pictures, texts, np.array([0, 0, 2, 1]), resamples=50)
    by_text = report.text_to_image  # ranks 1, 3, 1, 1
    assert (by_text.queries, by_text.candidates, by_text.tied) == (4, 3, 0)
    assert by_text.estimates["recall@1"].value == 0.75
    assert by_text.estimates["recall@5"].value == 1
    assert by_text.estimates["median rank"].value == 1
    assert by_text.estimates["MRR"].value == pytest.approx((1 + 1 / 3 + 1 + 1) / 4)
    assert [one.value for one in by_text.curve] == [0.75, 0.75, 1]
    by_picture = report.image_to_text
    # picture 0: its texts at 5 and 50 degrees stand 1st and 3rd; picture 1: 10 away, with the
    # text at 50 degrees just as far, so 2nd; picture 2: 1st
    assert by_picture.estimates["recall@1"].value == pytest.approx(2 / 3)
    assert by_picture.estimates["MRR"].value == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert by_picture.estimates["mAP"].value == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2 + 1) / 3)
    ndcg = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert by_picture.estimates["nDCG@10"].value == pytest.approx((ndcg + 1 / np.log2(3) + 1) / 3)
    assert by_picture.tied == pytest.approx(1 / 3)


def test_estimates_and_replicates_are_in_the_same_order() -> None:
    direction = evaluate_retrieval(*noisy(1, 1.5), resamples=300).text_to_image
    assert list(direction.estimates) == [
        "recall@1", "recall@5", "recall@10", "median rank", "MRR", "nDCG@10", "mAP",
    ]  # fmt: skip
    for estimate, replicates in zip(
        direction.estimates.values(), direction.replicates.T, strict=True
    ):
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.low == np.quantile(replicates, 0.025, method="lower")
        assert estimate.high == np.quantile(replicates, 0.975, method="higher")


def test_any_caption_of_a_picture_is_right_and_any_picture_of_a_text() -> None:
    pictures, texts = at(0, 10, 90), at(6, 88)
    joint = evaluate_pairs(pictures, texts, np.array([0, 0, 1]), np.array([0, 1, 2]), resamples=20)
    assert joint.text_to_image.queries == 3
    assert (
        joint.text_to_image.estimates["recall@1"].value == 1
    )  # the text at 6 degrees has two pictures
    assert joint.text_to_image.estimates["mAP"].value == 1
    apart = evaluate_retrieval(pictures, texts, np.array([0, 2]), resamples=20)
    assert apart.text_to_image.estimates["recall@1"].value == 0.5


def test_a_picture_without_text_is_a_candidate_and_no_query() -> None:
    report = evaluate_retrieval(at(0, 10, 90), at(8, 80), np.array([0, 2]), resamples=20)
    assert report.image_to_text.queries == 2
    assert report.text_to_image.candidates == 3
    assert report.text_to_image.estimates["recall@1"].value == 0.5


def test_equal_texts_and_pictures_are_one() -> None:
    matches = match_texts([["A dog", "a cat"], ["a  DOG"], ["a cat", "a cat"]], ["x", "y", "x"])
    assert matches.texts == ("A dog", "a cat")
    pairs = set(zip(matches.pair_text.tolist(), matches.pair_picture.tolist(), strict=True))
    assert pairs == {(0, 0), (1, 0), (0, 1)}
    assert len(matches.pair_text) == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_rows": at(0)}, "at least 2"),
        ({"text_rows": at(), "picture_of_text": np.array([], np.int64)}, "make no pairs"),
        ({"picture_of_text": np.array([0, 5])}, "up to 5"),
        ({"picture_of_text": np.array([-1, 1])}, "pairs name rows"),
        ({"picture_of_text": np.array([0])}, "2 texts and 1 pictures"),
        ({"image_rows": np.ones((2, 3), np.float32)}, "do not fit"),
        ({"resamples": 0}, "at least 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], says: str) -> None:
    given = {"image_rows": at(0, 9), "text_rows": at(0, 9), "picture_of_text": np.array([0, 1])}
    with pytest.raises(ValueError, match=says):
        evaluate_retrieval(**(given | changes))


def result(name: str, report: RetrievalReport) -> ModelResult:
    return ModelResult(name, "test", {"text → image": report.text_to_image}, 0.0)


def test_a_model_does_not_differ_from_itself() -> None:
    one = result("one", evaluate_retrieval(*noisy(1, 1.5)))
    for difference in compare(one, replace(one, model="same")):
        assert (difference.estimate.low, difference.estimate.high) == (0, 0)
        assert not difference.is_beyond_chance


def test_a_much_better_model_is_better_beyond_chance() -> None:
    good, bad = (result(str(noise), evaluate_retrieval(*noisy(1, noise))) for noise in (1.0, 3.0))
    assert all(one.is_beyond_chance and one.is_better for one in compare(bad, good))
    assert all(one.is_beyond_chance and not one.is_better for one in compare(good, bad))


def test_models_of_equal_quality_are_rarely_told_apart() -> None:
    beyond = 0
    for seed in range(16):
        pair = [result("x", evaluate_retrieval(*noisy(2 * seed + one, 1.5), resamples=200))
                for one in (0, 1)]  # fmt: skip
        beyond += compare(*pair)[0].is_beyond_chance
    assert beyond <= 3


def test_a_paired_interval_is_narrower_than_the_two_together() -> None:
    rng = np.random.default_rng(0)
    pictures, texts, owner = noisy(1, 1.5)
    nearly = unit_rows(texts + 0.02 * rng.normal(size=texts.shape))
    first, second = (
        result("x", evaluate_retrieval(pictures, rows, owner)) for rows in (texts, nearly)
    )
    difference = compare(first, second)[0].estimate
    alone = first.sections["text → image"].estimates["recall@1"]
    assert difference.high - difference.low < 0.6 * (alone.high - alone.low)


def test_figures_of_different_pictures_are_not_compared() -> None:
    pictures, texts, owner = noisy(1, 1.5)
    one = result("one", evaluate_retrieval(pictures, texts, owner))
    other = result("other", evaluate_retrieval(pictures, texts[:90], owner[:90]))
    with pytest.raises(ValueError, match="not measured on the same"):
        compare(one, other)
