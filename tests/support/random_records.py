"""Random records and filters to count, sort and group."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.metadata.field_types import FieldType, typed
from binocle.metadata.filter_parsing import compare
from binocle.metadata.filters import And, Filter, Not, Or
from binocle.types import Metadata, MetadataValue, NewRecord, Scalar

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


def store(
    collection: Collection, stored: list[Metadata], schema: dict[str, FieldType]
) -> dict[int, Metadata]:
    """Store records and return their typed metadata by internal id."""
    collection.declare(dict.fromkeys(FIELDS) | schema)
    collection.remove([f"r{number}" for number in range(120)])
    collection.upsert(
        [NewRecord(f"r{number}", f"mem:{number}", one, ()) for number, one in enumerate(stored)]
    )
    ids = np.flatnonzero(collection.snapshot().mask(None)).tolist()
    return {number: typed(one, schema) for number, one in zip(ids, stored, strict=True)}


def listed(metadata: Metadata, field: str) -> list[Scalar]:
    value = metadata.get(field)
    return value if isinstance(value, list) else [] if value is None else [value]


def key_of(value: Scalar) -> tuple[bool, Any]:
    return isinstance(value, str), value
