"""What is contrasted with what."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from binocle.types import ImageSpec
from tests.support.training import pictures
from training.batches import Batches
from training.recipe import Recipe

pytestmark = pytest.mark.model


def batches(texts: Sequence[Sequence[str]], places: Sequence[int], **recipe: Any) -> Batches:
    return Batches(
        pictures(texts),
        places,
        Recipe(**recipe),
        spec=ImageSpec(8, 8),
        tokenize=lambda own: torch.tensor([[len(one)] for one in own]),
    )


def numbers(batch: Any) -> list[int]:
    return [int(one) for one in batch.pixels[:, 0, 0, 0]]


def test_an_epoch_shows_every_picture_once_with_one_of_its_texts() -> None:
    texts = [[f"{number} {'x' * k}" for k in range(3)] for number in range(50)]
    places = list(range(5, 50))
    made = batches(texts, places, batch=20)
    assert made.per_epoch == 3
    seen: Counter[str] = Counter()
    for epoch in range(3):
        shown = []
        for step in range(3 * epoch, 3 * epoch + 3):
            batch = made.at(step)
            assert len(batch) == 15
            for number, text, tokens in zip(numbers(batch), batch.texts, batch.tokens, strict=True):
                assert text in texts[number]
                assert tokens.tolist() == [len(text)]
            shown += numbers(batch)
            seen.update(batch.texts)
        assert sorted(shown) == places
    assert set(seen.values()) == {1}  # three epochs, three texts, each its turn
    assert len(seen) == 3 * 45


def test_a_step_s_batch_depends_on_seed_and_step_only() -> None:
    texts = [[str(number)] for number in range(40)]
    one, other = (batches(texts, range(40), batch=16, seed=3) for _ in range(2))
    for step in (7, 2):
        first, second = one.at(step), other.at(step)
        assert first.texts == second.texts
        assert torch.equal(first.crops.windows, second.crops.windows)
        assert torch.equal(first.crops.flipped, second.crops.flipped)
    assert one.at(0).texts != batches(texts, range(40), batch=16, seed=4).at(0).texts
    assert one.at(0).texts != one.at(3).texts


def test_equal_texts_have_equal_numbers() -> None:
    batch = batches([["A  dog"], ["a dog"], ["a cat"]], range(3), batch=3).at(0)
    by_picture = dict(zip(numbers(batch), batch.text_ids.tolist(), strict=True))
    assert by_picture[0] == by_picture[1] != by_picture[2]


def test_pictures_whose_text_names_a_side_are_not_mirrored() -> None:
    texts = [["the left one"] if number % 2 else ["one"] for number in range(60)]
    made = batches(texts, range(60), batch=60)
    flipped = torch.zeros(60, dtype=torch.bool)
    for step in range(6):
        batch = made.at(step)
        flipped[numbers(batch)] |= batch.crops.flipped
    assert not flipped[1::2].any()
    assert flipped[::2].any()
    assert not batches(texts, range(60), batch=60, flip=False).at(0).crops.flipped.any()
