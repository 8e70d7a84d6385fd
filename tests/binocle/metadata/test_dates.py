"""Spans of time: what people say, and the dates inside."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.metadata.dates import is_date, named_span, parse_span, span_of


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


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("2024-02-29", "2024-02-29", "2024-03"),
        ("9999", "9999", ":"),
        ("2021-03-05 10:30:15", "2021-03-05T10:30:15", "2021-03-05T10:30:15~"),
        ("fall 2020", "2020-09", "2020-12"),
        ("last winter", "2023-12", "2024-03"),
        ("last autumn", "2023-09", "2023-12"),
        ("last 1 month", "2024-02-07", "2024-03-07"),
        ("last 2000 years", "0024-03-07", "2024-03-07"),
        ("Between  2021 and march 2022", "2021", "2022-04"),
        ("before yesterday", "", "2024-03-05"),
        ("tomorrow", "2024-03-07", "2024-03-08"),
        ("a month ago", "2024-02-06", "2024-02-07"),
        ("3 days ago", "2024-03-03", "2024-03-04"),
        ("2 years ago", "2022-03-06", "2022-03-07"),
        ("next week", "2024-03-11", "2024-03-18"),
        ("next year", "2025", "2026"),
        ("after last week", "2024-03-04", ":"),
    ],
)
def test_spans_are_read_as_people_say_them(words: str, start: str, end: str) -> None:
    assert parse_span(words, date(2024, 3, 6)) == (start, end)


def test_only_times_in_words_have_names() -> None:
    for words in ("today", "last week", "March 2021", "last summer"):
        assert named_span(words, date(2024, 3, 6)) == parse_span(words, date(2024, 3, 6))
    for words in ("2021", "2021-03-05", "2021..2022", "before today", "banana", ""):
        assert named_span(words, date(2024, 3, 6)) is None


@pytest.mark.parametrize(
    "words", ["", "soon", "..", "last 0 days", "this 3 days", "last day", "smarch 2021", "2021-13"]
)
def test_words_that_are_no_time_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"no date|neither"):
        parse_span(words, date(2024, 3, 6))
