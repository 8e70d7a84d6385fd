"""Sort orders, facets, groups, regions, cuts and weights as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.errors import QueryError
from search.query.notation import (
    parse_boosted,
    parse_cut,
    parse_facet,
    parse_group,
    parse_region,
    parse_sort,
    parse_weights,
)
from search.query.query import Facet, Group, Region, Sort, Weights


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("price", Sort("price")),
        ("-price", Sort("price", descending=True)),
        ("relevance", Sort("relevance")),
        ("-relevance", Sort("relevance")),
        ("`-odd`", Sort("-odd")),
        ("-`a b`", Sort("a b", descending=True)),
        ("unit price", Sort("unit price")),
    ],
)
def test_sort_is_a_field_and_a_dash_turns_it_round(text: str, sort: Sort) -> None:
    assert parse_sort(text) == sort


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("color", Facet("color")),
        ("color:50", Facet("color", limit=50, bins=50)),
        ("price:numbers", Facet("price", "numbers")),
        ("price:numbers:5", Facet("price", "numbers", limit=5, bins=5)),
        ("price:5:numbers", Facet("price", "numbers", limit=5, bins=5)),
        ("taken_at:dates:month", Facet("taken_at", "dates", interval="month")),
        ("taken_at:year", Facet("taken_at", "dates", interval="year")),
        ("`a:b`:values", Facet("a:b", "values")),
        ("`numbers`", Facet("numbers")),
        ("numbers", Facet("numbers")),
    ],
)
def test_facet_is_a_field_with_kind_count_and_interval_behind_it(text: str, facet: Facet) -> None:
    assert parse_facet(text) == facet


def test_group_is_a_field_and_a_size() -> None:
    assert parse_group("style") == Group("style")
    assert parse_group("style:3") == Group("style", 3)
    assert parse_group("`a:b`:3") == Group("a:b", 3)


def test_region_cut_weights_and_boosts_are_numbers() -> None:
    assert parse_region("0.5, 0, .5, 1") == Region(0.5, 0, 0.5, 1)
    assert parse_cut("auto") == "auto"
    assert parse_cut("0.3") == parse_cut("30%") == parse_cut(" 30 % ") == 0.3
    assert parse_weights("keyword=2, text=0.5") == Weights(1.0, 0.5, 2.0)
    assert parse_boosted("leather^2") == ("leather", 2.0)
    assert parse_boosted("C^ major ^ 0.5") == ("C^ major ^ 0.5", 1.0)
    assert parse_boosted("a b ^0.5") == ("a b", 0.5)
    assert parse_boosted("^2") == ("^2", 1.0)


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (parse_sort, "", "a sort order is a field"),
        (parse_sort, "-", "a sort order is a field"),
        (parse_facet, "", "a facet is a field"),
        (parse_facet, ":5", "a facet is a field"),
        (parse_facet, "price:much", "not 'much'"),
        (parse_facet, "price:0", "1 to 1000"),
        (parse_facet, "price:1001", "1 to 1000"),
        (parse_facet, "price::5", "a facet is a field"),
        (parse_group, "style:0", "1 to 100"),
        (parse_group, "style:many", "such as style:3"),
        (parse_region, "1,2,3", "fractions"),
        (parse_region, "0.5,0,1,1", "stay inside"),
        (parse_region, "nan,0,1,1", "stay inside"),
        (parse_cut, "110%", "from 0 to 1"),
        (parse_cut, "nan", "from 0 to 1"),
        (parse_cut, "much", "from 0 to 1"),
        (parse_weights, "words=2", "keyword=2"),
        (parse_weights, "keyword", "keyword=2"),
        (parse_weights, "image=0,text=0,keyword=0", "not all 0"),
        (parse_weights, "image=-1", "from 0 on"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_an_example(
    parse: object, text: str, says: str
) -> None:
    assert callable(parse)
    with pytest.raises(QueryError, match=says):
        parse(text)


_NAMES = st.text(st.characters(exclude_characters="`"), min_size=1, max_size=20).filter(
    lambda name: name == name.strip()
)


@given(name=_NAMES, descending=st.booleans())
def test_any_field_can_be_named_in_backticks(name: str, descending: bool) -> None:
    dash = "-" if descending else ""
    if name != "relevance":
        assert parse_sort(f"{dash}`{name}`") == Sort(name, descending)
    assert parse_facet(f"`{name}`:7") == Facet(name, limit=7, bins=7)
    assert parse_group(f"`{name}`:7") == Group(name, 7)


@given(text=st.text(max_size=30))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    for parse in (parse_sort, parse_facet, parse_group, parse_region, parse_cut, parse_weights):
        try:
            parse(text)
        except QueryError:
            pass
