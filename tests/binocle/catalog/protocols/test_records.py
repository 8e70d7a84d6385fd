"""Records with their parts: they come, change and go together in every catalogue."""

import numpy as np

from binocle.catalog.base import Catalog
from tests.support.catalog_records import image, keys, put, record, text


def test_records_come_back_with_their_parts_in_order(catalog: Catalog) -> None:
    put(catalog, record("a", image("one"), text("two"), n=1, tags=["x", "y"]), record("b"))
    with catalog.reading() as session:
        number, other = session.records.number_of("a"), session.records.number_of("b")
        assert number is not None
        assert other is not None
        assert session.records.number_of("c") is None
        assert session.records.numbers_of(["b", "c", "a", "b"]) == {"a": number, "b": other}
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
        first = session.parts.image("a")
        assert first is not None
        assert (first.uri, first.format) == ("mem:one", "png")
        assert session.parts.image("a", parts[number][0].id) == first
        assert session.parts.image("a", parts[number][1].id) is None
        assert session.parts.image("b") is None
        shown = parts[number][0].picture
        assert shown is not None
        assert (shown.width, shown.height, shown.colour) == (1, 1, "#010203")
        assert shown.version == first.sha256.hex()[:12]
        assert parts[number][1].picture is None
        places = session.parts.at(np.array([number, number, 999]), np.array([1, -1, 0]))
        assert places.tolist() == [parts[number][1].id, parts[number][0].id, -1]


def test_short_texts_are_counted_by_role(catalog: Catalog) -> None:
    put(catalog, record("a", text("red"), text("x" * 50)), record("b", text("red"), image("i")))
    with catalog.reading() as session:
        assert session.parts.short_texts(20) == [("title", "red", 2)]
        assert len(session.parts.short_texts(50)) == 2


def test_short_strings_are_counted_by_field(catalog: Catalog) -> None:
    put(catalog, record("a", tag=["x", "y"], n=1), record("b", tag="x", long="z" * 30))
    with catalog.reading() as session:
        assert sorted(session.columns.short_values(20)) == [("tag", "x", 2), ("tag", "y", 1)]
        assert ("long", "z" * 30, 1) in session.columns.short_values(30)


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
