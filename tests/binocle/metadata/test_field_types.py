"""Types of fields: how values become them, what is inferred, points and distances."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.errors import UsageError
from binocle.metadata.dates import is_date, parse_span, span_of
from binocle.metadata.field_types import (
    POINT,
    FieldType,
    check_schema,
    converted_to,
    inferred_type,
    seen_in,
    typed,
)
from binocle.metadata.points import Point, distance_m, points_of
from binocle.types import Metadata


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "12", 12),
        ("number", "-1.5e3", -1500.0),
        ("number", "$1,299.90", 1299.9),
        ("number", " 12 € ", 12),
        ("number", True, 1),
        ("number", 7.5, 7.5),
        ("number", "12 kg", None),
        ("number", "1,2", 1.2),
        ("number", "1e999", None),
        ("number", "9223372036854775808", 9223372036854775808.0),
        ("number", ["1", "x", 2], [1, 2]),
        ("number", ["x"], None),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", 1.0, True),
        ("boolean", 2, None),
        ("date", "2021-03-05 10:30:00", "2021-03-05T10:30:00"),
        ("date", "2021:03:05 10:30:00", "2021-03-05T10:30:00"),
        ("date", "2021/3/5", "2021-03-05"),
        ("date", "5.3.2021", "2021-03-05"),
        ("date", "2021-02-29", None),
        ("date", 2021, "2021"),
        ("date", 1614940200, "2021-03-05T10:30:00+00:00"),
        ("date", 1614940200000, "2021-03-05T10:30:00+00:00"),
        ("date", "someday", None),
        ("keyword", 7, "7"),
        ("keyword", 7.0, "7"),
        ("keyword", 1.5, "1.5"),
        ("keyword", False, "false"),
        ("text", "a b", "a b"),
        ("keywords", "warm| bright", ["warm", "bright"]),
        ("keywords", "a, b,,c", ["a", "b", "c"]),
        ("keywords", '["a, b", 3]', ["a, b", "3"]),
        ("keywords", ["x", 3], ["x", "3"]),
        ("keywords", " ", None),
        ("keywords", 5, ["5"]),
    ],
)
def test_values_become_their_type(kind: FieldType, value: Any, expected: Any) -> None:
    found = converted_to(kind, value)
    assert found == expected
    assert type(found) is type(expected)


def test_only_declared_fields_are_converted() -> None:
    metadata: Metadata = {"price": "12", "size": "12", "code": True}
    assert typed(metadata, {}) is metadata
    assert typed(metadata, {"price": "number", "code": "date"}) == {"price": 12, "size": "12"}


@pytest.mark.parametrize(
    ("metadata", "schema", "expected"),
    [
        ({"latitude": 48, "longitude": 11.5}, {}, {"location": Point(48, 11.5)}),
        ({"latitude": 48}, {}, {}),
        ({"latitude": 91, "longitude": 0}, {}, {}),
        ({"latitude": "48", "longitude": "11"}, {}, {}),
        ({"spot": "48.1, 11.5"}, {}, {}),
        ({"spot": "48.1, 11.5"}, {"spot": "geo"}, {"spot": Point(48.1, 11.5)}),
        ({"spot": "(48.1;-11.5)"}, {"spot": "geo"}, {"spot": Point(48.1, -11.5)}),
        ({"spot": [48.1, 11]}, {"spot": "geo"}, {"spot": Point(48.1, 11)}),
        ({"spot.lat": 1, "spot.lon": 2}, {"spot": "geo"}, {"spot": Point(1, 2)}),
        ({"spot.latitude": 1, "spot.lng": 2}, {"spot": "geo"}, {"spot": Point(1, 2)}),
        ({"spot": "Munich"}, {"spot": "geo"}, {}),
        ({"spot": [1, 2, 3]}, {"spot": "geo"}, {}),
        ({"location": "Munich", "latitude": 48, "longitude": 11}, {},
         {"location": Point(48, 11)}),
        ({"location": "1, 2", "latitude": 48, "longitude": 11}, {"location": "geo"},
         {"location": Point(1, 2)}),
    ],
)  # fmt: skip
def test_points_are_read_where_they_are_meant(
    metadata: Metadata, schema: Any, expected: dict[str, Point]
) -> None:
    assert points_of(metadata, schema) == expected


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        ((48.8566, 2.3522), (51.5074, -0.1278), 343.6),  # Paris and London
        ((40.6413, -73.7781), (-33.9399, 151.1753), 16_014),  # New York and Sydney
        ((0, 179.9), (0, -179.9), 22.24),  # across the date line
        ((90, 0), (-90, 0), 20_015.1),
        ((10, 20), (10, 20), 0),
    ],
)
def test_distances_are_those_on_the_globe(
    one: tuple[float, float], other: tuple[float, float], kilometres: float
) -> None:
    found = float(distance_m(*one, Point(*other)))
    assert found / 1000 == pytest.approx(kilometres, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        ([True, 3], "number"),
        (["2021", "2021-03-05T10:30:00+02:00"], "date"),
        (["2021", "soon"], "keyword"),
        (["2021", 5], "keyword"),
        (["red", "x" * 100], "text"),
        ([["a", "b"], "c"], "keywords"),
        ([[1, 2]], "number"),
        ([[]], "keyword"),
    ],
)
def test_types_are_inferred_from_what_was_seen(values: list[Any], expected: str) -> None:
    seen = 0
    for value in values:
        seen |= seen_in(value)
    assert inferred_type(seen) == expected
    assert inferred_type(POINT) == "geo"


def test_schemas_name_known_types_and_metadata_fields() -> None:
    assert check_schema({"price": "number"}) == {"price": "number"}
    for wrong in ({"price": "money"}, {"id": "number"}, {"": "number"}):
        with pytest.raises(UsageError):
            check_schema(wrong)


@given(st.dates(), st.text("0123456789-T: .Zabc", max_size=12))
def test_dates_are_inside_the_spans_they_stand_for(day: date, rest: str) -> None:
    text = day.isoformat()
    for part in (text, text[:7], text[:4]):
        span = span_of(part)
        assert span is not None
        assert span.start <= text < span.end
    assert (span_of(text + rest) is None) is not is_date(text + rest)


@given(st.dates(date(2, 1, 1), date(9998, 1, 1)))
def test_spans_of_days_end_with_today(today: date) -> None:
    text = today.isoformat()
    for words in ("today", "last 1 day", "last 3 weeks", "last 2 months", "last 1 year",
                  "this week", "this month", "this year", "since yesterday"):  # fmt: skip
        span = parse_span(words, today)
        assert span.start <= text < span.end
    for words in ("yesterday", "last week", "last month", "last year", "last summer",
                  "last winter", "before today"):  # fmt: skip
        span = parse_span(words, today)
        assert span.start < span.end <= text
