"""Columns find what the definition of filters finds, also where records changed since."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.metadata.column_blocks import BLOCK, Entries
from binocle.metadata.column_entries import alive_mask, entries_of_rows
from binocle.metadata.columns import Column, Columns, distinct_numbers
from binocle.metadata.field_types import FieldType
from binocle.metadata.filter_parsing import compare
from binocle.metadata.filters import Comparison, Filter, Not, matches
from binocle.metadata.string_dictionary import Dictionary
from binocle.types import Metadata, NewRecord, Scalar
from tests.support.memory_catalog.catalog import MemoryCatalog
from tests.support.random_metadata import FIELDS, filters, metadata, scalars, schemas

NOTHING = np.empty(0, np.int64)
lists = st.lists(scalars.filter(lambda one: not isinstance(one, bool)), max_size=3)


def entries_of(dictionary: Dictionary, values: dict[int, list[Scalar]]) -> Entries:
    """Return entries of lists of values, by record."""
    rows: list[tuple[int, Any, str | None, int]] = []
    for number, own in values.items():
        rows += [
            (number, None, one, 1) if isinstance(one, str) else (number, one, None, 1)
            for one in own
        ]
    return entries_of_rows(dictionary, rows)


@settings(max_examples=60, deadline=None)
@given(
    stored=st.lists(metadata, min_size=1, max_size=8),
    schema=schemas,
    wheres=st.lists(filters, min_size=4, max_size=8),
)
def test_mask_is_what_the_definition_says(
    stored: list[Metadata], schema: dict[str, FieldType], wheres: list[Filter]
) -> None:
    catalog = MemoryCatalog()
    with catalog.writing() as session:
        session.fields.declare(dict(schema))
        session.records.upsert(
            [NewRecord(f"a{n}", f"u{n % 3}", one, ()) for n, one in enumerate(stored)]
        )
        session.records.remove(["a0"])
    with catalog.reading() as session:
        columns = session.columns.with_fields(session.columns.load(), FIELDS)
    for where in wheres:
        expected = [
            n + 1
            for n, one in enumerate(stored)
            if n and matches(where, f"a{n}", f"u{n % 3}", one, schema)
        ]
        assert np.flatnonzero(columns.mask(where)).tolist() == expected, where


@settings(max_examples=60, deadline=None)
@given(
    before=st.dictionaries(st.integers(0, 6), lists, min_size=1),
    changed=st.dictionaries(st.integers(0, 9), lists),
    values=st.lists(scalars, max_size=6),
)
def test_replaced_column_is_as_one_made_anew(
    before: dict[int, list[Scalar]], changed: dict[int, list[Scalar]], values: list[Scalar]
) -> None:
    dictionary = Dictionary([])
    column = Column.filled("keywords", dictionary, entries_of(dictionary, before), 9)
    earlier = [column.mask(Comparison("f", "eq", one)) for one in values]
    touched = np.array(sorted(changed), np.int64)
    later = column.replaced("keywords", touched, entries_of(dictionary, changed), 9)
    anew = Column.filled("keywords", dictionary, entries_of(dictionary, before | changed), 9)
    for value, masked in zip(values, earlier, strict=True):
        for operator in ("eq", "lt", "gte"):
            where = Comparison("f", operator, value)
            assert np.array_equal(later.mask(where), anew.mask(where)), where
        assert np.array_equal(column.mask(Comparison("f", "eq", value)), masked)
    assert np.array_equal(later.present(), anew.present())


@settings(max_examples=60, deadline=None)
@given(stored=st.dictionaries(st.integers(0, 6), lists), asked=st.sets(st.integers(0, 9)))
def test_codes_and_numbers_of_records_are_all_of_theirs_once(
    stored: dict[int, list[Scalar]], asked: set[int]
) -> None:
    dictionary = Dictionary([])
    column = Column.filled("keywords", dictionary, entries_of(dictionary, stored), 9)
    ids = np.array(sorted(asked, reverse=True), np.int64)
    places, codes = column.codes(ids)
    found: list[tuple[int, Scalar]] = [
        (int(ids[place]), dictionary.text(code))
        for place, code in zip(places.tolist(), codes.tolist(), strict=True)
    ]
    for place, value, residue in zip(*column.numbers(ids), strict=True):
        whole = int(value) + int(residue) if float(value).is_integer() else float(value)
        found.append((int(ids[place]), whole))
    expected = {(number, one) for number in asked for one in stored.get(number, [])}
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_columns_reach_over_blocks() -> None:
    numbers: dict[int, list[Scalar]] = {3: [1.0], BLOCK: [2.0], 2 * BLOCK + 5: [2.0, 7.0]}
    dictionary = Dictionary([])
    highest = 2 * BLOCK + 5
    column = Column.filled("number", dictionary, entries_of(dictionary, numbers), BLOCK)
    far: dict[int, list[Scalar]] = {highest: numbers[highest]}
    longer = column.replaced("number", np.array([highest]), entries_of(dictionary, far), highest)
    alive = alive_mask(np.array(list(numbers)), highest)
    columns = Columns(1, alive, {"n": longer})
    assert columns.lacks(["n", "m", "m"]) == ["m"]
    assert np.flatnonzero(columns.mask(Comparison("n", "eq", 2))).tolist() == [BLOCK, highest]
    assert np.flatnonzero(columns.mask(Comparison("n", "ne", 2))).tolist() == [3]
    assert np.flatnonzero(columns.mask(Not(Comparison("n", "gt", 1)))).tolist() == [3]
    places, values, _ = longer.numbers(np.array([highest, BLOCK, 4]))
    assert sorted(zip(places.tolist(), values.tolist(), strict=True)) == [(0, 2), (0, 7), (1, 2)]


def test_distinct_numbers_tell_apart_what_one_double_cannot() -> None:
    numbers = np.array([2.0**53, 1.5, 2.0**53, 2.0**53])
    found, residues, which = distinct_numbers(numbers, np.array([1, 0, 0, 1], np.int16))
    assert found.tolist() == [1.5, 2.0**53, 2.0**53]
    assert residues.tolist() == [0, 0, 1]
    assert which.tolist() == [2, 0, 1, 2]


def test_a_string_is_not_beyond_itself() -> None:
    dictionary = Dictionary([])
    column = Column.filled("keyword", dictionary, entries_of(dictionary, {1: ["a"], 2: ["b"]}), 9)
    for operator, rows in (("lt", []), ("lte", [1]), ("gt", [2]), ("gte", [1, 2])):
        where = compare("f", operator, "a")
        assert np.flatnonzero(column.mask(where)).tolist() == rows, operator
