"""What a filter means, its JSON form, and that SQL agrees with the definition."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.errors import BinocleError, FilterError
from binocle.metadata.field_types import FIELD_TYPES, FieldType
from binocle.metadata.filter_parsing import MAX_COMPARISONS, MAX_DEPTH, compare, parse_json
from binocle.metadata.filters import And, Comparison, Filter, Not, Or, fields_in, matches
from binocle.types import Metadata, MetadataValue, NewRecord, Scalar

RED_SHOE: Metadata = {
    "color": "Red",
    "price": 49.5,
    "in_stock": True,
    "sizes": [40, 41, "EU 42"],
    "taken_at": "2024-05-01T10:00:00",
    "empty": [],
}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, And(())),
        ({"a": 1}, Comparison("a", "eq", 1)),
        ({"a": True}, Comparison("a", "eq", True)),
        ({"a": ["x", 2]}, Comparison("a", "in", ("x", 2))),
        ({"a": []}, Comparison("a", "in", ())),
        ({"a": {"in": ["x"]}}, Comparison("a", "in", ("x",))),
        ({"a": {"exists": False}}, Comparison("a", "exists", False)),
        ({"a": {"prefix": ""}}, Comparison("a", "prefix", "")),
        (
            {"a": {"gte": 1, "lt": 2.5}},
            And((Comparison("a", "gte", 1), Comparison("a", "lt", 2.5))),
        ),
        (
            {"a": "x", "b": {"ne": "y"}},
            And((Comparison("a", "eq", "x"), Comparison("b", "ne", "y"))),
        ),
        (
            {"or": [{"a": 1}, {"not": {"b": 2}}]},
            Or((Comparison("a", "eq", 1), Not(Comparison("b", "eq", 2)))),
        ),
        ({"and": []}, And(())),
        ({"or": []}, Or(())),
    ],
)
def test_json_form_is_read_as_documented(document: object, expected: Filter) -> None:
    assert parse_json(document) == expected


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "object of fields"),
        ("color=Red", "object of fields"),
        (None, "object of fields"),
        ({"a": None}, "a: cannot compare with None"),
        ({"a": {"eq": None}}, "a: cannot compare"),
        ({"a": {"eq": ["x"]}}, "a: cannot compare"),
        ({"a": float("nan")}, "a: cannot compare with nan"),
        ({"a": float("inf")}, "a: cannot compare with inf"),
        ({"a": {"like": "x"}}, "unknown operator 'like'; known are eq, ne"),
        ({"a": {"in": "x"}}, "'in' takes a list"),
        ({"a": [["x"]]}, "a: cannot compare"),
        ({"a": {"exists": 1}}, "'exists' takes true or false"),
        ({"a": {"prefix": 3}}, "'prefix' takes a string"),
        ({"": 3}, "needs a field's name"),
        ({"or": {"a": 1}}, "'or' holds a list"),
        ({"and": [1]}, "object of fields"),
        ({"not": [{"a": 1}]}, "object of fields"),
    ],
)
def test_json_of_another_form_is_refused_with_the_reason(document: object, reason: str) -> None:
    with pytest.raises(FilterError, match=reason):
        parse_json(document)


def test_filters_too_deep_or_too_long_are_refused() -> None:
    deep: Mapping[str, object] = {"a": 1}
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    parse_json(deep)
    with pytest.raises(FilterError, match=f"more than {MAX_DEPTH} deep"):
        parse_json({"not": deep})
    many: list[object] = [{"a": 1}] * MAX_COMPARISONS
    parse_json({"or": many})
    with pytest.raises(FilterError, match=f"more than {MAX_COMPARISONS}"):
        parse_json({"or": [*many, {"a": 1}]})


@pytest.mark.parametrize(
    ("document", "passes"),
    [
        ({"color": "Red"}, True),
        ({"color": "red"}, False),
        ({"color": {"ne": "Red"}}, False),
        ({"weight": {"ne": 5}}, True),
        ({"weight": {"lt": 5}}, False),
        ({"weight": {"exists": False}}, True),
        ({"empty": {"exists": True}}, False),
        ({"price": {"gte": 49.5, "lt": 49.6}}, True),
        ({"price": "49.5"}, False),
        ({"price": {"ne": "49.5"}}, True),
        ({"in_stock": 1}, True),
        ({"in_stock": {"gt": False}}, True),
        ({"sizes": 41}, True),
        ({"sizes": {"ne": 41}}, False),
        ({"sizes": {"prefix": "EU"}}, True),
        ({"sizes": {"gt": 41}}, False),
        ({"sizes": ["x", 40]}, True),
        ({"sizes": []}, False),
        ({"taken_at": {"gte": "2024-05", "lt": "2024-06"}}, True),
        ({"id": "shoe"}, True),
        ({"id": {"prefix": "sh"}}, True),
        ({"id": 1}, False),
        ({"uri": {"prefix": "file:"}}, True),
        ({"not": {"color": "Red"}}, False),
        ({"or": []}, False),
        ({"and": []}, True),
    ],
)
def test_filter_means_what_is_documented(document: object, passes: bool) -> None:
    assert matches(parse_json(document), "shoe", "file:///shoe.jpg", RED_SHOE) is passes


FIELDS = ["a", "b", "a b", "é", "id", "uri", "location", "never"]
DECLARABLE = [*FIELDS[:4], "location"]
DATES = ["2020", "2021-02", "2021-03-05", "2021-03-05T10:30:00", "2021-03-05T10:30:59+02:00",
         "2021-02-30", "2021 leagues", "2024-02-29"]  # fmt: skip
texts = st.one_of(
    st.text("aAbß%_'\0 é𝕏\U0010ffff", max_size=3),
    st.sampled_from(
        [*DATES, "48.1, 11.5", "dark Red", "bored", "暗红色", "true", "7", "1,200.5 €"]
    ),
)
numbers: st.SearchStrategy[Scalar] = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(2**53), 2**53),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e300, -1e300, 5e-324]),
)
scalars: st.SearchStrategy[Scalar] = st.one_of(texts, numbers)
values: st.SearchStrategy[MetadataValue] = st.one_of(scalars, st.lists(scalars, max_size=4))
degrees = st.sampled_from([-90.0, -10, 0, 48.1, 48.2, 90, 179.9, 200])
metadata = st.dictionaries(st.sampled_from(FIELDS[:-1]), values, max_size=4).flatmap(
    lambda one: st.one_of(
        st.just(one),
        st.builds(
            lambda latitude, longitude: one | {"latitude": latitude, "longitude": longitude},
            degrees,
            degrees,
        ),
    )
)
nears = st.builds(
    lambda latitude, longitude, radius: {"lat": latitude, "lon": longitude, "radius": radius},
    degrees.filter(lambda one: abs(one) <= 90),
    degrees.filter(lambda one: abs(one) <= 180),
    st.sampled_from([0, 500, "12km", "20000 km"]),
)
spans = st.sampled_from(
    ["2020", "2021-03", "2021-03-05", "2021-03-05T10:30", "2020..2021-02", "since 2021", "..2021",
     "last 3 years", "winter 2020", "before 2021-03-05"]
)  # fmt: skip
comparisons = st.one_of(
    st.builds(
        compare,
        st.sampled_from(FIELDS),
        st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]),
        scalars,
    ),
    st.builds(compare, st.sampled_from(FIELDS), st.just("in"), st.lists(scalars, max_size=4)),
    st.builds(compare, st.sampled_from(FIELDS), st.just("exists"), st.booleans()),
    st.builds(compare, st.sampled_from(FIELDS), st.just("prefix"), texts),
    st.builds(compare, st.sampled_from(FIELDS), st.just("contains"), texts.filter(bool)),
    st.builds(
        compare, st.sampled_from(FIELDS), st.just("contains"), st.sampled_from(["red", "红"])
    ),
    st.builds(compare, st.sampled_from(FIELDS), st.just("during"), spans),
    st.builds(compare, st.sampled_from([*FIELDS, "location"]), st.just("near"), nears),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("filters") / "c", create=True) as opened:
        yield opened


def store(
    collection: Collection, stored: list[Metadata], schema: dict[str, FieldType] | None = None
) -> list[NewRecord]:
    collection.declare(dict.fromkeys(DECLARABLE) | (schema or {}))
    uris = ["", "a", "b/é", "a\U0010ffff"]
    records = [
        NewRecord(f"a{number}", uris[number % 4], one, ()) for number, one in enumerate(stored)
    ]
    collection.remove([f"a{number}" for number in range(20)])
    collection.upsert(records)
    return records


def found_in_sql(collection: Collection, where: Filter) -> set[str]:
    with collection.reading() as session:
        numbers = session.records.matching(where).tolist()
        found = [record.id for record in session.records.by_number(numbers).values()]
    assert len(found) == len(numbers)
    return set(found)


def found_in_columns(collection: Collection, where: Filter) -> set[str]:
    moment = collection.snapshot(fields=fields_in(where))
    numbers = np.flatnonzero(moment.mask(where)).tolist()
    with collection.reading() as session:
        return {record.id for record in session.records.by_number(numbers).values()}


def found_by_index(collection: Collection, where: Filter) -> set[str] | None:
    with collection.reading() as session:
        numbers = session.columns.few_matching(where)
        if numbers is None:
            return None
        found = session.records.by_number(numbers.tolist())
        return {record.id for record in found.values()}


schemas = st.dictionaries(st.sampled_from(DECLARABLE), st.sampled_from(FIELD_TYPES))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    stored=st.lists(metadata, min_size=1, max_size=10),
    changed=st.lists(metadata, max_size=3),
    schema=schemas,
    wheres=st.lists(filters, min_size=4, max_size=8),
)
def test_sql_and_columns_find_what_the_definition_finds(
    collection: Collection,
    stored: list[Metadata],
    changed: list[Metadata],
    schema: dict[str, FieldType],
    wheres: list[Filter],
) -> None:
    store(collection, stored)
    collection.snapshot(fields=FIELDS)  # loaded, and then caught up or loaded anew
    records = store(collection, [*changed, *stored[: len(stored) // 2]], schema)
    for where in wheres:
        wanted = {
            one.id for one in records if matches(where, one.id, one.uri, one.metadata, schema)
        }
        assert found_in_sql(collection, where) == wanted
        assert found_in_columns(collection, where) == wanted
        assert found_by_index(collection, where) in (None, wanted)


def test_prefix_finds_what_goes_on_with_the_last_character_of_unicode(
    collection: Collection,
) -> None:
    store(collection, [{"a": "x\U0010ffff"}, {"a": "x\U0010ffffy"}, {"a": "y"}])
    assert found_in_sql(collection, Comparison("a", "prefix", "x")) == {"a0", "a1"}


@pytest.mark.parametrize("number", [2**53, 2**63 - 2, -(2**63)])
def test_large_whole_numbers_are_told_apart(collection: Collection, number: int) -> None:
    # the next whole number has no float of its own
    store(collection, [{"a": number}, {"a": number + 1}])
    for operator, found in (("eq", {"a1"}), ("gte", {"a1"}), ("lt", {"a0"}), ("ne", {"a0"})):
        where = compare("a", operator, number + 1)
        assert found_in_sql(collection, where) == found
        assert found_in_columns(collection, where) == found


def test_number_beyond_every_float_in_a_filter_is_refused_or_answered(
    collection: Collection,
) -> None:
    store(collection, [{"a": 1}])
    try:
        where = parse_json(json.loads(f'{{"a": {{"lt": 1{"0" * 400}}}}}'))
    except FilterError:
        return
    assert found_in_sql(collection, where) == {"a0"}


def test_number_beyond_every_float_in_metadata_is_refused_or_stored(
    collection: Collection,
) -> None:
    try:
        store(collection, [{"a": 10**400}])
    except BinocleError:
        return
    assert found_in_sql(collection, Comparison("a", "gt", 1)) == {"a0"}


def test_longest_filter_allowed_is_answered(collection: Collection, tmp_path: Path) -> None:
    store(collection, [{"a": 499}, {"a": "499"}, {"a": 500}])
    document: list[object] = [{"a": [number, str(number)]} for number in range(MAX_COMPARISONS)]
    assert found_in_sql(collection, parse_json({"or": document})) == {"a0", "a1"}
    assert found_in_sql(collection, parse_json({"a": list(range(5000))})) == {"a0", "a2"}


@pytest.mark.parametrize("wanted", ["x", "y", 3, 4, 2**53 + 1])
def test_every_element_of_a_list_is_found(collection: Collection, wanted: Scalar) -> None:
    store(collection, [{"a": ["y", 3, "x", 4, "x", 2**53 + 1]}, {"a": ["z", 2**53]}, {"a": wanted}])
    for where in (Comparison("a", "eq", wanted), Comparison("a", "in", (wanted, "never", -7))):
        assert found_in_sql(collection, where) == {"a0", "a2"}
        assert found_in_columns(collection, where) == {"a0", "a2"}
