"""Confidence intervals contain the truth as often as they say."""

import numpy as np
import pytest

from binocle.types import Int64Array
from evaluation.bootstrap import draw_weights, draw_within, interval, resample
from evaluation.metrics import Float64Array


def means(
    values: Float64Array, cluster: Int64Array, *, seed: int, resamples: int = 400
) -> Float64Array:
    sums = np.bincount(cluster, values)[:, np.newaxis].astype(np.float64)
    replicates, _ = resample(sums, values, cluster, resamples=resamples, seed=seed)
    return replicates[:, 0]


def coverage(*, by_picture: bool) -> float:
    """Return how often the interval of a share contains it, five queries a picture."""
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        ease = rng.beta(0.6, 1.4, 120)  # mean 0.3: what is easy is easy for all five captions
        values = (rng.random((120, 5)) < ease[:, np.newaxis]).astype(np.float64).ravel()
        cluster = np.arange(600) // 5 if by_picture else np.arange(600)
        estimate = interval(values.mean(), means(values, cluster, seed=trial))
        hits += estimate.low <= 0.3 <= estimate.high
    return hits / 300


def test_intervals_over_pictures_contain_the_truth_about_95_times_in_100() -> None:
    assert 0.91 <= coverage(by_picture=True) <= 0.98


def test_intervals_over_captions_would_be_too_narrow() -> None:
    assert coverage(by_picture=False) < 0.85


def test_means_and_medians_are_those_of_the_queries_drawn() -> None:
    rng = np.random.default_rng(3)
    cluster = np.sort(rng.permutation(np.concatenate([np.arange(9), rng.integers(0, 9, 21)])))
    ranks = rng.integers(1, 40, 30).astype(np.float64)
    sums = np.bincount(cluster, ranks)[:, np.newaxis].astype(np.float64)
    replicates, medians = resample(sums, ranks, cluster, resamples=50, seed=7)
    weights = np.concatenate(list(draw_weights(9, 50, 7, width=30)))
    for row, mean, median in zip(weights.astype(int), replicates[:, 0], medians, strict=True):
        drawn = np.repeat(ranks, row[cluster])
        assert mean == pytest.approx(drawn.mean())
        assert median == np.median(drawn)


def test_every_draw_has_as_many_pictures_as_there_are() -> None:
    weights = np.concatenate(list(draw_weights(11, 200, 0, width=300_000)))
    assert weights.shape == (200, 11)
    assert (weights.sum(axis=1) == 11).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(11), abs=0.25)
    assert len(np.unique(weights, axis=0)) > 190


def test_the_same_seed_gives_the_same_draws_and_another_one_others() -> None:
    values = np.arange(20.0)
    first, again, other = (
        means(values, np.arange(20), seed=seed, resamples=9) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unknown_ranks_have_infinite_medians_and_no_warning() -> None:
    ranks = np.array([1.0, np.inf, np.inf, np.inf])
    _, medians = resample(np.zeros((4, 1)), ranks, np.arange(4), resamples=100, seed=0)
    assert interval(np.inf, medians).high == np.inf
    assert not np.isnan(medians).any()


def test_draws_within_classes_keep_their_sizes() -> None:
    sizes = np.array([1, 5, 30])
    values = np.column_stack([np.ones(36), np.repeat([0.0, 1.0, 2.0], sizes)])
    sums = np.concatenate(list(draw_within(values, sizes, resamples=20, seed=0)))
    assert (sums[:, :, 0] == sizes).all()
    assert (sums[:, :, 1] == sizes * [0, 1, 2]).all()
