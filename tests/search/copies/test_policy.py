"""A policy's first rule that fits says what to do."""

import pytest

from binocle.errors import QueryError
from search.copies.policy import action_of, rules_of
from search.copies.verdicts import Judgement, Verdict


@pytest.mark.parametrize(
    ("verdict", "confidence", "action"),
    [
        ("near-duplicate", 0.97, "block"),
        ("near-duplicate", 0.9, "review"),
        ("part", 0.99, "review"),
        ("variant", 0.99, "pass"),
        ("part", 0.4, "pass"),
        ("same-file", 1.0, "block"),
        ("same-pixels", 1.0, "block"),
    ],
)
def test_the_first_rule_that_fits_is_taken(
    verdict: Verdict, confidence: float, action: str
) -> None:
    rules = rules_of("block near-duplicate 0.95, review copy 0.5")
    assert action_of(rules, [Judgement("similar", 0.3), Judgement(verdict, confidence)]) == action
    assert action_of(rules, []) == "pass"


def test_what_nothing_is_known_of_has_rules_of_its_own() -> None:
    rules = rules_of("accept none 0, look variant 0.5")
    assert action_of(rules, []) == "accept"
    assert action_of(rules, [Judgement("variant", 0.9)]) == "look"
    assert action_of(rules, [Judgement("similar", 0.3)]) == "pass"


@pytest.mark.parametrize(
    "policy", ["block", "block copy", "block copies 0.5", "block copy 1.5", ""]
)
def test_a_rule_that_says_nothing_is_refused(policy: str) -> None:
    with pytest.raises(QueryError, match=f"the rule '{policy}'"):
        rules_of(policy)
