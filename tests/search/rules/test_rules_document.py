"""Rules are read as they are meant; what is wrong is told in one line: where, what, what to do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from binocle.errors import RulesError
from binocle.metadata.filters import Comparison
from search.rules import ranking_rules as limits
from search.rules.ranking_rules import Boost, Curation, Pin, RankingRules, Synonym
from search.rules.rules_document import parse_rules, read_rules


def test_rules_are_read() -> None:
    document = {
        "synonyms": [{"words": ["sofa", "couch"]}, {"typed": "tv", "words": ["television"]}],
        "curations": [
            {
                "query": "red dress", "match": "contains", "hide": ["c"], "until": "2026-12-01",
                "pin": ["a", {"id": "b", "position": 9}], "from": "2026-11-01T08:00:00+01:00",
            }
        ],
        "boosts": [
            {"field": "sales", "pivot": 5, "weight": 1, "prefer": "low", "name": "cheap"},
            {"field": "made", "half_life_days": 30, "weight": 0.5},
            {"where": "stock > 0", "weight": -0.5},
        ],
    }  # fmt: skip
    assert read_rules(json.dumps(document)) == RankingRules(
        synonyms=(Synonym(("sofa", "couch")), Synonym(("television",), "tv")),
        curations=(
            Curation(
                "red dress", "red dress", "contains", (Pin("a", 1), Pin("b", 9)), ("c",),
                datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC),
            ),
        ),
        boosts=(
            Boost("cheap", 1.0, "sales", 5.0, "low"),
            Boost("made", 0.5, "made", half_life_days=30.0),
            Boost("stock > 0", -0.5, where=Comparison("stock", "gt", 0)),
        ),
    )  # fmt: skip
    assert parse_rules({}) == RankingRules()


def test_boost_without_a_name_may_have_the_longest_formula() -> None:
    formula = f"saturation(`{'f' * 480}`, 10)"
    assert len(formula) == 498
    (boost,) = parse_rules({"boosts": [{"formula": formula, "weight": 1}]}).boosts
    assert boost.name == formula


def curation(**members: Any) -> dict[str, Any]:
    return {"curations": [{"query": "dress", "pin": ["a"], "name": "sale", **members}]}


def boost(**members: Any) -> dict[str, Any]:
    return {"boosts": [{"field": "sales", "pivot": 1, "weight": 1, **members}]}


def synonym(*words: Any, **members: Any) -> dict[str, Any]:
    return {"synonyms": [{"words": list(words), **members}]}


WRONG: list[tuple[Any, str]] = [
    ([], "the rules is a JSON object, not []"),
    ({"synonym": []}, "no member 'synonym'; it may have boosts, curations, synonyms"),
    ({"synonyms": {}}, "synonyms is a list, not {}"),
    (synonym("sofa"), "synonyms[0]: its words are one and the same"),
    (synonym("sofa", "Sofas"), "are one and the same"),
    (synonym("sofa", "!!"), "letters and digits, which '!!' has none of"),
    (synonym("sofa", 3), "synonyms[0]: a word is a text that is not empty, not 3"),
    (synonym("a" * 101, "b"), "has 101 characters, and 100 are the limit"),
    (synonym("one two three four five six seven eight nine ten more", "b"), "more than 10 words"),
    (synonym(*map(str, range(51))), "words has 51 entries, and 50 are the limit"),
    (synonym("a", "b", language="german"), "a language is a code such as de or pt-BR"),
    (synonym("a", "b", root="c"), "no member 'root'"),
    (curation(match="fuzzy"), "curations[0] ('sale'): match is exact or contains, not 'fuzzy'"),
    (curation(pin=[]), "it pins and hides nothing; give pin, hide or both"),
    (curation(hide=["a"]), "names the record 'a' twice"),
    (curation(pin=["a", {"id": "b", "position": 1}]), "two records are pinned at position 1"),
    (curation(pin=[{"id": "b", "position": 101}]), "a position is from 1 to 100, not 101"),
    (curation(pin=[{"id": "b", "position": True}]), "a position is from 1 to 100, not True"),
    (curation(pin=[{"position": 1}]), "the id of a record is a text"),
    (curation(pin=[str(one) for one in range(51)]), "pin has 51 entries, and 50 are the limit"),
    (curation(query=" "), "query is a text that is not empty"),
    (curation(**{"from": "tomorrow"}), "from is a date or a time such as 2026-11-27"),
    (curation(until=20261127), "until is a date or a time"),
    (curation(**{"from": "2026-11-02", "until": "2026-11-01"}), "it ends before it begins"),
    (boost(half_life_days=3), "give one of pivot"),
    (boost(field=None), "pivot takes a field"),
    ({"boosts": [{"where": "a = 1", "field": "a", "weight": 1}]}, "where names its fields itself"),
    ({"boosts": [{"where": "a =", "weight": 1}]}, "boosts[0]: "),
    ({"boosts": [{"formula": "exec(a)", "weight": 1}]}, "boosts[0]: the formula 'exec(a)'"),
    (boost(weight=0), "a weight is a number other than 0"),
    (boost(weight=11), "weight is a number from -0.99 to 10, not 11"),
    (boost(weight="high"), "weight is a number from -0.99 to 10, not 'high'"),
    (boost(pivot=-1), "pivot is a number from 1e-09"),
    (boost(prefer="both"), "prefer is high or low"),
    ({"boosts": boost()["boosts"] * 2}, "two boosts are called 'sales'"),
    ({"boosts": boost()["boosts"] * 11}, "boosts has 11 entries, and 10 are the limit"),
]


@pytest.mark.parametrize(("document", "reason"), WRONG)
def test_what_is_wrong_is_told_in_one_line(document: Any, reason: str) -> None:
    with pytest.raises(RulesError, match=r"^[^\n]*$") as refused:
        parse_rules(document)
    assert reason in str(refused.value)
    assert refused.value.code == "bad-rules"


def test_error_names_the_rule_it_is_about() -> None:
    with pytest.raises(RulesError) as refused:
        parse_rules({"boosts": [{"field": "a", "pivot": 1, "weight": 1}, {"weight": 1}]})
    assert refused.value.place == "boosts.1"


def test_documents_beyond_the_limit_and_no_json_are_refused() -> None:
    with pytest.raises(RulesError, match="2,000,000 are the limit"):
        read_rules(" " * (limits.MAX_DOCUMENT_BYTES + 1))
    for text in ("", "{", b"\xff", "[" * 100_000):
        with pytest.raises(RulesError, match="are no JSON"):
            read_rules(text)


def test_half_characters_are_refused() -> None:
    with pytest.raises(RulesError, match="half a character"):
        read_rules('{"synonyms": [{"words": ["a\\ud800", "b"]}]}')
