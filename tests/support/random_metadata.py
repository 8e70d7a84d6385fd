"""Random metadata, types of fields and filters, for Hypothesis."""

from hypothesis import strategies as st

from binocle.metadata.field_types import FIELD_TYPES
from binocle.metadata.filter_parsing import compare
from binocle.metadata.filters import And, Filter, Not, Or
from binocle.types import MetadataValue, Scalar

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
schemas = st.dictionaries(st.sampled_from(DECLARABLE), st.sampled_from(FIELD_TYPES))
