"""Facets, sort orders and groups against brute force over random metadata and filters."""

from collections import Counter
from collections.abc import Iterator
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.metadata import dates
from binocle.metadata.field_types import FieldType, typed
from binocle.metadata.filter_parsing import compare
from binocle.metadata.filters import And, Comparison, Filter, Not, Or, matches
from binocle.types import Metadata, MetadataValue, NewRecord, Scalar
from search.query.query import Facet, Sort
from search.results.answer import FacetCounts
from search.results.facets import count_facets, group_keys, sort_order

FIELDS = ["brand", "price", "day", "new"]
scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.sampled_from(["Acme", "acme", "Zeta", "é", "2021-03-05", "2021-03", "2022", "7", ""]),
    st.sampled_from([0, 1, 7, 7.5, -3, 1e9, 2**53, 2**53 + 1, 0.1, True, False]),
)
values: st.SearchStrategy[MetadataValue] = st.one_of(scalars, st.lists(scalars, max_size=3))
metadata = st.dictionaries(st.sampled_from(FIELDS), values)
comparisons: st.SearchStrategy[Filter] = st.builds(
    compare, st.sampled_from(FIELDS), st.sampled_from(["eq", "ne", "lt", "gte"]), scalars
)
filters: st.SearchStrategy[Filter] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=2).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
schemas: st.SearchStrategy[dict[str, FieldType]] = st.dictionaries(
    st.sampled_from(FIELDS), st.sampled_from(["number", "keyword", "date", "boolean", "keywords"])
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("facets") / "c", create=True) as opened:
        yield opened


def store(
    collection: Collection, stored: list[Metadata], schema: dict[str, FieldType]
) -> dict[int, Metadata]:
    """Store records and return their typed metadata by internal id."""
    collection.declare(dict.fromkeys(FIELDS) | schema)
    collection.remove([f"r{number}" for number in range(40)])
    collection.upsert(
        [NewRecord(f"r{number}", f"mem:{number}", one, ()) for number, one in enumerate(stored)]
    )
    ids = np.flatnonzero(collection.snapshot().mask(None)).tolist()
    return {number: typed(one, schema) for number, one in zip(ids, stored, strict=True)}


def listed(metadata: Metadata, field: str) -> list[Scalar]:
    value = metadata.get(field)
    return value if isinstance(value, list) else [] if value is None else [value]


def passing(records: dict[int, Metadata], where: Filter | None) -> list[int]:
    return [
        number for number, one in records.items() if where is None or matches(where, "", "", one)
    ]


def key_of(value: Scalar) -> tuple[bool, Any]:
    return isinstance(value, str), value


def without(where: Filter, field: str) -> Filter:
    """The filter without the clauses at its top that speak of one field alone."""

    def fields(one: Filter) -> set[str]:
        match one:
            case Comparison():
                return {one.field}
            case Not(clause):
                return fields(clause)
            case And(clauses) | Or(clauses):
                return set().union(*map(fields, clauses))

    if isinstance(where, And):
        return And(tuple(without(clause, field) for clause in where.clauses))
    return And(()) if fields(where) == {field} else where


def counted_by_hand(metadata: list[Metadata], facet: Facet) -> tuple[Any, ...]:
    present = [distinct for one in metadata if (distinct := set(listed(one, facet.field)))]
    counts = Counter(value for one in present for value in one)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], key_of(pair[0])))[: facet.limit]
    top = {value for value, _ in ordered}
    return ordered, sum(not one & top for one in present), len(metadata) - len(present)


def as_counted(found: FacetCounts) -> tuple[Any, ...]:
    pairs = [(bucket.value, bucket.count) for bucket in found.buckets]
    return pairs, found.others, found.missing


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    stored=st.lists(metadata, max_size=12),
    schema=schemas,
    where=st.none() | filters,
    left_out=st.sets(st.integers(0, 11), max_size=4),
    limit=st.integers(1, 4),
)
def test_value_counts_are_those_of_brute_force(
    collection: Collection,
    stored: list[Metadata],
    schema: dict[str, FieldType],
    where: Filter | None,
    left_out: set[int],
    limit: int,
) -> None:
    records = store(collection, stored, schema)
    relevant = [one for place, one in enumerate(records) if place not in left_out]
    facets = [Facet(field, "values", limit) for field in [*FIELDS, "never"]]
    snapshot = collection.snapshot()
    found = count_facets(snapshot, facets, np.array(relevant, np.int64), where)
    mask = np.zeros(max(records, default=0) + 1, np.bool_)
    mask[relevant] = True
    assert count_facets(snapshot, facets, mask, where) == found
    for facet, counts in zip(facets, found, strict=True):
        rest = without(where, facet.field) if where is not None else None
        kept = [records[one] for one in passing(records, rest) if one in relevant]
        assert as_counted(counts) == counted_by_hand(kept, facet)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    stored=st.lists(metadata, max_size=12),
    schema=schemas,
    bins=st.integers(1, 6),
    more=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5),
)
def test_histogram_of_numbers_counts_each_number_in_its_bar(
    collection: Collection,
    stored: list[Metadata],
    schema: dict[str, FieldType],
    bins: int,
    more: list[float],
) -> None:
    records = store(collection, [*stored, *({"price": one} for one in more)], schema)
    ids = np.array(list(records), np.int64)
    (found,) = count_facets(
        collection.snapshot(), [Facet("price", "numbers", bins=bins)], ids, None
    )
    numbers = [
        [float(value) for value in listed(one, "price") if not isinstance(value, str)]
        for one in records.values()
    ]
    assert found.missing == sum(not one for one in numbers)
    assert len(found.buckets) <= bins
    for place, bucket in enumerate(found.buckets):
        start, end = float(bucket.value), float(bucket.end or 0)
        is_last = place == len(found.buckets) - 1
        inside = [any(start <= v < end or (is_last and v == end) for v in one) for one in numbers]
        assert bucket.count == sum(inside)
        assert place == 0 or bucket.value == found.buckets[place - 1].end
    if any(numbers):
        least, most = float(found.buckets[0].value), float(found.buckets[-1].end or 0)
        assert all(least <= v <= most for one in numbers for v in one)


@pytest.mark.parametrize(
    ("numbers", "bins", "edges"),
    [
        ([3, 97], 10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        ([0.1, 0.9], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ([19.99, 249], 5, [0, 50, 100, 150, 200, 250]),
        ([2019, 2021, 2024], 10, [2019, 2020, 2021, 2022, 2023, 2024]),
        ([-5, 5], 4, [-5, 0, 5]),
        ([-5.5, 4.5], 5, [-7.5, -5, -2.5, 0, 2.5, 5]),
        ([5, 5], 4, [5, 5]),
    ],
)
def test_edges_are_round(
    collection: Collection, numbers: list[float], bins: int, edges: list[float]
) -> None:
    records = store(collection, [{"price": one} for one in numbers], {"price": "number"})
    (found,) = count_facets(
        collection.snapshot(), [Facet("price", bins=bins)], np.array(list(records)), None
    )
    assert found.kind == "numbers"
    shown = [bucket.value for bucket in found.buckets] + [found.buckets[-1].end]
    assert shown == edges


@pytest.mark.parametrize(
    ("days", "interval", "bars"),
    [
        (["2021-03-30", "2021-04-01T10:00:00", "2021-04"], None,
         [("2021-03-30", 1, "2021-03-31"), ("2021-03-31", 0, "2021-04-01"),
          ("2021-04-01", 1, "2021-04-02")]),
        (["2020-12-31", "2021-02"], None,
         [("2020-12", 1, "2021-01"), ("2021-01", 0, "2021-02"), ("2021-02", 1, "2021-03")]),
        (["2020-12-31", "2022"], "year",
         [("2020", 1, "2021"), ("2021", 0, "2022"), ("2022", 1, "2023")]),
        (["2020-02-29", "2020-02-28"], "day",
         [("2020-02-28", 1, "2020-02-29"), ("2020-02-29", 1, "2020-03-01")]),
        (["1900-01-01", "2020-01-01"], None, None),
    ],
)  # fmt: skip
def test_dates_are_counted_by_year_month_or_day(
    collection: Collection, days: list[str], interval: Any, bars: Any
) -> None:
    records = store(collection, [*({"day": one} for one in days), {}], {"day": "date"})
    (found,) = count_facets(
        collection.snapshot(), [Facet("day", interval=interval)], np.array(list(records)), None
    )
    assert found.kind == "dates"
    assert found.missing == 1
    coarse = sum(len(one) < len(str(found.buckets[0].value)) for one in days)
    assert found.others == coarse
    shown = [(one.value, one.count, one.end) for one in found.buckets]
    if bars is None:
        assert len(shown) == 121
    else:
        assert shown == bars
    for value, count, end in shown:
        assert count == sum(compare_dates(day, str(value), str(end)) for day in days)


def compare_dates(day: str, start: str, end: str) -> bool:
    return dates.is_date(day) and len(day) >= len(start) and start <= day < end


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    stored=st.lists(metadata, max_size=12),
    schema=schemas,
    sorts=st.lists(
        st.builds(Sort, st.sampled_from([*FIELDS, "id", "uri", "relevance"]), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    seed=st.integers(0, 9),
)
def test_sort_order_is_that_of_brute_force(
    collection: Collection,
    stored: list[Metadata],
    schema: dict[str, FieldType],
    sorts: list[Sort],
    seed: int,
) -> None:
    records = store(collection, stored, schema)
    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.array(list(records), np.int64))
    relevance = rng.integers(0, 3, len(ids)).astype(np.float32)
    by_id = dict(zip(ids.tolist(), relevance.tolist(), strict=True))
    names = {number: place for place, number in enumerate(records)}

    def least(number: int, sort: Sort) -> Any:
        if sort.field in ("id", "uri"):
            prefix = "r" if sort.field == "id" else "mem:"
            return key_of(f"{prefix}{names[number]}")
        found = [key_of(value) for value in listed(records[number], sort.field)]
        return (max if sort.descending else min)(found) if found else None

    def compared(one: int, other: int) -> int:
        for sort in sorts:
            if sort.field == "relevance":
                if by_id[one] != by_id[other]:
                    return -1 if by_id[one] > by_id[other] else 1
                continue
            left, right = least(one, sort), least(other, sort)
            if left == right:
                continue
            if left is None or right is None:
                return 1 if left is None else -1
            return -1 if (left < right) is not sort.descending else 1
        return one - other

    found = ids[sort_order(collection.snapshot(), ids, sorts, relevance)].tolist()
    assert found == sorted(ids.tolist(), key=cmp_to_key(compared))


@settings(max_examples=100, deadline=None)
@given(stored=st.lists(metadata, max_size=12), schema=schemas, field=st.sampled_from(FIELDS))
def test_groups_are_those_of_equal_values(
    collection: Collection, stored: list[Metadata], schema: dict[str, FieldType], field: str
) -> None:
    records = store(collection, stored, schema)
    ids = np.array(list(records), np.int64)
    keys = group_keys(collection.snapshot(), ids, field).tolist()
    for place, number in enumerate(records):
        own = set(listed(records[number], field))
        same = [
            other
            for other, one in enumerate(records.values())
            if other == place or (len(own) == 1 and set(listed(one, field)) == own)
        ]
        assert [other for other, key in enumerate(keys) if key == keys[place]] == same
        assert (keys[place] < 0) == (len(own) != 1)


def test_booleans_are_counted_as_such(collection: Collection) -> None:
    records = store(collection, [{"new": "yes"}, {"new": "no"}, {"new": True}], {"new": "boolean"})
    (found,) = count_facets(collection.snapshot(), [Facet("new")], np.array(list(records)), None)
    assert [(bucket.value, bucket.count) for bucket in found.buckets] == [(True, 2), (False, 1)]
    assert all(isinstance(bucket.value, bool) for bucket in found.buckets)


def test_pinned_moment_counts_as_before_while_records_change(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        records = store(collection, [{"brand": "Acme"}, {"brand": "Zeta"}], {})
        ids = np.array(list(records))
        snapshot = collection.snapshot(fields=["brand"])
        facets = [Facet("brand")]
        before = count_facets(snapshot, facets, ids, None)
        collection.upsert([NewRecord("r0", "", {"brand": "New"}, ())])
        collection.remove(["r1"])
        assert count_facets(snapshot, facets, ids, None) == before
        (after,) = count_facets(collection.snapshot(), facets, ids, None)
        assert as_counted(after) == ([("New", 1)], 0, 0)
