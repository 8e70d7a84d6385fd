"""What every catalogue must do: over SQLite, and over the scans in memory."""

from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from binocle.catalog.base import Catalog, CatalogReader
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.types import Item
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UsageError
from binocle.metadata.field_types import FieldType
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Or, matches
from binocle.types import (
    ImageInfo,
    Kind,
    Limits,
    Metadata,
    MetadataValue,
    NewPart,
    NewRecord,
    Space,
)
from search.query.query import Query, Sort, Term
from search.searcher import Searcher
from tests.support.changing_collection import record as changing_record
from tests.support.memory_catalog import MemoryCatalog

SPACE = Space("toy", 4, "ab" * 32)
OPENERS: dict[str, Callable[[Path], Catalog]] = {"sqlite": SqliteCatalog, "memory": MemoryCatalog}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Catalog]:
    return OPENERS[request.param]


@pytest.fixture
def catalog(opener: Callable[[Path], Catalog], tmp_path: Path) -> Iterator[Catalog]:
    with closing(opener(tmp_path / "catalog.sqlite")) as opened:
        yield opened


def text(content: str, role: str = "title") -> NewPart:
    return part(content, role=role, text=content)


def image(content: str) -> NewPart:
    return part(content, role="image", info=ImageInfo(1, 1, 9, "png"))


def part(
    content: str, *, role: str, text: str | None = None, info: ImageInfo | None = None
) -> NewPart:
    digest = sha256(content.encode()).digest()
    vector = np.frombuffer(digest[:4], np.uint8).astype(np.float32)
    kind: Kind = "text" if info is None else "image"
    row = (vector / np.linalg.norm(vector)).astype(np.float32)
    return NewPart(kind, role, f"mem:{content}", digest, row, text, info)


def record(key: str, *parts: NewPart, **metadata: MetadataValue) -> NewRecord:
    return NewRecord(key, f"mem:{key}", metadata, parts)


def put(catalog: Catalog, *records: NewRecord, source_id: int | None = None) -> int:
    with catalog.writing() as session:
        return session.records.upsert(records, source_id=source_id)


def keys(session: CatalogReader) -> list[str]:
    return [one.id for _, one in session.records.after(0, 1000, [])]


def test_records_come_back_with_their_parts_in_order(catalog: Catalog) -> None:
    put(catalog, record("a", image("one"), text("two"), n=1, tags=["x", "y"]), record("b"))
    with catalog.reading() as session:
        number, other = session.records.number_of("a"), session.records.number_of("b")
        assert number is not None
        assert other is not None
        assert session.records.number_of("c") is None
        found = session.records.by_number([number, other, 999])
        assert dict(found[number].metadata) == {"n": 1, "tags": ["x", "y"]}
        assert session.records.keys_of([other, number, 999]) == {number: "a", other: "b"}
        parts = session.parts.of_records([number, other])
        assert [(one.kind, one.role, one.text) for one in parts[number]] == [
            ("image", "image", None), ("text", "title", "two"),
        ]  # fmt: skip
        assert other not in parts
        assert session.parts.by_id([parts[number][1].id])[parts[number][1].id] == parts[number][1]
        assert session.parts.count() == {"image": 1, "text": 1}
        assert keys(session) == ["a", "b"]
        first = session.parts.first_image("a")
        assert first is not None
        assert (first.uri, first.format) == ("mem:one", "png")
        places = session.parts.at(np.array([number, number, 999]), np.array([1, -1, 0]))
        assert places.tolist() == [parts[number][1].id, parts[number][0].id, -1]


def test_of_two_records_with_one_id_the_later_counts(catalog: Catalog) -> None:
    put(catalog, record("a", n=1), record("b"), record("a", n=2))
    with catalog.reading() as session:
        assert session.records.count() == 2
        assert session.records.count(Comparison("n", "eq", 2)) == 1


def test_part_of_the_same_content_keeps_its_id_and_others_are_removed(catalog: Catalog) -> None:
    put(catalog, record("a", text("one"), text("two")))
    with catalog.reading() as session:
        before, change = session.parts.of_records([1])[1], session.history.change()
    put(catalog, record("a", text("three"), text("two")))
    with catalog.reading() as session:
        after = session.parts.of_records([1])[1]
        assert [one.text for one in after] == ["three", "two"]
        assert after[1].id == before[1].id
        assert after[0].id > before[1].id
        assert session.history.newest_part() == after[0].id
        assert session.history.removed_parts(change).tolist() == [before[0].id]
        assert session.history.removed_parts(session.history.change()).tolist() == []


def test_vectors_are_read_from_a_part_on_with_their_owners(catalog: Catalog) -> None:
    put(catalog, record("a", text("one"), image("x")), record("b", text("two"), text("three")))
    with catalog.reading() as session:
        (new,) = session.parts.after("text", 0, 4)
        owners = session.parts.owners("text", int(new.part_ids[1]))
        assert owners[0].tolist() == new.part_ids[:2].tolist()
        assert owners[1].tolist() == new.record_ids[:2].tolist()
        assert (np.diff(new.part_ids) > 0).all()
        known = session.parts.known_contents("text", [text("two").sha256, b"?"])
        assert list(known) == [text("two").sha256]
        assert np.array_equal(known[text("two").sha256].vector, new.rows[1])
        assert not list(session.parts.after("text", int(new.part_ids[-1]), 4))
        assert session.parts.image_hashes() == {image("x").sha256}
        assert session.parts.images_of_records(["a", "b"]) == {image("x").sha256}
        assert session.parts.uris_of_images([image("x").sha256]) == {image("x").sha256: {"mem:x"}}
        assert len(session.parts.vectors_of_record(2)["text"]) == 2


def test_each_change_has_a_number_and_a_token_of_its_own(catalog: Catalog) -> None:
    with catalog.reading() as session:
        assert (session.history.change(), session.history.newest_part()) == (0, 0)
        assert session.history.changed_at() is None
    tokens = set()
    for turn in range(1, 4):
        put(catalog, record(f"r{turn}"))
        with catalog.reading() as session:
            assert session.history.change() == turn
            assert session.history.changed_at() is not None
            tokens.add(session.history.token(turn))
            assert session.history.token(turn + 1) is None
    assert len(tokens) == 3


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


def test_removed_record_takes_all_with_it_and_its_number_is_not_used_again(
    catalog: Catalog,
) -> None:
    put(catalog, record("a", text("one")), record("b", text("two")))
    with catalog.writing() as session:
        assert session.records.remove(["b", "none"]) == 1
    put(catalog, record("c", text("three")))
    with catalog.reading() as session:
        assert session.records.number_of("c") == 3
        assert session.parts.count()["text"] == 2
        assert session.history.removed_parts(1).tolist() == [2]
        assert session.words.rows_with([["two"]]).tolist() == []


def test_patch_sets_and_removes_fields(catalog: Catalog) -> None:
    put(catalog, record("a", n=1, m="x"), record("b", n=1))
    with catalog.writing() as session:
        assert session.records.patch({"a": {"n": 2, "m": None}, "none": {"n": 1}}) == 1
    with catalog.reading() as session:
        assert dict(session.records.by_number([1])[1].metadata) == {"n": 2}
        assert session.records.matching(Comparison("n", "gt", 1)).tolist() == [1]


METADATA: list[Metadata] = [
    {"price": 5, "color": "red", "tags": ["x", "new"], "day": "2024-03-01"},
    {"price": "7.5", "color": "Red wine", "tags": "x"},
    {"price": 2**53 + 1, "color": "blue", "tags": [], "lat": 1},
    {"price": True, "place": "48.1, 11.5"},
    {},
]
FILTERS: list[Filter] = [
    Comparison("price", "gt", 4),
    Comparison("price", "eq", 2**53 + 1),
    Comparison("price", "in", (5, "7.5")),
    Comparison("color", "contains", "red"),
    Comparison("tags", "contains", "x"),
    Comparison("color", "prefix", "Re"),
    Comparison("color", "exists", True),
    Comparison("tags", "exists", False),
    Comparison("color", "ne", "red"),
    Comparison("id", "gte", "r2"),
    Comparison("uri", "contains", "r1"),
    Comparison("day", "during", ("2024-03", "2024-04")),
    Comparison("place", "near", Near(48.0, 11.5, 50_000)),
    And((Comparison("price", "lt", 100), Not(Comparison("color", "eq", "red")))),
    Or((Comparison("color", "eq", "blue"), Comparison("price", "eq", 5))),
    Or(()),
    And(()),
]


@pytest.mark.parametrize("declared", [{}, {"price": "number", "place": "geo"}])
def test_filters_mean_what_is_defined_in_records_and_in_columns(
    catalog: Catalog, declared: dict[str, FieldType | None]
) -> None:
    put(catalog, *(NewRecord(f"r{n}", f"mem:r{n}", one, ()) for n, one in enumerate(METADATA)))
    with catalog.writing() as session:
        session.fields.declare(declared)
    with catalog.reading() as session:
        schema = session.fields.conversions()
        loaded = session.columns.load()
        columns = session.columns.with_fields(
            loaded, ["price", "color", "tags", "id", "uri", "day", "place"]
        )
        for where in FILTERS:
            expected = [
                n + 1
                for n, one in enumerate(METADATA)
                if matches(where, f"r{n}", f"mem:r{n}", one, schema)
            ]
            assert sorted(session.records.matching(where).tolist()) == expected, where
            assert session.records.count(where) == len(expected)
            assert np.flatnonzero(columns.mask(where)).tolist() == expected, where
            few = session.columns.few_matching(where)
            assert few is None or few.tolist() == expected
            paged = session.records.after(1, 2, [where])
            assert [n for n, _ in paged] == [n for n in expected if n > 1][:2]


def test_columns_follow_what_comes_changes_and_goes(catalog: Catalog) -> None:
    put(catalog, record("a", n=1, s="x"), record("b", n=2))
    with catalog.reading() as session:
        columns = session.columns.with_fields(session.columns.load(), ["n", "s"])
    put(catalog, record("b", n=5, s="y"), record("c", n=7, s="x"))
    with catalog.writing() as session:
        session.records.remove(["a"])
    with catalog.reading() as session:
        later = session.columns.caught_up(columns)
        later = session.columns.with_fields(later, later.lacks(["n", "s"]))
        assert later.change == session.history.change()
        assert np.flatnonzero(later.mask(Comparison("n", "gte", 2))).tolist() == [2, 3]
        assert np.flatnonzero(later.mask(Comparison("s", "eq", "x"))).tolist() == [3]
        assert np.flatnonzero(columns.mask(Comparison("n", "gte", 0))).tolist() == [1, 2]


def test_fields_are_known_with_their_types_and_counts(catalog: Catalog) -> None:
    put(catalog, record("a", n=1, s="x"), record("b", n=2))
    with catalog.writing() as session:
        session.fields.declare({"s": "text"})
    with catalog.reading() as session:
        assert session.fields.names() == ["n", "s"]
        assert session.fields.counts() == {"n": 2, "s": 1}
        assert session.fields.types() == {"n": ("number", False), "s": ("text", True)}
        assert session.fields.declared() == {"s": "text"}
        assert session.fields.holds("n") == {"numbers"}
        assert session.fields.holds("none") == set()


def test_sources_keep_a_ledger_and_runs(catalog: Catalog) -> None:
    indexed = Item("x.jpg", "1", "shop/x.jpg", None, None)
    with catalog.writing() as session:
        one = session.sources.add("shop", "/a/shop", "folder")
        other = session.sources.add("shop", "/b/shop", "folder")
        assert session.sources.add("shop", "/a/shop", "folder") == one
        run = session.sources.start_run(one.id)
        session.sources.put_items(one.id, run, [indexed, Item("y.jpg", "1", None, "bad", "broken")])
        session.sources.put_items(one.id, run, [Item("y.jpg", "2", None, "bad", "still broken")])
    with catalog.reading() as session:
        assert [source.name for source in session.sources.all()] == ["shop", "shop-2"]
        assert session.sources.ledger(one.id)["x.jpg"] == indexed
        skipped = [(own.id, item.message) for own, item in session.sources.skipped_items()]
        assert skipped == [(one.id, "still broken")]
        assert not list(session.sources.skipped_items(other.id))
        first, second = session.sources.statuses()
        assert (first.source, first.indexed, first.skipped) == (one, 1, 1)
        assert first.last_run is not None
        assert first.last_run[1] is None
        assert (second.indexed, second.skipped, second.last_run) == (0, 0, None)
    with catalog.writing() as session:
        session.sources.finish_run(run, {})
        session.sources.mark_removed(["shop/x.jpg"])
    with catalog.reading() as session:
        assert session.sources.ledger(one.id)["x.jpg"].code == "removed"
        last_run = session.sources.statuses()[0].last_run
        assert last_run is not None
        assert last_run[1] is not None


def test_source_goes_with_its_own_records_only(catalog: Catalog) -> None:
    with catalog.writing() as session:
        one, other = (session.sources.add(name, f"/{name}", "folder") for name in "xy")
        session.records.upsert([record("a"), record("b")], source_id=one.id)
        assert session.records.upsert([record("b")], source_id=other.id) == 1
        assert session.records.remove(["a", "b"], source_id=other.id) == 1
        assert session.sources.remove(one.id) == 1
        assert [source.name for source in session.sources.all()] == ["y"]
        assert keys(session) == []


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
