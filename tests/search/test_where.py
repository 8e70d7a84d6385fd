"""The grammar of filters as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.errors import FilterError
from binocle.filters import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    matches,
)
from search.where import parse_where

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
        ("color", "=, !=, <, <=, >, >=, in, exists or prefix", "found the end"),
        ("color Red", "=, !=, <, <=, >, >=, in, exists or prefix", "'Red' at position 7"),
        ("color =", "a value", "found the end"),
        ("color = = Red", "a value", "'=' at position 9"),
        ("color = `Red`", "a value", "'`Red`' at position 9"),
        ("'color' = Red", "a field's name", "at position 1"),
        ("color = Navy Blue", "the end, 'and' or 'or'", "'Blue' at position 14"),
        ("color = Red and", "a field's name", "found the end"),
        ("(color = Red", r"'\)'", "found the end"),
        ("color = Red)", "the end, 'and' or 'or'", r"'\)' at position 12"),
        ("color in Red", r"'\('", "'Red' at position 10"),
        ("color in ()", "a value", r"'\)' at position 11"),
        ("color in (Red Blue)", r"'\)'", "'Blue' at position 15"),
        ("color not = Red", "in, exists or prefix", "'=' at position 11"),
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
