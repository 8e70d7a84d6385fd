"""Facets against brute force over random metadata and filters."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.metadata.field_types import FieldType
from binocle.metadata.filters import And, Comparison, Filter, Not, Or, matches
from binocle.types import Metadata, NewRecord
from search.query.query import Facet
from search.results.answer import FacetCounts
from search.results.facets import count_facets
from tests.support.random_records import FIELDS, filters, key_of, listed, metadata, schemas, store


def passing(records: dict[int, Metadata], where: Filter | None) -> list[int]:
    return [
        number for number, one in records.items() if where is None or matches(where, "", "", one)
    ]


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
@settings(max_examples=100, deadline=None)
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
