"""Negated verbs are two words."""

import pytest

from search.spelling.contractions import spelt_out


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("don't", "do not"), ("Don’t panic", "Do not panic"),
        ("it can't, it won't", "it can not, it will not"),
        ("it isn't red", "it is not red"), ("t-shirt", "t-shirt"), ("men's shirts", "men's shirts"),
        ("n't", "n't"), ("'t", "'t"),
    ],
)  # fmt: skip
def test_negated_verbs_are_spelt_out(typed: str, read: str) -> None:
    assert spelt_out(typed) == read
