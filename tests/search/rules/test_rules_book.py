"""Published rules hold from the next search on, in every process; drafts and damage harm none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.errors import QueryError, RulesError
from search.query.query import Query, Term
from search.rules.ranking_rules import NO_RULES
from search.rules.rules_book import RulesBook
from tests.support.few_words import ENCODER, add, searcher_of


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        add(opened, 0, 30, ["text"])
        yield opened


def pinning(record_id: str) -> str:
    return json.dumps({"curations": [{"query": "red", "pin": [record_id]}]})


def publish(collection: Collection, document: str) -> None:
    with collection.writing() as session:
        session.rules.publish(document, "", most=9)


def put_draft(collection: Collection, document: str) -> None:
    with collection.writing() as session:
        session.rules.put_draft(document)


def first(searcher: Any, **options: Any) -> str:
    hits = searcher.search(Query((Term(text="red"),), **options)).hits
    return str(hits[0].record.id)


def test_another_process_sees_new_rules_with_its_next_search(collection: Collection) -> None:
    publish(collection, pinning("r1"))
    with Collection(collection.path) as opened:
        other = searcher_of(opened)
        assert first(other) == "r1"
        publish(collection, pinning("r2"))
        assert first(other) == "r2"


def test_draft_holds_where_it_is_asked_for_alone(collection: Collection) -> None:
    searcher = searcher_of(collection)
    plain = first(searcher)
    with pytest.raises(QueryError, match="no draft of ranking rules; put one"):
        first(searcher, rules="draft")
    for record_id in ("r7", "r8"):
        put_draft(collection, pinning(record_id))
        assert first(searcher, rules="draft") == record_id
        assert first(searcher) == plain
    publish(collection, pinning("r9"))
    assert [first(searcher, rules=one) for one in ("live", "draft", "none")] == ["r9", "r8", plain]


def test_cursor_goes_on_by_the_rules_it_began_with(collection: Collection) -> None:
    searcher = searcher_of(collection)
    publish(collection, pinning("r1"))
    query = Query((Term(text="red"),), limit=30)
    whole = [hit.record.id for hit in searcher.search(query).hits]
    page = searcher.search(Query((Term(text="red"),), limit=10))
    publish(collection, pinning("r2"))
    rest = searcher.search(Query((Term(text="red"),), limit=20, cursor=page.cursor))
    assert [hit.record.id for hit in (*page.hits, *rest.hits)] == whole


def test_damaged_rules_cost_no_search(
    collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    publish(collection, pinning("r1"))
    put_draft(collection, pinning("r1"))
    with collection.writing() as session:
        connection: Any = session.connection  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE rules SET document = '{'")
    searcher = searcher_of(collection)
    assert first(searcher) == first(searcher, rules="none")
    assert "are not what was stored" in caplog.text
    with pytest.raises(RulesError, match="are not what was stored; publish them again"):
        first(searcher, rules="draft")


def test_rules_are_read_once_for_a_change(collection: Collection) -> None:
    book = RulesBook(collection)
    assert book.rules("live", 1) is NO_RULES
    publish(collection, pinning("r1"))
    assert book.rules("live", 1) is NO_RULES, "as of that change there were none"
    found = book.rules("live", 2)
    assert found.curations
    assert book.rules("live", 2) is found
    assert book.rules("live", 3) is found, "the same version is not read again"
    put_draft(collection, pinning("r2"))
    draft = book.rules("draft", 3)
    assert book.rules("live", 4) is found, "nor where a draft was read meanwhile"
    assert book.rules("draft", 4) is draft


def test_text_is_embedded_as_the_mean_of_its_wordings(collection: Collection) -> None:
    searcher = searcher_of(collection)

    def vector(text: str, **options: Any) -> Any:
        (found,) = searcher.terms.embed([Query((Term(text=text),), **options)])
        assert isinstance(found, Query)
        return found.terms[0].embedded

    plain = vector("red house")
    put_draft(collection, json.dumps({"synonyms": [{"words": ["red", "green"]}]}))
    mean = plain + vector("green house")
    mean /= np.linalg.norm(mean)
    np.testing.assert_allclose(vector("red house", rules="draft"), mean, atol=1e-6)
    np.testing.assert_array_equal(vector("red house"), plain)
    np.testing.assert_array_equal(vector("blue house", rules="draft"), vector("blue house"))


def test_rules_are_read_once_for_all_texts_of_a_call(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_draft(collection, json.dumps({"synonyms": [{"words": ["red", "green"]}]}))
    book, real, sessions = RulesBook(collection), collection.reading, []

    def reading() -> Any:
        sessions.append(1)
        return real()

    monkeypatch.setattr(collection, "reading", reading)
    terms = (Term(text="red house"),)
    asked = [(Query(terms, rules="draft"), "red house"), (Query(terms), "red house")]
    assert book.wordings(asked * 20) == [("green house",), ()] * 20
    assert len(sessions) == 3, "the change, the draft, and what is published"


def test_draft_is_read_once_for_queries_that_are_answered_together(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_draft(collection, pinning("r1"))
    searcher, real, read = searcher_of(collection), RulesBook.rules, []

    def rules(book: RulesBook, which: Any, change: int) -> Any:
        read.append(which)
        return real(book, which, change)

    monkeypatch.setattr(RulesBook, "rules", rules)
    asked = [Query((Term(text="red"),), rules="draft", mode="keyword")] * 9
    assert {one.hits[0].record.id for one in searcher.search_many(asked)} == {"r1"}
    assert read == ["draft"]
