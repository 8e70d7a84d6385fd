"""What every catalogue must do: over SQLite, and over the scans in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from binocle.catalog.base import Catalog
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UsageError
from binocle.metadata.filters import Comparison
from binocle.types import (
    Limits,
    Space,
)
from search.query.query import Query, Sort, Term
from search.searcher import Searcher
from tests.support.catalog_records import keys, put, record, text
from tests.support.changing_collection import record as changing_record

SPACE = Space("toy", 4, "ab" * 32)


def test_failed_transaction_leaves_nothing(catalog: Catalog) -> None:
    put(catalog, record("a", text("one")))

    def fail() -> None:
        with catalog.writing() as session:
            session.records.upsert([record("b")])
            session.records.remove(["a"])
            assert keys(session) == ["b"]  # a writer sees what it does
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(UsageError, match="64 bits"):
        put(catalog, record("c"), record("d", n=2**70))
    with catalog.reading() as session:
        assert keys(session) == ["a"]
        assert session.history.change() == 1
        assert len(session.words.rows_with([["one"]])) == 1


def test_reader_sees_one_state_while_others_write(catalog: Catalog) -> None:
    put(catalog, record("a"))
    with catalog.reading() as session:
        assert session.records.count() == 1
        put(catalog, record("b"))
        assert session.records.count() == 1
        assert session.history.change() == 1
    with catalog.reading() as session:
        assert session.records.count() == 2


def test_space_is_kept(catalog: Catalog) -> None:
    with catalog.writing() as session:
        assert session.space() is None
        session.set_space(SPACE)
    with catalog.reading() as session:
        assert session.space() == SPACE


def test_queries_are_kept_for_a_time(catalog: Catalog) -> None:
    store = catalog.saved_queries
    store.put({b"a": "first", b"b": "second"}, 100.0)
    store.put({b"c": "third"}, 200.0)
    assert (store.get(b"a", 100.0), store.get(b"a", 101.0), store.get(b"x", 0.0)) == (
        "first", None, None,
    )  # fmt: skip
    store.forget(50.0, most=2)
    assert [store.get(name, 0.0) for name in (b"a", b"b", b"c")] == [None, "second", "third"]
    store.forget(150.0, most=2)
    assert [store.get(name, 0.0) for name in (b"b", b"c")] == [None, "third"]


def test_collection_is_searched_over_any_catalogue(
    opener: Callable[[Path], Catalog], tmp_path: Path
) -> None:
    encoder = ColourEncoder()
    records = [changing_record(f"r{n}", n, n=n) for n in range(40)]
    blue = {one.id for one in records if one.metadata["color"] == "blue"}
    with Collection(tmp_path, create=True, open_catalog=opener) as collection:
        collection.claim_space(encoder.space)
        collection.upsert(records)
        searcher = Searcher(collection, lambda: encoder, limits=Limits())
        where = Comparison("color", "eq", "blue")
        term = (Term(text="blue"),)
        found = searcher.search(Query(term, where=where, limit=40, mode="semantic"))
        assert {hit.record.id for hit in found.hits} == blue
        query = encoder.encode_texts(["blue"])[0]
        nearest = max(
            float(part.vector @ query) for one in records if one.id in blue for part in one.parts
        )
        assert found.hits[0].similarity == pytest.approx(nearest, abs=1e-5)
        by_words = searcher.search(Query(term, limit=40, mode="keyword"))
        said = {one.id for one in records if any("blue" in (own.text or "") for own in one.parts)}
        assert {hit.record.id for hit in by_words.hits} == said
        ordered = searcher.search(Query((), where=where, sort=(Sort("n", descending=True),)))
        numbers = [hit.record.metadata["n"] for hit in ordered.hits]
        assert numbers == sorted(numbers, reverse=True)
        collection.remove(sorted(blue))
        collection.upsert([changing_record("late", 7, n=99)])
        later = searcher.search(Query(term, limit=50, mode="semantic"))
        assert {hit.record.id for hit in later.hits} == {
            *(one.id for one in records if one.id not in blue), "late",
        }  # fmt: skip
