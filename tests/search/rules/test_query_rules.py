"""Of several curations for a query, what each record's place is."""

from datetime import UTC, datetime
from typing import Any

from search.query.query import Term
from search.rules.query_rules import QueryRules, rules_for
from search.rules.ranking_rules import Pin
from search.rules.rules_document import parse_rules

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CURATIONS = [
    {"query": "dress", "match": "contains", "pin": ["a", "b"], "hide": ["x"]},
    {"query": "red dress", "pin": [{"id": "b", "position": 1}, {"id": "x", "position": 7}]},
    {"query": "red", "match": "contains", "hide": ["a", "c"], "language": "en"},
]
DOCUMENT = {
    "curations": CURATIONS,
    "boosts": [{"where": "stock > 0", "weight": 1}],
    "synonyms": [{"words": ["dress", "gown"]}],
}


def found(*terms: Term, **options: Any) -> QueryRules:
    given = {"language": None, "is_sorted": False, "now": NOW} | options
    return rules_for(parse_rules(DOCUMENT), terms, **given)


def test_curation_of_just_the_query_goes_first_and_no_position_is_given_twice() -> None:
    rules = found(Term(text="Red Dress"))
    assert rules.pins == (Pin("b", 1), Pin("a", 2), Pin("x", 7))
    assert rules.hide == ("c",)  # the others were named before
    assert found(Term(text="long red dress")).pins == (Pin("a", 1), Pin("b", 2))
    assert found(Term(text="long red dress")).hide == ("x", "c")


def test_curation_for_a_language_is_for_queries_in_it() -> None:
    assert found(Term(text="red dress"), language="fr").hide == ()


def test_negated_words_are_no_part_of_a_query_and_make_it_another_one() -> None:
    rules = found(Term(text="red dress"), Term(text="silk", weight=-1))
    assert rules.pins == (Pin("a", 1), Pin("b", 2))


def test_curations_are_for_words_alone() -> None:
    rules = found(Term(text="red dress"), Term(record="r"))
    assert (rules.pins, rules.hide) == ((), ())
    assert rules.boosts
    assert "gown" in rules.synonyms.by_unit


def test_order_by_a_field_has_neither_pins_nor_boosts() -> None:
    rules = found(Term(text="red dress"), is_sorted=True)
    assert (rules.pins, rules.boosts, rules.hide) == ((), (), ("c",))
    assert found().pins == ()
