"""Texts that the recipe makes up."""

import pytest

from training.mini.tokenizer import made_up, product_phrases

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_products_are_called_as_people_search_for_them() -> None:
    phrases = product_phrases("Accessories - Bags - Handbags - Red - Casual")
    assert {"red handbags", "red handbag", "a red handbag", "handbags", "red"} <= set(phrases)
    assert product_phrases("Apparel") == []


def test_made_up_texts_are_the_same_for_the_same_seed_and_hold_the_words() -> None:
    words = ["sneakers", "puppy"]
    one = made_up(["a dog runs on the beach"], ["red bag"], words, count=300, seed=1)
    assert one == made_up(["a dog runs on the beach"], ["red bag"], words, count=300, seed=1)
    assert len(one) == 300
    assert any("sneakers" in text for text in one)
