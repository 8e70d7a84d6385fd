"""What a recipe may say, and what it leaves to be found."""

import pytest

from binocle.errors import UsageError
from training.recipe import Recipe, default_lr, epochs_for

pytestmark = pytest.mark.model


def test_recipes_out_of_range_are_refused() -> None:
    for wrong in ({"min_crop": 0.0}, {"batch": 1}, {"average": 1.0}, {"lr": 0.0}, {"warmup": 1.0}):
        with pytest.raises(UsageError, match="--"):
            Recipe(**wrong)


def test_large_models_get_lower_rates_and_large_batches_higher_ones() -> None:
    assert default_lr(20_000_000, 128) == pytest.approx(2e-4)
    assert 3e-5 < default_lr(150_000_000, 128) < 5e-5 < default_lr(20_000_000, 128)
    assert default_lr(20_000_000, 128) < default_lr(10**7, 128) < default_lr(10**7, 200)
    assert default_lr(10**12, 2) == 1e-5
    assert default_lr(1, 10**6) == 5e-4


def test_few_pairs_are_seen_more_often() -> None:
    assert [epochs_for(steps) for steps in (1, 3, 9, 10, 11, 500)] == [40, 34, 12, 10, 10, 10]
