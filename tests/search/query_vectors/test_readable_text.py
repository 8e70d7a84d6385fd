"""Of a text in two scripts a model reads the part that it can."""

import pytest

from search.query_vectors.readable_text import readable_part


def reads_english(text: str) -> bool:
    return text.isascii() and "vestido" not in text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("red dress", "red dress"),
        ("2022", "2022"),
        ("ニコン camera", "camera"),
        ("nike кроссовки for men", "nike for men"),
        ("ニコン", ""),
        ("ニコン D750", ""),
        ("vestido rojo", ""),
        ("vestido ニコン", ""),
        ("Straße in the rain", ""),
    ],
)
def test_words_in_a_script_that_is_not_read_are_left_out(text: str, part: str) -> None:
    assert readable_part(text, reads_english) == part


def test_one_word_that_the_collection_has_is_a_name() -> None:
    assert readable_part("Šatník", reads_english, "Šatník".__eq__) == "Šatník"
    assert not readable_part("Šatník", reads_english)
    assert not readable_part("ニコン", reads_english, lambda _: True)
    assert not readable_part("vestido rojo", reads_english, lambda _: True)
