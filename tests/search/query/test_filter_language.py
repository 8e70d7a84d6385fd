"""The grammar of filters as people type them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.errors import FilterError
from binocle.metadata.filter_parsing import MAX_COMPARISONS, MAX_DEPTH
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Operator, Or, matches
from search.query.filter_language import parse_where

A, B, C = (Comparison(name, "eq", "x") for name in "abc")


@pytest.mark.parametrize(
    ("sign", "operator"),
    [("<", "lt"), ("<=", "lte"), (">", "gt"), (">=", "gte")],
)
def test_order_signs_compare_with_the_number(sign: str, operator: Operator) -> None:
    for expression in (f"price {sign} 9.5", f"price{sign}9.5", f"  price\t{sign}\n9.5  "):
        assert parse_where(expression) == Comparison("price", operator, 9.5)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("color = Red", Comparison("color", "eq", "Red")),
        ("color == Red", Comparison("color", "eq", "Red")),
        ("color != Red", Comparison("color", "ne", "Red")),
        ("color <> Red", Comparison("color", "ne", "Red")),
        ("in_stock = TRUE", Comparison("in_stock", "eq", True)),
        ("in_stock = false", Comparison("in_stock", "eq", False)),
        ("in_stock = 'true'", Comparison("in_stock", "eq", "true")),
        ("color exists", Comparison("color", "exists", True)),
        ("color not exists", Not(Comparison("color", "exists", True))),
        ("color in (Red)", Comparison("color", "in", ("Red",))),
        ("color IN (Red, 'Navy Blue')", Comparison("color", "in", ("Red", "Navy Blue"))),
        ("color not in (Red)", Not(Comparison("color", "in", ("Red",)))),
        ("name prefix IMG_", Comparison("name", "prefix", "IMG_")),
        ("name not prefix 'a b'", Not(Comparison("name", "prefix", "a b"))),
        ("name prefix 2024", Comparison("name", "prefix", "2024")),
        ("name prefix true", Comparison("name", "prefix", "true")),
        ("name prefix False", Comparison("name", "prefix", "False")),
        ("taken_at >= 2024-05-01", Comparison("taken_at", "gte", "2024-05-01")),
        ("taken_at < 2024-05-01T10:30:00+02:00",
         Comparison("taken_at", "lt", "2024-05-01T10:30:00+02:00")),
        ("uri = file:///a/b.jpg", Comparison("uri", "eq", "file:///a/b.jpg")),
        ("couleur = été", Comparison("couleur", "eq", "été")),
        ("`shoe size` = x", Comparison("shoe size", "eq", "x")),
        ("`not` = x", Comparison("not", "eq", "x")),
        ("color = and", Comparison("color", "eq", "and")),
        ("a-b.c = x", Comparison("a-b.c", "eq", "x")),
    ],
)  # fmt: skip
def test_comparison_is_read_as_documented(expression: str, expected: Filter) -> None:
    assert parse_where(expression) == expected


TODAY = date(2024, 3, 6)  # a Wednesday


@pytest.mark.parametrize(
    ("time", "start", "end"),
    [
        ("2021-03", "2021-03", "2021-04"),
        ("2021-12", "2021-12", "2022-01"),
        ("2021-03-31", "2021-03-31", "2021-04"),
        ("2024-02-28", "2024-02-28", "2024-02-29"),
        ("2021-03-05T10:30", "2021-03-05T10:30", "2021-03-05T10:30~"),
        ("March 2021", "2021-03", "2021-04"),
        ("today", "2024-03-06", "2024-03-07"),
        ("Yesterday", "2024-03-05", "2024-03-06"),
        ("this week", "2024-03-04", "2024-03-11"),
        ("last week", "2024-02-26", "2024-03-04"),
        ("last month", "2024-02", "2024-03"),
        ("last year", "2023", "2024"),
        ("last 30 days", "2024-02-06", "2024-03-07"),
        ("last 2 weeks", "2024-02-22", "2024-03-07"),
        ("last 3 months", "2023-12-07", "2024-03-07"),
        ("summer 2021", "2021-06", "2021-09"),
        ("winter 2021", "2021-12", "2022-03"),
        ("last summer", "2023-06", "2023-09"),
        ("last winter", "2023-12", "2024-03"),
        ("2021-03..2021-05", "2021-03", "2021-06"),
        ("'2021-03 .. summer 2021'", "2021-03", "2021-09"),
        ("between 2021-03 and last summer", "2021-03", "2023-09"),
        ("..2021-03", "", "2021-04"),
        ("2021-03..", "2021-03", ":"),
        ("since 2021-03", "2021-03", ":"),
        ("after 2021-03", "2021-04", ":"),
        ("before 2021-03", "", "2021-03"),
    ],
)
def test_times_are_read_as_people_say_them(time: str, start: str, end: str) -> None:
    during = Comparison("taken_at", "during", (start, end))
    assert parse_where(f"taken_at in {time}", TODAY) == during
    both = parse_where(f"(a = x or taken_at not in {time}) and b = x", TODAY)
    assert both == And((Or((A, Not(during))), B))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("taken_at > yesterday", ["2024-03-06", "2024-03-06T09:00", "2024-04"]),
        ("taken_at >= 'last month'", ["2024-02", "2024-02-29T23:59", "2024-03-05", "2024-03-06",
                                      "2024-03-06T09:00", "2024-04"]),
        ("taken_at <= Last Month and a != y",
         ["2023", "2024-01-31", "2024-02", "2024-02-29T23:59"]),
        ("taken_at < last month", ["2023", "2024-01-31"]),
        ("taken_at < 6 weeks ago", ["2023"]),
        ("taken_at > last 5 days", ["2024-03-05", "2024-03-06", "2024-03-06T09:00", "2024-04"]),
        ("taken_at < last 5 days", ["2023", "2024-01-31", "2024-02", "2024-02-29T23:59"]),
        ("taken_at = yesterday", ["2024-03-05", "yesterday"]),
        ("taken_at == march 2024", ["2024-03-05", "2024-03-06", "2024-03-06T09:00"]),
        ("taken_at in (today, yesterday)", ["2024-03-05", "2024-03-06", "2024-03-06T09:00",
                                            "yesterday"]),
        ("taken_at >= next month", ["2024-04"]),
    ],
)  # fmt: skip
def test_times_in_words_are_compared(expression: str, found: list[str]) -> None:
    values = ["2023", "2024-01-31", "2024-02", "2024-02-29T23:59", "2024-03-05", "2024-03-06",
              "2024-03-06T09:00", "2024-04", "yesterday", "banana", "10 km"]  # fmt: skip
    where = parse_where(expression, TODAY)
    assert [one for one in values if matches(where, "", "", {"taken_at": one})] == found
    opposite = parse_where("taken_at != yesterday", TODAY)
    assert not matches(opposite, "", "", {"taken_at": "2024-03-05T10:00"})
    assert matches(opposite, "", "", {"taken_at": "2024-03-06"})


def test_words_that_are_no_time_are_compared_as_they_are() -> None:
    assert parse_where("a < banana", TODAY) == Comparison("a", "lt", "banana")
    assert parse_where("a >= 2024-03", TODAY) == Comparison("a", "gte", "2024-03")
    assert parse_where("id > today", TODAY) == Comparison("id", "gt", "today")


def test_years_and_ranges_of_numbers_may_mean_either() -> None:
    where = parse_where("year in 2021")
    for value, passes in ((2021, True), ("2021-05-01", True), (2022, False), ("2022", False)):
        assert matches(where, "", "", {"year": value}) is passes
    for expression in ("price in 10..20.5", "price between 10 and 20.5"):
        bounds = (Comparison("price", "gte", 10), Comparison("price", "lte", 20.5))
        assert parse_where(expression) == And(bounds)


@pytest.mark.parametrize("expression", ["place near (48.1, 11.5, 10km)",
                                        "place near (48.1,11.5,10 km)",
                                        "place near (48.1, 11.5, 10000)"])  # fmt: skip
def test_circles_are_read(expression: str) -> None:
    assert parse_where(expression) == Comparison("place", "near", Near(48.1, 11.5, 10_000))


def test_parts_of_texts_are_read() -> None:
    assert parse_where("title contains 'linen'") == Comparison("title", "contains", "linen")
    assert parse_where("title contains 501") == Comparison("title", "contains", "501")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("color in Red", "color: 'Red' is no time to be in; there are a year"),
        ("day in 2021-02-30", "is no time"),
        ("day in last 0 days", "is no time"),
        ("place near (91, 0, 1km)", "'near' takes lat"),
        ("place near (1, 0, 5miles)", "'near' takes lat"),
        ("title contains ''", "not empty"),
    ],
)
def test_times_and_circles_that_are_none_are_refused(expression: str, reason: str) -> None:
    with pytest.raises(FilterError, match=reason):
        parse_where(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a=x and b=x or c=x", Or((And((A, B)), C))),
        ("a=x or b=x and c=x", Or((A, And((B, C))))),
        ("(a=x or b=x) and c=x", And((Or((A, B)), C))),
        ("not a=x and b=x", And((Not(A), B))),
        ("not (a=x and b=x)", Not(And((A, B)))),
        ("not not a=x", Not(Not(A))),
        ("a=x AND b=x Or c=x", Or((And((A, B)), C))),
        ("a=x and b=x and c=x", And((A, B, C))),
        ("((a=x))", A),
    ],
)
def test_not_binds_closer_than_and_and_closer_than_or(expression: str, expected: Filter) -> None:
    assert parse_where(expression) == expected


@pytest.mark.parametrize(
    ("quoted", "value"),
    [
        ("'Navy Blue'", "Navy Blue"),
        ('"Navy Blue"', "Navy Blue"),
        ("'it\\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'a\\\\b'", "a\\b"),
        ("'(a, b) = c'", "(a, b) = c"),
        ("''", ""),
        ("'5'", "5"),
    ],
)
def test_quotes_hold_any_string(quoted: str, value: str) -> None:
    assert parse_where(f"color = {quoted}") == Comparison("color", "eq", value)
    assert parse_where(f"color in (x,{quoted})") == Comparison("color", "in", ("x", value))


@given(value=st.text(max_size=30), mark=st.sampled_from("'\""))
def test_every_string_can_be_quoted(value: str, mark: str) -> None:
    escaped = value.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    assert parse_where(f"`a b` = {mark}{escaped}{mark}") == Comparison("a b", "eq", value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5), ("-5", -5), ("+5", 5), ("5.0", 5), (".5", 0.5), ("1e3", 1000), ("007", 7)],
)
def test_bare_number_matches_the_number_and_the_string_that_looks_like_it(
    text: str, number: float
) -> None:
    for expression in (f"a = {text}", f"a in ({text})", f"a in (x, {text})"):
        where = parse_where(expression)
        assert matches(where, "", "", {"a": number})
        assert matches(where, "", "", {"a": text})
        assert not matches(where, "", "", {"a": number + 1})
        assert not matches(where, "", "", {"a": f"{text}0"})
    where = parse_where(f"a != {text}")
    assert not matches(where, "", "", {"a": number})
    assert not matches(where, "", "", {"a": text})
    assert matches(where, "", "", {"a": "other"})
    assert matches(where, "", "", {})


def test_long_whole_number_is_not_rounded() -> None:
    where = parse_where("tweet = 1234567890123456789")
    assert matches(where, "", "", {"tweet": 1234567890123456789})
    assert not matches(where, "", "", {"tweet": 1234567890123456788})


@pytest.mark.parametrize("text", ["1.2.3", "1-2", "5kg", "0x10", "1_000", "e5", "."])
def test_what_only_begins_like_a_number_is_a_string(text: str) -> None:
    assert parse_where(f"a = {text}") == Comparison("a", "eq", text)


@pytest.mark.parametrize(
    ("expression", "expected", "found"),
    [
        ("", "a field's name", "found the end"),
        ("   ", "a field's name", "found the end"),
        (
            "color",
            "=, !=, <, <=, >, >=, in, between, near, contains, exists or prefix",
            "found the end",
        ),
        (
            "color Red",
            "=, !=, <, <=, >, >=, in, between, near, contains, exists or prefix",
            "'Red' at position 7",
        ),
        ("color =", "a value", "found the end"),
        ("color = = Red", "a value", "'=' at position 9"),
        ("color = `Red`", "a value", "'`Red`' at position 9"),
        ("'color' = Red", "a field's name", "at position 1"),
        ("color = Navy Blue", "the end, 'and' or 'or'", "'Blue' at position 14"),
        ("color = Red and", "a field's name", "found the end"),
        ("(color = Red", r"'\)'", "found the end"),
        ("color = Red)", "the end, 'and' or 'or'", r"'\)' at position 12"),
        ("color in", r"'\(' or a time", "found the end"),
        ("color in `Red`", r"'\(' or a time", "'`Red`' at position 10"),
        ("price between 3 or 4", "'and'", "'or' at position 17"),
        ("place near 3", r"'\('", "'3' at position 12"),
        ("place near (3, 4)", "','", r"'\)' at position 17"),
        ("color in ()", "a value", r"'\)' at position 11"),
        ("color in (Red Blue)", r"'\)'", "'Blue' at position 15"),
        ("color not = Red", "in, between, near, contains, exists or prefix", "'=' at position 11"),
    ],
)
def test_error_names_what_was_expected_and_the_position(
    expression: str, expected: str, found: str
) -> None:
    with pytest.raises(FilterError, match=f"expected .*{expected}.*{found}"):
        parse_where(expression)


@pytest.mark.parametrize("expression", ["color = 'Red", "a = x and `b = y", "a ! b", 'a = "'])
def test_unfinished_quote_or_stray_sign_is_shown(expression: str) -> None:
    with pytest.raises(FilterError, match="put values with special characters in quotes"):
        parse_where(expression)


@given(expression=st.text("ab=<>!()',`\" \\1é.", max_size=25) | st.text(max_size=20))
def test_any_text_is_a_filter_or_a_filter_error(expression: str) -> None:
    try:
        parsed = parse_where(expression)
    except FilterError:
        return
    assert isinstance(parsed, And | Or | Not | Comparison)


def test_number_beyond_every_float_is_refused() -> None:
    with pytest.raises(FilterError, match="a: cannot compare"):
        parse_where("a = 1e999")


@pytest.mark.parametrize(
    ("opening", "closing", "cost"), [("(", ")", 1), ("not ", "", 1), ("not (", ")", 2)]
)
def test_nesting_has_a_limit(opening: str, closing: str, cost: int) -> None:
    levels = (MAX_DEPTH - 1) // cost
    parse_where(opening * levels + "a=x" + closing * levels)
    for deep in (levels + 1, 5000):
        with pytest.raises(FilterError, match=f"more than {MAX_DEPTH} deep"):
            parse_where(opening * deep + "a=x" + closing * deep)


def test_length_has_the_same_limit_as_in_json() -> None:
    parse_where(" or ".join(["a=x"] * MAX_COMPARISONS))
    with pytest.raises(FilterError, match=f"more than {MAX_COMPARISONS}"):
        parse_where(" or ".join(["a=x"] * (MAX_COMPARISONS + 1)))


def test_invisible_marks_outside_of_quotes_mean_nothing() -> None:
    assert parse_where("\ufeffcolor\u200b = Red\u200e \u200b and n < 5\u202c") == parse_where(
        "color = Red and n < 5"
    )
    assert parse_where("color = 'Red\u200e'") == Comparison("color", "eq", "Red\u200e")
