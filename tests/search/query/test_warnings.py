"""Filters that cannot mean what they say are refused, or pointed out."""

from collections.abc import Iterator

import pytest

from binocle.collection.collection import Collection
from binocle.errors import FilterError
from binocle.metadata.filter_parsing import parse_json
from search.query.filter_language import parse_where
from search.query.warnings import check_times, doubts
from tests.support.titles import record


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    colors = ("Red", "Red", "Navy Blue", "RED", "Straße")
    with Collection(tmp_path_factory.mktemp("shop") / "c", create=True) as shop:
        shop.upsert(
            [
                record(
                    str(at),
                    "a shirt",
                    color=color,
                    taken_at=f"2024-03-0{at + 1}",
                    tags=["New"],
                    year=2020 + at,
                )
                for at, color in enumerate(colors)
            ]
        )
        yield shop


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("value", ["banana", "2024-13-45", "'soon or later'", "12:30"])
def test_dates_are_not_ordered_by_what_is_none(shop: Collection, sign: str, value: str) -> None:
    with pytest.raises(FilterError, match=r"'taken_at' holds dates, and .* is none; there are"):
        check_times(shop, parse_where(f"color = Red and not taken_at {sign} {value}"))
    with pytest.raises(FilterError, match="is none"):
        check_times(shop, parse_json({"taken_at": {"lt": value}}))


@pytest.mark.parametrize(
    ("expression", "works"),
    [
        ("year > this year", "year >= "),
        ("year <= last month", "year < "),
        ("year = last year", "year = "),
        ("year in last 30 days", "year = "),
    ],
)
def test_numbers_are_not_compared_with_times(shop: Collection, expression: str, works: str) -> None:
    with pytest.raises(FilterError, match=f"'year' holds numbers, .* such as {works}2") as told:
        check_times(shop, parse_where(f"color = Red or {expression}"))
    check_times(shop, parse_where(str(told.value).split("such as ")[1]))


@pytest.mark.parametrize(
    "expression",
    [
        "year in 2021", "year in 2020..2022", "year >= 2021", "year between 2020 and 2022",
        "taken_at > yesterday", "taken_at >= 2024", "taken_at < 2024-03-05", "color < banana",
        "taken_at < 2024-03-05T10:30", "taken_at = banana", "unknown < banana",
    ],
)  # fmt: skip
def test_everything_else_is_compared(shop: Collection, expression: str) -> None:
    check_times(shop, parse_where(expression))
    check_times(shop, None)


@pytest.mark.parametrize(
    ("expression", "there"),
    [
        ("color = red", "'Red', 'RED'"),
        ("color != red", "'Red', 'RED'"),
        ("color in (Red, 'navy blue')", "'Navy Blue'"),
        ("color = STRASSE", "'Straße'"),
        ("color prefix navy", "'Navy Blue'"),
        ("tags = new", "'New'"),
    ],
)
def test_value_that_is_written_in_other_letters_is_named(
    shop: Collection, expression: str, there: str
) -> None:
    (doubt,) = doubts(shop, parse_where(expression))
    assert f"; there is {there};" in doubt


@pytest.mark.parametrize(
    "expression",
    ["color = Red", "color = Green", "color prefix Na", "tags = New", "color contains navy",
     "color = ''", "color in (Red, RED)", "color < red", "taken_at = 2024-03-01"],
)  # fmt: skip
def test_what_is_right_or_nowhere_needs_no_word(shop: Collection, expression: str) -> None:
    assert doubts(shop, parse_where(expression)) == []
