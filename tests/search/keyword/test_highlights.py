"""What was found is marked where it stands, in any script, and nothing of the text is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.keyword.highlights import highlighted


def marked(text: str, *words: str) -> list[str]:
    return [one.text for one in highlighted(text, words) if one.matched]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("A red Bag, RED shoes", ("red",), ["red", "RED"]),
        ("Bored in a red shirt", ("red",), ["red"]),
        ("Café crème", ("cafe",), ["Café"]),
        ("Cafe\u0301 noir", ("cafe",), ["Cafe\u0301"]),
        ("Sony WH-1000XM4 black", ("wh1000xm4",), ["WH-1000XM4"]),
        ("Sony WH-1000XM4 black", ("wh", "black"), ["WH", "black"]),
        ("a hand bag", ("hand bag",), ["hand bag"]),
        ("红色连衣裙 新款", ("红色",), ["红色"]),
        ("两件红色裙子", ("红色裙",), ["红色裙"]),
        ("Dresses for summer", ("dre",), ["Dre"]),
        ("dre and dresses", ("dre",), ["dre"]),
        ("Straße", ("strasse",), ["Straße"]),
        ("nothing of it", ("red",), []),
        ("", ("red",), []),
    ],
)
def test_words_are_marked_where_they_were_found(
    text: str, words: tuple[str, ...], expected: list[str]
) -> None:
    assert marked(text, *words) == expected


def test_a_long_text_is_an_excerpt_around_its_first_mark() -> None:
    pieces = highlighted("word " * 100 + "red " + "more " * 100, ["red"])
    assert (pieces[0].text, pieces[-1].text) == ("…", "…")
    assert [one.text for one in pieces if one.matched] == ["red"]
    assert sum(len(one.text) for one in pieces) <= 250
    assert 0 < len(pieces[1].text) <= 60


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_pieces_put_together_are_the_text(text: str, words: list[str]) -> None:
    pieces = highlighted(text, words)
    assert not pieces or "".join(one.text for one in pieces) == text
