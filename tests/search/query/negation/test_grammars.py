"""A participle behind a noun begins what is said of another one, where it is none of a thing."""

import pytest

from search.query.negation.grammars import GRAMMARS, begins_clause, is_act


@pytest.mark.parametrize(
    ("word", "follows", "begins"),
    [
        ("running", "on", True),
        ("playing", "guitar", True),
        ("leaning", "against", True),
        ("holding", "a", True),
        ("covered", "in", True),
        ("made", "of", True),
        ("walking", "", False),
        ("charging", "cable", False),
        ("charging", "for", False),
        ("cancelling", "headphones", False),
        ("building", "with", False),
        ("red", "with", False),
        ("seed", "with", False),
    ],
)
def test_clauses_begin_with_what_somebody_does(word: str, follows: str, *, begins: bool) -> None:
    assert begins_clause(word, follows) == begins


def test_rings_and_strings_are_no_acts() -> None:
    assert not any(map(is_act, ("ring", "string", "earring", "wing", "ceiling", "red")))


def test_no_word_both_ends_what_is_negated_and_is_passed_over() -> None:
    for grammar in GRAMMARS:
        assert not any(map(grammar.is_passed_over, grammar.ends | grammar.links))
