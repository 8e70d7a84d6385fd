"""Dates as people say them, and as metadata holds them.

A stored date is ISO 8601: a year, a month, a day, or a time of a day, in local time with or
without an offset. Such strings sort in time by code point, so a span of time is two strings:
a value is inside when ``start <= value < end``. A value that is coarser than the span (``2021``
and March 2021) is outside, because nobody knows.
"""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import NamedTuple

_DATE = re.compile(
    r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?"
)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun",
            "july jul", "august aug", "september sep", "october oct", "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_UNITS = ("day", "week", "month", "year")
_DAYS = {"today": 0, "now": 0, "yesterday": -1, "tomorrow": 1}
BEFORE_ALL, AFTER_ALL = "", ":"  # no date sorts before or behind these
KNOWN = (
    "a year, month or day (2021, 2021-03, 2021-03-05, march 2021), today, yesterday, tomorrow, "
    "this, last or next week, month or year, last 30 days, 2 weeks ago, summer 2021, last summer, "
    "A..B, between A and B, before A, after A or since A"
)


class Span(NamedTuple):
    """A time from ``start`` to before ``end``, both to be compared with ISO 8601 strings."""

    start: str
    end: str


def is_date(text: str) -> bool:
    """Tell whether a string is a date: a year, month, day or time in ISO 8601."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = match.groups()
    return int(day or 1) <= 28 or int(day) <= monthrange(int(year), int(month))[1]


def parse_span(text: str, today: date | None = None) -> Span:
    """Read a span of time as a person says it.

    Seasons are the meteorological ones of the northern half: summer is June to August, the
    winter of 2021 begins in December 2021. ``last week`` is the week from Monday to Sunday
    before this one; ``last 30 days`` end with today. ``last summer`` is the last one that is over.

    Args:
        text: One of ``KNOWN``, in any case.
        today: What ``today`` means; the local date for None.

    Raises:
        ValueError: It is none of these.
    """
    words = " ".join(text.lower().split())
    today = today or datetime.now().astimezone().date()  # local, as a camera's clock is
    if words.startswith("between ") and " and " in words:
        first, last = words.removeprefix("between ").split(" and ", 1)
        return _joined(first, last, today)
    if ".." in words:
        first, last = words.split("..", 1)
        return _joined(first, last, today)
    for word, kept in (("before ", 0), ("since ", 1), ("after ", 2)):
        if words.startswith(word):
            span = _single(words.removeprefix(word), today)
            return (
                Span(BEFORE_ALL, span.start),
                Span(span.start, AFTER_ALL),
                Span(span.end, AFTER_ALL),
            )[kept]
    return _single(words, today)


def named_span(text: str, today: date | None = None) -> Span | None:
    """Return the span of a time that is said in words, such as ``last month`` or ``march 2021``.

    None for dates in ISO 8601, which compare as they are written, and for all that is no time.
    """
    words = " ".join(text.lower().split())
    today = today or datetime.now().astimezone().date()
    return _relative(words, today) or _named(words, today)


def ends_today(text: str) -> bool:
    """Tell whether a time in words is one that ends with today, such as ``last 30 days``."""
    return re.fullmatch(r"last \d{1,4} [a-z]+", " ".join(text.lower().split())) is not None


def span_of(text: str) -> Span | None:
    """Return the span a date in ISO 8601 stands for: its year, month, day, minute or second."""
    if not is_date(text):
        return None
    timed = _TIME.match(text)
    if timed:
        day, hour, minute, second = timed.groups()
        start = f"{day}T{hour}:{minute}" + (f":{second}" if second else "")
        return Span(start, start + "~")  # "~" sorts behind seconds, offsets and Z
    numbers = [int(part) for part in text.split("-")]
    year, month, day = (*numbers, 0, 0)[:3]
    if not month:
        return Span(text, _year(year + 1))
    return Span(text, _month(year, month + 1) if not day else _next_day(year, month, day))


def _joined(first: str, last: str, today: date) -> Span:
    first, last = first.strip(), last.strip()
    start = _single(first, today).start if first else BEFORE_ALL
    end = _single(last, today).end if last else AFTER_ALL
    if not first and not last:
        raise ValueError("neither end is given")
    return Span(start, end)


def _single(words: str, today: date) -> Span:
    span = span_of(words.upper()) or _relative(words, today) or _named(words, today)
    if span is None:
        raise ValueError(f"{words!r} is no date")
    return span


def _relative(words: str, today: date) -> Span | None:
    if words in _DAYS:
        day = today + timedelta(days=_DAYS[words])
        return _days(day, day + timedelta(days=1))
    if ago := re.fullmatch(r"(an?|\d{1,4}) (day|week|month|year)s? ago", words):
        day = _before(today, 1 if ago[1].startswith("a") else int(ago[1]), ago[2])
        return _days(day, day + timedelta(days=1))
    match = re.fullmatch(r"(this|last|next) (?:(\d{1,4}) )?(day|week|month|year)s?", words)
    if match is None:
        return None
    which, count, unit = match.groups()
    if count is not None:
        if which != "last" or not int(count):
            return None
        return _days(_back(today, int(count), unit), today + timedelta(days=1))
    if unit == "day":
        return None
    first = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }[unit]
    steps = {"last": -1, "this": 0, "next": 1}[which]
    return _whole(_step(first, unit, steps) if steps else first, unit)


def _named(words: str, today: date) -> Span | None:
    match = re.fullmatch(r"([a-z]+) (\d{4})", words)
    if match and match[1] in _MONTHS:
        year, month = int(match[2]), _MONTHS[match[1]]
        return Span(_month(year, month), _month(year, month + 1))
    if match and match[1] in _SEASONS:
        return _season(int(match[2]), _SEASONS[match[1]])
    match = re.fullmatch(r"last ([a-z]+)", words)
    if match and match[1] in _SEASONS:
        spans = [_season(today.year - back, _SEASONS[match[1]]) for back in (0, 1, 2)]
        return next(span for span in spans if span.end <= today.isoformat())
    return None


def _season(year: int, month: int) -> Span:
    return Span(_month(year, month), _month(year, month + 3))


def _back(today: date, count: int, unit: str) -> date:
    """Return the first of the last so many days, weeks, months or years that end with today."""
    if unit in ("day", "week"):
        days = count * (7 if unit == "week" else 1)
        return today - timedelta(days=min(days - 1, today.toordinal() - 1))
    months = max(0, today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1))
    year, month = max(1, months // 12), months % 12 + 1
    return date(year, month, min(today.day, monthrange(year, month)[1])) + timedelta(days=1)


def _before(today: date, count: int, unit: str) -> date:
    """Return the day so many days, weeks, months or years before; the last one of short months."""
    if unit in ("day", "week"):
        days = count * (7 if unit == "week" else 1)
        return today - timedelta(days=min(days, today.toordinal() - 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = max(1, months // 12), months % 12 + 1
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def _step(first: date, unit: str, count: int) -> date:
    if unit == "week":
        return first + timedelta(days=7 * count)
    months = first.year * 12 + first.month - 1 + count * (12 if unit == "year" else 1)
    return date(months // 12, months % 12 + 1, 1)


def _whole(first: date, unit: str) -> Span:
    if unit == "week":
        return _days(first, first + timedelta(days=7))
    if unit == "month":
        return Span(_month(first.year, first.month), _month(first.year, first.month + 1))
    return Span(_year(first.year), _year(first.year + 1))


def _days(first: date, end: date) -> Span:
    return Span(first.isoformat(), end.isoformat())


def _next_day(year: int, month: int, day: int) -> str:
    if day < monthrange(year, month)[1]:
        return f"{year:04}-{month:02}-{day + 1:02}"
    return _month(year, month + 1)


def _year(year: int) -> str:
    return f"{year:04}" if year <= 9999 else AFTER_ALL


def _month(year: int, month: int) -> str:
    """Return a month, one beyond December being the next year's."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{year:04}-{month:02}" if year <= 9999 else AFTER_ALL
