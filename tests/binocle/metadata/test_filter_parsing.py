"""The JSON form of a filter, and what is refused of it."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from binocle.errors import FilterError
from binocle.metadata.filter_parsing import MAX_COMPARISONS, MAX_DEPTH, parse_json
from binocle.metadata.filters import And, Comparison, Filter, Not, Or, matches


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, And(())),
        ({"a": 1}, Comparison("a", "eq", 1)),
        ({"a": True}, Comparison("a", "eq", True)),
        ({"a": ["x", 2]}, Comparison("a", "in", ("x", 2))),
        ({"a": []}, Comparison("a", "in", ())),
        ({"a": {"in": ["x"]}}, Comparison("a", "in", ("x",))),
        ({"a": {"exists": False}}, Comparison("a", "exists", False)),
        ({"a": {"prefix": ""}}, Comparison("a", "prefix", "")),
        (
            {"a": {"gte": 1, "lt": 2.5}},
            And((Comparison("a", "gte", 1), Comparison("a", "lt", 2.5))),
        ),
        (
            {"a": "x", "b": {"ne": "y"}},
            And((Comparison("a", "eq", "x"), Comparison("b", "ne", "y"))),
        ),
        (
            {"or": [{"a": 1}, {"not": {"b": 2}}]},
            Or((Comparison("a", "eq", 1), Not(Comparison("b", "eq", 2)))),
        ),
        ({"and": []}, And(())),
        ({"or": []}, Or(())),
    ],
)
def test_json_form_is_read_as_documented(document: object, expected: Filter) -> None:
    assert parse_json(document) == expected


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "object of fields"),
        ("color=Red", "object of fields"),
        (None, "object of fields"),
        ({"a": None}, "a: cannot compare with None"),
        ({"a": {"eq": None}}, "a: cannot compare"),
        ({"a": {"eq": ["x"]}}, "a: cannot compare"),
        ({"a": float("nan")}, "a: cannot compare with nan"),
        ({"a": float("inf")}, "a: cannot compare with inf"),
        ({"a": {"like": "x"}}, "unknown operator 'like'; known are eq, ne"),
        ({"a": {"in": "x"}}, "'in' takes a list"),
        ({"a": [["x"]]}, "a: cannot compare"),
        ({"a": {"exists": 1}}, "'exists' takes true or false"),
        ({"a": {"prefix": 3}}, "'prefix' takes a string"),
        ({"": 3}, "needs a field's name"),
        ({"or": {"a": 1}}, "'or' holds a list"),
        ({"and": [1]}, "object of fields"),
        ({"not": [{"a": 1}]}, "object of fields"),
    ],
)
def test_json_of_another_form_is_refused_with_the_reason(document: object, reason: str) -> None:
    with pytest.raises(FilterError, match=reason):
        parse_json(document)


def test_filters_too_deep_or_too_long_are_refused() -> None:
    deep: Mapping[str, object] = {"a": 1}
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    parse_json(deep)
    with pytest.raises(FilterError, match=f"more than {MAX_DEPTH} deep"):
        parse_json({"not": deep})
    many: list[object] = [{"a": 1}] * MAX_COMPARISONS
    parse_json({"or": many})
    with pytest.raises(FilterError, match=f"more than {MAX_COMPARISONS}"):
        parse_json({"or": [*many, {"a": 1}]})


def test_times_in_words_are_compared_in_json_too() -> None:
    where = parse_json({"taken_at": {"gte": "last week"}, "color": "Red"})
    today = datetime.now().astimezone().date().isoformat()
    assert matches(where, "", "", {"taken_at": today, "color": "Red"})
    assert not matches(where, "", "", {"taken_at": "2001-01-01", "color": "Red"})
    for passing in ({"taken_at": "today"}, {"taken_at": ["2001", "today"]}):
        assert matches(parse_json(passing), "", "", {"taken_at": f"{today}T10:00"})
        assert not matches(parse_json({"not": passing}), "", "", {"taken_at": today})
