"""Queries in one line."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from binocle.metadata.filters import Comparison
from search.query.filter_language import parse_where
from search.query.query import Query, Region, Sort, Term
from search.query.summary import filter_as_typed, summary_of


def test_summary_tells_what_is_looked_for_kept_away_and_let_through() -> None:
    query = Query(
        (
            Term(text="blue shoes"),
            Term(text="leather", weight=-0.5),
            Term(record="sku-02", weight=2, region=Region(0, 0, 0.5, 1)),
            Term(vector=np.ones(4, np.float32), source="image", weight=-1),
        ),
        where=parse_where("price < 60 and color in (Red, 'Navy Blue')"),
    )
    assert summary_of(query) == (
        "blue shoes, like a part of sku-02^2; not leather^0.5, not like a picture; "
        "where price < 60 and color in (Red, 'Navy Blue')"
    )
    assert summary_of(replace(query, terms=())).startswith("anything; where price")
    assert summary_of(Query((Term(text="a\nb  c"),))) == "a b c"
    long = Query((), where=Comparison("n", "in", tuple(range(5000))))
    assert summary_of(long) == "anything; where n in (0, 1, 2, 3, 4, 5, 6, 7, …)"
    numbers = Query((), where=parse_where("n = 5 and m in (5, 6)"))
    assert summary_of(numbers) == "anything; where n = 5 and m in (5, 6)"
    assert len(summary_of(Query((Term(text="word " * 900),)))) <= 400


@pytest.mark.parametrize(
    "typed",
    [
        "price = 60", "price != 60", "price <= 0.5", "code = '07'", "stock = true", "a = 'true'",
        "not price exists", "`a b` exists", "title contains linen", "sku prefix 'BX 1'",
        "a < 1 and (b < 2 or c < 3)", "a < 1 and b < 2 or c < 3", "not (a < 1 or b < 2)",
        "location near (48.1, 11.5, 10000m)", "name = \"it's\"", "added >= 2021",
        "price in 10..20", "not color in (Red, Blue)", "n in (5, 6, x)",
    ],
)  # fmt: skip
def test_filter_as_typed_is_read_as_the_same_filter(typed: str) -> None:
    where = parse_where(typed)
    assert parse_where(filter_as_typed(where)) == where


def test_times_are_told_by_their_days() -> None:
    where = parse_where("added in 2024-03", date(2026, 1, 1))
    assert filter_as_typed(where) == "added from 2024-03 to before 2024-04"


def test_times_without_a_begin_or_an_end_say_so() -> None:
    where = parse_where("a > yesterday and b < yesterday", date(2024, 3, 6))
    assert filter_as_typed(where) == "a since 2024-03-06 and b before 2024-03-05"


def test_summary_tells_the_order() -> None:
    query = Query((Term(text="a"),), sort=(Sort("price", descending=True), Sort("id")))
    assert summary_of(query) == "a; by price downwards, id"
