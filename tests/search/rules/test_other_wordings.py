"""A text is said otherwise, phrase by phrase, and the rest of it stays."""

import pytest

from search.rules.other_wordings import other_wordings
from search.rules.rules_document import parse_rules

SYNONYMS = parse_rules(
    {
        "synonyms": [
            {"words": ["sofa", "couch"]},
            {"typed": "T-Shirt", "words": ["tee"]},
            {"words": ["运动鞋", "sneakers"]},
            {"words": ["one", "two", "three", "four", "five"]},
        ]
    }
).synonyms_for(None)


@pytest.mark.parametrize(
    ("text", "wordings"),
    [
        ("a red Sofa, please", ("a red couch, please",)),
        ("Sofas and t shirts", ("couch and t shirts", "sofas and tee")),
        ("tee", ()),
        ("红色运动鞋", ("红色sneakers",)),
        ("one", ("two", "three", "four")),
        ("red lamp", ()),
        ('"sofa" bed', ()),
        ("", ()),
    ],
)
def test_text_is_said_otherwise(text: str, wordings: tuple[str, ...]) -> None:
    assert other_wordings(text, SYNONYMS) == wordings
