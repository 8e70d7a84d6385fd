"""Orders and groups are those of brute force."""

from functools import cmp_to_key
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.metadata.field_types import FieldType
from binocle.types import Metadata
from search.query.query import Sort
from search.results.facets import group_keys, sort_order
from tests.support.random_records import FIELDS, key_of, listed, metadata, schemas, store


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
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
