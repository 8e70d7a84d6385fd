"""Relevant sets of broad questions, measured where the answer is known."""

import numpy as np
import pytest

from binocle.encoders.base import unit_rows
from binocle.types import BoolArray, Float32Array
from experiments.relevance.relevant_sets import measure

_DIMENSION = 32


def world(seed: int = 0) -> tuple[Float32Array, Float32Array, BoolArray, Float32Array]:
    """Four things with a hundred pictures each, texts near them, and a background."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, _DIMENSION))
    labels = np.repeat(np.arange(4), 100)
    pictures = unit_rows(centres[labels] + 0.5 * rng.normal(size=(400, _DIMENSION)))
    texts = unit_rows(centres + 0.3 * rng.normal(size=(4, _DIMENSION)))
    right = labels[np.newaxis] == np.arange(4)[:, np.newaxis]
    return pictures, texts, right, unit_rows(rng.normal(size=(200, _DIMENSION)))


def test_clear_clusters_are_found_and_no_better_than_by_the_best_cut() -> None:
    found = measure(*world())
    assert found.names == 4
    assert found.right == 100
    assert 0.8 < found.f1 <= found.best <= 1
    assert found.best > 0.95
    assert 50 < found.size <= 150


def test_what_the_model_does_not_know_is_left_out_and_said() -> None:
    pictures, texts, right, background = world()
    half = np.concatenate([texts[:2], -texts[2:]])
    assert measure(pictures, half, right, background).names == 2
    with pytest.raises(ValueError, match="knows none"):
        measure(pictures, -texts, right, background)
    with pytest.raises(ValueError, match="too few pictures"):
        measure(pictures[:5], texts, right[:, :5], background)
