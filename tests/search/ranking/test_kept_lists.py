"""Listings are kept for cursors, and what only they hold of a collection within a limit."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.types import Limits
from search.query.query import Query, Sort, Term
from search.ranking.kept_lists import ResultLists
from search.searcher import Searcher
from tests.support import picture_bytes
from tests.support.changing_collection import ENCODER, WORDS, record

QUERY = Query((Term(text="red"),), "image", limit=5, mode="semantic")
SORTED = Query((), sort=(Sort("n"),), limit=5)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as made:
        made.claim_space(ENCODER.space)
        made.upsert([record(f"r{number}", number, n=number) for number in range(30)])
        yield made


def searcher_of(collection: Collection, listings: ResultLists) -> Searcher:
    searcher = Searcher(collection, lambda: ENCODER, limits=Limits())
    searcher._listings = listings
    return searcher


def test_replaced_metadata_is_not_kept_for_long(collection: Collection) -> None:
    """A change of one record copies, of each of its fields, the values of 65,536."""
    searcher = searcher_of(collection, ResultLists(max_old_bytes=2_000_000))
    cursors = []
    for turn in range(9):
        cursors.append(searcher.search(SORTED).cursor)
        collection.upsert([record("changed", 1, n=turn)])
    assert 2 <= len(searcher._listings) <= 5
    assert searcher._listings.old_bytes <= 2_000_000
    for cursor in cursors:
        assert searcher.search(replace(SORTED, cursor=cursor)).hits


def test_as_much_may_be_old_as_the_newest_has(collection: Collection) -> None:
    searcher = searcher_of(collection, ResultLists(min_old_bytes=0))
    for turn in range(9):
        searcher.search(SORTED)
        collection.upsert([record("changed", 1, n=turn)])
    assert 2 <= len(searcher._listings) <= 4


@pytest.mark.parametrize("is_picture", [True, False])
def test_what_was_asked_counts_with_its_pictures(
    collection: Collection, *, is_picture: bool
) -> None:
    searcher = searcher_of(collection, ResultLists(max_bytes=400_000))
    for number in range(6):
        if is_picture:
            term = Term(image=picture_bytes(number, format="BMP", size=(250, 200)))
        else:
            term = Term(text=f"red {number} " + "long " * 30_000)
        assert searcher.search(Query((term,), "image", limit=5)).hits
    assert len(searcher._listings) == 2


def test_what_listings_share_counts_once(collection: Collection) -> None:
    searcher = searcher_of(collection, ResultLists(max_old_bytes=0))
    for word in WORDS[:4]:
        searcher.search(replace(QUERY, terms=(Term(text=word),)))
    assert len(searcher._listings) == 4
    assert searcher._listings.old_bytes == 0
