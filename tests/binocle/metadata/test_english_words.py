"""English words are told by a list, few of them and many."""

import pytest

from binocle.metadata.english_words import known_english


def test_a_few_words_are_known_as_among_many() -> None:
    asked = {"shoes", "recieve", "abbé", "don't", "the", "shoesq", "hoes ", "qqzz", 'a": 1, "'}
    known = {"shoes", "abbé", "don't", "the"}
    assert known_english(asked) == known
    assert known_english(asked | {f"{one}q" * 9 for one in range(99)}) == known


@pytest.mark.parametrize("word", ["a", "zürich's", "cat", "", "{", "}", "zzzz", "\n", "cat\ud800"])
def test_a_word_is_looked_up_wherever_it_stands_in_the_list(word: str) -> None:
    among_many = known_english({word, *(f"{one}q" * 9 for one in range(99))})
    assert known_english([word]) == among_many
