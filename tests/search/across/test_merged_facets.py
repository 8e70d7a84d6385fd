"""Facets added up are those of all records in one collection."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.types import Int64Array
from search.across.merged_facets import merged_facet, widened
from search.query.query import Facet
from search.results.answer import Bucket, FacetCounts
from search.results.histograms import count_numbers

PRICE = Facet("price")


def values(counts: dict[str, int], others: int = 0, missing: int = 0) -> FacetCounts:
    buckets = tuple(Bucket(value, count) for value, count in counts.items())
    return FacetCounts("color", "values", buckets, others, missing)


def test_values_are_added_and_cut_at_the_limit_of_all() -> None:
    own, other = values({"red": 5, "blue": 2}, missing=1), values({"blue": 4, "green": 1}, 2, 3)
    found, doubt = merged_facet(Facet("color", limit=2), {"a": own, "b": other})
    assert found.buckets == (Bucket("blue", 6), Bucket("red", 5))
    assert (found.others, found.missing, doubt) == (3, 4, None)


def test_true_is_not_one_and_equal_counts_are_in_order() -> None:
    own = FacetCounts("f", "values", (Bucket(True, 1), Bucket("a", 1)), 0, 0)
    other = FacetCounts("f", "values", (Bucket(1, 1), Bucket("a", 0)), 0, 0)
    found, _ = merged_facet(Facet("f"), {"a": own, "b": other})
    seen = [(type(one.value), one.count) for one in found.buckets]
    assert sorted(map(str, seen[:2])) == ["(<class 'bool'>, 1)", "(<class 'int'>, 1)"]
    assert seen[2:] == [(str, 1)]


class Numbers:
    """A column of one number a record."""

    def __init__(self, numbers: list[float]) -> None:
        self._numbers = np.array(numbers, np.float64)

    def numbers(self, ids: Int64Array) -> tuple[Int64Array, Any, Any]:
        return np.arange(len(ids)), self._numbers[ids], np.zeros(len(ids))


def histogram(numbers: list[float], facet: Facet) -> FacetCounts:
    column: Any = Numbers(numbers)
    return count_numbers(column, widened(facet), np.arange(len(numbers)))


_PRICES = st.lists(st.integers(1, 200_000).map(lambda cents: cents / 100), max_size=20)


@given(_PRICES, _PRICES, st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_bars_of_numbers_hold_what_lies_in_them(
    own: list[float], other: list[float], bins: int
) -> None:
    facet = Facet("price", bins=bins)
    found, _ = merged_facet(facet, {"a": histogram(own, facet), "b": histogram(other, facet)})
    every = [*own, *other]
    assert sum(one.count for one in found.buckets) == len(every)
    assert len(found.buckets) <= max(2, bins)
    for number, one in enumerate(found.buckets):
        is_last = number == len(found.buckets) - 1
        start, end = float(one.value), float(one.end or 0)
        inside = [price for price in every if start <= price < end or (is_last and price == end)]
        assert one.count == len(inside)


def test_whole_numbers_have_whole_bars_and_a_single_value_one() -> None:
    own, other = histogram([1, 2, 2], PRICE), histogram([7], PRICE)
    found, _ = merged_facet(PRICE, {"a": own, "b": other})
    assert found.buckets[0] == Bucket(1, 1, 2)
    assert all(float(one.value).is_integer() for one in found.buckets)
    same = {"a": histogram([5, 5], PRICE), "b": histogram([5], PRICE)}
    assert merged_facet(PRICE, same)[0].buckets == (Bucket(5, 3, 5),)


@pytest.mark.parametrize("great", [1e25, 1e300, 1.7e308])
def test_small_and_very_great_numbers_have_bars_together(great: float) -> None:
    counts = {"a": histogram([0.00001, 0.00002], PRICE), "b": histogram([5.0, great], PRICE)}
    found, _ = merged_facet(PRICE, counts)
    assert [one.count for one in found.buckets if one.count] == [3, 1]
    assert float(found.buckets[0].value) == 0
    assert great <= float(found.buckets[-1].end or 0) < math.inf


def test_dates_are_counted_by_the_widest_bars_with_empty_ones_between() -> None:
    own = FacetCounts("d", "dates", (Bucket("2024-01-30", 2, "2024-01-31"),), 0, 0)
    other = FacetCounts("d", "dates", (Bucket("2024-03", 3, "2024-04"),), 1, 0)
    found, _ = merged_facet(Facet("d"), {"a": own, "b": other})
    assert [(one.value, one.count, one.end) for one in found.buckets] == [
        ("2024-01", 2, "2024-02"), ("2024-02", 0, "2024-03"), ("2024-03", 3, "2024-04"),
    ]  # fmt: skip
    yearly, _ = merged_facet(Facet("d", interval="year"), {"a": own, "b": other})
    assert yearly.buckets == (Bucket("2024", 5, "2025"),)


def test_a_field_of_two_kinds_says_which_are_left_out() -> None:
    found, doubt = merged_facet(
        PRICE, {"a": histogram([1.5, 2.5], PRICE), "b": values({"on request": 4})}
    )
    assert (found.kind, sum(one.count for one in found.buckets), found.others) == ("numbers", 2, 4)
    assert doubt is not None
    assert "'price' is of another kind in b" in doubt
    nothing, doubt = merged_facet(PRICE, {"a": values({}, missing=3)})
    assert (nothing.buckets, nothing.missing, doubt) == ((), 3, None)
