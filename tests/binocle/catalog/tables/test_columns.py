"""Columns are read from a catalogue, and follow it."""

import numpy as np
import pytest

from binocle.catalog.base import Catalog
from binocle.metadata.field_types import FieldType
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Or, matches
from binocle.types import (
    Metadata,
    NewRecord,
)
from tests.support.catalog_records import put, record

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
