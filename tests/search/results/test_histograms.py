"""Histograms of numbers and dates: each value in its bar, edges round."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.collection import Collection
from binocle.metadata import dates
from binocle.metadata.field_types import FieldType
from binocle.types import Metadata
from search.query.query import Facet
from search.results.facets import count_facets
from tests.support.random_records import listed, metadata, schemas, store


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
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
        ([*range(5, 65), 20_000], 8, [0, 10, 20, 30, 40, 50, 60, 70, 20_000]),  # one far off
        ([-9_000, *range(15, 75)], 8, [-10_000, 10, 20, 30, 40, 50, 60, 70, 80]),
        ([-9_000, *range(5, 65), 9_000], 8, [-10_000, 0, 20, 40, 60, 80, 10_000]),
        ([*[5] * 95, *[1, 2, 3, 4]], 4, [1, 2, 3, 4, 5]),  # nearly all are the same
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
