"""What the wire takes for rules is what the core reads: the document's example, by both."""

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from api.http.mapping.rules import document_of
from api.http.schemas.ranking.rules import BoostIn, CurationIn, PinIn, RulesIn, SynonymIn
from binocle.errors import RulesError
from search.rules.rules_document import parse_rules
from tests.support import ROOT

_PAGE = (ROOT / "docs" / "ranking-rules.md").read_text("utf-8")


def example() -> dict[str, Any]:
    found = re.search(r"```json\n(.*?)```", _PAGE, re.DOTALL)
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


def test_example_of_the_document_is_read_by_the_wire_and_by_the_core_alike() -> None:
    document = example()
    assert document_of(RulesIn.model_validate(document)) == document
    rules = parse_rules(document)
    assert (len(rules.synonyms), len(rules.curations), len(rules.boosts)) == (3, 1, 4)


@pytest.mark.parametrize(
    ("model", "name"),
    [(SynonymIn, "synonyms"), (CurationIn, "curations"), (BoostIn, "boosts"), (PinIn, "pin")],
)
def test_every_member_on_the_wire_is_one_that_the_core_knows(model: Any, name: str) -> None:
    members = {one.alias or name for name, one in model.model_fields.items()}
    for member in members:
        given: Any = [{member: None}]
        document = {"curations": [{"query": "a", "pin": given}]} if name == "pin" else {name: given}
        with pytest.raises(RulesError) as refused:
            parse_rules(document)
        assert "no member" not in str(refused.value)


def test_what_neither_knows_is_refused_by_the_wire() -> None:
    wrong: dict[str, Any]
    for wrong in ({"synonyms": [{"words": ["a", "b"], "root": "c"}]}, {"pins": []}):
        with pytest.raises(ValidationError):
            RulesIn.model_validate(wrong)
