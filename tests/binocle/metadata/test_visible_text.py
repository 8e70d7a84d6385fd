"""What nobody sees is taken out of a text, and nothing that anybody sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.catalog import tokenizer
from binocle.metadata.visible_text import visible


@pytest.mark.parametrize(
    "mark",
    ["\u200b", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\ufeff", "\xad", "\x00",
     "\x07", "\x7f", "\x9f", "\u200c", "\u200d", "\ufe0e", "\U000e0041", "\ufffc"],
)  # fmt: skip
def test_invisible_characters_change_nothing(mark: str) -> None:
    for text in (f"{mark}red dress", f"re{mark}d dress", f"red {mark}dress", f"red dress{mark}"):
        assert visible(text) == "red dress"


@pytest.mark.parametrize("space", ["\xa0", "\u2003", "\u3000", "\t", "\n", "\u2028", "\x1f"])
def test_every_space_is_a_plain_one(space: str) -> None:
    assert visible(f"red{space}dress") == "red dress"


@pytest.mark.parametrize(
    "text",
    [
        "red dress",
        "红色 裙",
        "e\u0301t\u00e9",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "👩\u200d🚀 ❤\ufe0f",
        "שָׁלוֹם",
        "٣\u0600",
    ],
)
def test_what_is_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_stored_and_asked_words_are_the_same_without_invisible_marks() -> None:
    assert tokenizer.fold("Ré\u200bd\u200e") == tokenizer.fold("Réd")


@given(st.text(max_size=60))
def test_once_is_enough(text: str) -> None:
    assert visible(visible(text)) == visible(text)
