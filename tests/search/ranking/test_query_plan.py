"""What is decided about a query before anything is ranked."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.errors import CursorError
from binocle.metadata.filters import Comparison
from binocle.types import NewPart, NewRecord
from search.query.query import Query, Term
from tests.support.few_words import ENCODER, add, searcher_of


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        yield opened


def test_default_target_stays_while_the_first_picture_is_added(collection: Collection) -> None:
    add(collection, 0, 30, ["text"])
    searcher, query = searcher_of(collection), Query((Term(text="red"),), limit=20)
    first = searcher.search(query)
    assert first.target == "text"
    add(collection, 30, 1, ["image"])
    second = searcher.search(replace(query, cursor=first.cursor))
    assert second.target == "text"
    assert len({hit.record.id for hit in (*first.hits, *second.hits)}) == 30


def test_cursor_of_another_query_is_refused(collection: Collection) -> None:
    add(collection, 0, 60)
    searcher = searcher_of(collection)
    query = Query((Term(text="red"),), "image", limit=3)
    cursor = searcher.search(query).cursor
    others = [
        replace(query, terms=(Term(text="blue"),)),
        replace(query, terms=(Term(text="red"), Term(text="blue", weight=0.1))),
        replace(query, target="text"),
        replace(query, target="any"),
        replace(query, where=Comparison("n", "lt", 50)),
        replace(query, exact=True),
    ]
    assert searcher.search(replace(query, limit=9, cursor=cursor)).hits
    for other in others:
        with pytest.raises(CursorError, match="belongs to another query"):
            searcher.search(replace(other, cursor=cursor))


def test_cursor_of_another_record_with_the_same_vector_is_refused(collection: Collection) -> None:
    row = ENCODER.encode_texts(["red house"])[0]
    add(collection, 0, 30)
    for key in ("twin 1", "twin 2"):
        part = NewPart("image", "image", key, key.encode(), row)
        collection.upsert([NewRecord(key, key, {}, (part,))])
    searcher = searcher_of(collection)
    first = Query((Term(record="twin 1"),), "image", limit=3)
    cursor = searcher.search(first).cursor
    for other in (Term(record="twin 2"), Term(vector=row)):
        with pytest.raises(CursorError, match="belongs to another query"):
            searcher.search(replace(first, terms=(other,), cursor=cursor))


def test_cursor_goes_on_whatever_the_last_bits_of_an_embedded_text_are(
    collection: Collection,
) -> None:
    row = ENCODER.encode_texts(["red"])[0]
    add(collection, 0, 30)
    query = Query((Term(text="red", embedded=row),), "image", limit=3)
    cursor = searcher_of(collection).search(query).cursor
    beside_others = Term(text="red", embedded=np.nextafter(row, np.float32(2)))
    again = replace(query, terms=(beside_others,), cursor=cursor)
    assert searcher_of(collection).search(again).hits


def test_pages_go_on_when_synonyms_are_published(collection: Collection) -> None:
    add(collection, 0, 30)
    searcher, query = searcher_of(collection), Query((Term(text="red"),), "image", limit=3)
    first = searcher.search(query)
    with collection.writing() as session:
        session.rules.publish('{"synonyms": [{"words": ["red", "blue"]}]}', "", most=9)
    second = searcher.search(replace(query, cursor=first.cursor))
    assert len({hit.record.id for hit in (*first.hits, *second.hits)}) == 6
