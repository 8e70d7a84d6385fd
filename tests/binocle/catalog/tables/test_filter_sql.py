"""SQL, and columns with it, find what the definition of filters finds."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.catalog.location import open_catalog
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, FilterError
from binocle.metadata.field_types import FieldType
from binocle.metadata.filter_parsing import MAX_COMPARISONS, compare, parse_json
from binocle.metadata.filters import Comparison, Filter, fields_in, matches
from binocle.types import Metadata, NewRecord, Scalar
from tests.support.random_metadata import DECLARABLE, FIELDS, filters, metadata, schemas

OPENERS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=OPENERS)
def collection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Collection]:
    folder = tmp_path_factory.mktemp("filters") / "c"
    is_server = request.param == "postgresql"
    opener = request.getfixturevalue("postgres") if is_server else open_catalog
    with Collection(folder, create=True, open_catalog=opener) as opened:
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


@pytest.mark.slow
def test_sql_and_columns_find_what_the_definition_finds(collection: Collection) -> None:
    is_file = (collection.path / "catalog.sqlite").exists()

    @settings(max_examples=100 if is_file else 15, deadline=None, database=None)
    @given(
        stored=st.lists(metadata, min_size=1, max_size=10),
        changed=st.lists(metadata, max_size=3),
        schema=schemas,
        wheres=st.lists(filters, min_size=4, max_size=8),
    )
    def check(
        stored: list[Metadata],
        changed: list[Metadata],
        schema: dict[str, FieldType],
        wheres: list[Filter],
    ) -> None:
        check_definition(collection, stored, changed, schema, wheres)

    check()


def check_definition(
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


def test_places_near_the_rim_of_a_circle_are_found(collection: Collection) -> None:
    store(collection, [{"latitude": 48.2, "longitude": 11.5}, {"latitude": 48.3, "longitude": 11}])
    where = parse_json({"location": {"near": {"lat": 48.1, "lon": 11.5, "radius": "12km"}}})
    assert found_in_sql(collection, where) == found_in_columns(collection, where) == {"a0"}
