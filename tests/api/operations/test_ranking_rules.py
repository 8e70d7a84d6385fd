"""Drafts are tried, published at once, and gone back from; what is wrong changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.operations.ranking_rules import (
    MovedHit,
    go_back,
    live_rules,
    publish_draft,
    put_draft,
    remove_draft,
    rules_doubts,
    rules_of,
    try_draft,
)
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, QueryError, RulesError
from binocle.types import NewPart, NewRecord
from search.query.query import Query, Term
from search.rules.rules_document import parse_rules
from tests.support.few_words import ENCODER, searcher_of

TITLES = {"a": "red sofa", "b": "red couch", "c": "red settee", "d": "blue lamp"}
SYNONYMS: dict[str, Any] = {"synonyms": [{"words": ["sofa", "couch"]}]}


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        rows = ENCODER.encode_texts(list(TITLES.values()))
        opened.upsert(
            [
                NewRecord(
                    key, key, {}, (NewPart("text", "title", key, key.encode(), row, text=text),)
                )
                for (key, text), row in zip(TITLES.items(), rows, strict=True)
            ]
        )
        yield opened


def relevant(collection: Collection, text: str) -> set[str]:
    query = Query((Term(text=text),), mode="keyword")
    return {hit.record.id for hit in searcher_of(collection).search(query).hits}


def test_draft_is_published_and_gone_back_from(collection: Collection) -> None:
    assert live_rules(collection) is None
    put_draft(collection, SYNONYMS)
    assert relevant(collection, "sofa") == {"a"}
    first = publish_draft(collection, "sofas")
    assert (first.version, first.note) == (1, "sofas")
    assert relevant(collection, "sofa") == {"a", "b"}
    with pytest.raises(NotFoundError, match="no draft"):
        publish_draft(collection)
    put_draft(collection, {"synonyms": [{"words": ["sofa", "settee"]}]})
    publish_draft(collection)
    assert relevant(collection, "sofa") == {"a", "c"}
    back = go_back(collection, 1)
    assert (back.version, back.note, back.document) == (3, "as version 1", first.document)
    assert relevant(collection, "sofa") == {"a", "b"}
    for version in (0, 4):
        with pytest.raises(NotFoundError):
            go_back(collection, version)


def test_wrong_rules_leave_the_draft_as_it_was(collection: Collection) -> None:
    kept = put_draft(collection, SYNONYMS)
    for wrong in ("{", '{"boosts": [{}]}', {"curations": 3}):
        with pytest.raises(RulesError):
            put_draft(collection, wrong)

    def refuse(_: object) -> None:
        raise QueryError("another one wrote")

    with pytest.raises(QueryError):
        put_draft(collection, {}, check=refuse)
    with pytest.raises(QueryError):
        publish_draft(collection, check=refuse)
    assert rules_of(collection, 0) == kept
    remove_draft(collection)
    with pytest.raises(NotFoundError, match="no draft"):
        rules_of(collection, 0)


def test_damaged_rules_are_not_published(collection: Collection) -> None:
    put_draft(collection, SYNONYMS)
    publish_draft(collection)
    put_draft(collection, SYNONYMS)
    with collection.writing() as session:
        session.connection.exec_driver_sql("UPDATE rules SET document = '{}'")  # type: ignore[attr-defined]
    with pytest.raises(RulesError, match="the draft of the rules is damaged"):
        publish_draft(collection)
    with pytest.raises(RulesError, match="version 1 of the rules is damaged"):
        go_back(collection, 1)


def test_trial_tells_what_comes_in_goes_out_and_moves(collection: Collection) -> None:
    searcher = searcher_of(collection)
    with pytest.raises(NotFoundError, match="no draft"):
        try_draft(searcher, ["sofa"], limit=3)
    put_draft(collection, {"curations": [{"query": "red", "pin": ["d"], "hide": ["c"]}]})
    same, moved, wrong = try_draft(searcher, ["red sofa", "red", "  "], limit=3)
    assert (same.moves, same.error) == ((), None)
    assert moved.after == ("d", *[one for one in moved.before if one != "c"][:2])
    places = {one: at for at, one in enumerate(moved.before, 1)}
    assert MovedHit("d", places.get("d"), 1) in moved.moves
    assert MovedHit("c", places["c"], None) in moved.moves
    assert "empty" in str(wrong.error) or "nothing to look for" in str(wrong.error)
    for queries, reason in (([], "no queries"), (["red"] * 1001, "1,000")):
        with pytest.raises(RulesError, match=reason):
            try_draft(searcher, queries, limit=3)


def test_what_has_no_effect_is_told(collection: Collection) -> None:
    document = {
        "curations": [{"query": "red", "pin": ["a", "gone"]}],
        "boosts": [
            {"field": "sales", "pivot": 1, "weight": 1}, {"where": "stok > 0", "weight": 1},
            {"formula": "log(clicks)", "weight": 1},
        ],
    }  # fmt: skip
    found = rules_doubts(collection, parse_rules(document))
    assert len(found) == 4
    assert "'red' names the record 'gone', which is not there" in found
    assert any("stok" in one for one in found)


def test_a_boost_by_a_field_of_another_type_is_told(collection: Collection) -> None:
    metadata: dict[str, Any] = {"kind": "sofa", "sales": 3, "made": "2026-11-02"}
    collection.upsert([NewRecord("e", "e", metadata, ())])

    def doubts(**boost: object) -> list[str]:
        return rules_doubts(collection, parse_rules({"boosts": [{"weight": 1, **boost}]}))

    assert doubts(field="sales", pivot=1) == doubts(field="made", half_life_days=3) == []
    assert doubts(formula="saturation(sales, 2) * freshness(made, 3) + 0.1") == []
    mixed = doubts(formula="log(kind) + default(made, 1) + freshness(sales, 2)")
    assert [one.split("'")[3] for one in mixed] == ["kind", "made", "sales"]
    assert [("needs numbers" in one, "needs dates" in one) for one in mixed] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip
    assert ["needs numbers" in one for one in doubts(field="kind", pivot=1)] == [True]
    assert ["needs dates" in one for one in doubts(field="sales", half_life_days=3)] == [True]


def test_rules_are_kept_as_they_were_put(collection: Collection) -> None:
    stored = put_draft(collection, json.dumps({"synonyms": [{"words": ["沙发", "sofa"]}]}))
    assert json.loads(stored.document) == {
        "synonyms": [{"words": ["沙发", "sofa"]}], "curations": [], "boosts": [],
    }  # fmt: skip
