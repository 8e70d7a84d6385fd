"""Pictures that are held back from training."""

import pytest

from training.pictures import divide

pytestmark = pytest.mark.model


@pytest.mark.parametrize(("count", "held"), [(60, 20), (200, 20), (1000, 100), (30_000, 2000)])
def test_a_tenth_is_held_back_but_never_fewer_than_twenty(count: int, held: int) -> None:
    places, held_back = divide(count, seed=1)
    assert len(held_back) == held
    assert sorted(places + held_back) == list(range(count))
    assert divide(count, seed=1) == (places, held_back)
    assert divide(count, seed=2) != (places, held_back)
