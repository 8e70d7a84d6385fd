"""Synonyms by language, curations by time, and what is the same phrase."""

from datetime import UTC, datetime

import pytest

from search.rules.phrase_units import holds, units_of
from search.rules.ranking_rules import Curation, is_for
from search.rules.rules_document import parse_rules


@pytest.mark.parametrize(
    ("rule", "query", "holds_for_it"),
    [
        (None, "de", True), (None, None, True), ("de", None, True), ("de", "de", True),
        ("de", "DE-at", True), ("de", "den", False), ("pt-BR", "pt", False), ("zh", "en", False),
    ],
)  # fmt: skip
def test_rule_for_a_language_holds_for_queries_in_it(
    rule: str | None, query: str | None, holds_for_it: bool
) -> None:
    assert is_for(rule, query) is holds_for_it


def test_phrase_in_several_synonyms_has_all_their_words() -> None:
    rules = parse_rules(
        {
            "synonyms": [
                {"words": ["sofa", "couch"]},
                {"typed": "Sofas", "words": ["settee"]},
                {"words": ["sofa", "divan"], "language": "fr"},
            ]
        }
    )
    assert rules.synonyms_for(None).by_unit["sofa"] == (
        (("sofa",), "sofa", ("couch", "settee", "divan")),
    )
    assert rules.synonyms_for("fr-CA") is rules.synonyms_for("fr")
    assert rules.synonyms_for("en").by_unit["sofa"][0][2] == ("couch", "settee")
    assert "settee" not in rules.synonyms_for("en").by_unit


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("Red Dresses!", "red  dress", True), ("Crème brûlée", "creme brulee", True),
        ("T-Shirt", "t shirt", True), ("ＷＩＤＥ", "wide", True), ("dress red", "red dress", False),
        ("运动鞋", "运动 鞋", True), ("bus", "bu", False),
    ],
)  # fmt: skip
def test_phrases_are_the_same_whatever_their_case_accents_and_plurals(
    text: str, other: str, same: bool
) -> None:
    assert (units_of(text) == units_of(other)) is same


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("a long red dress", "red dress", True), ("red summer dress", "red dress", False),
        ("红色运动鞋", "运动鞋", True), ("redress", "red", False), ("red", "red dress", False),
    ],
)  # fmt: skip
def test_phrase_is_found_in_one_piece(text: str, phrase: str, found: bool) -> None:
    assert holds(units_of(text), units_of(phrase)) is found


def test_curation_holds_from_its_begin_until_before_its_end() -> None:
    begin, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    curation = Curation("n", "q", start=begin, end=end)
    assert [curation.holds_at(one) for one in (begin, end)] == [True, False]
    assert not curation.holds_at(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
