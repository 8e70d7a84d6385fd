"""When a photo was taken, in plain words: taken in May 2008, from last summer, before 2010.

Read only where records have such a date. A bare year may be of what is looked for ("a car from
1969"), so it counts where something was taken in it, or where a word says that it was taken.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from binocle.metadata.dates import parse_span
from binocle.metadata.filters import Comparison
from search.query.bounds.chinese_dates import chinese_time, days_ago
from search.query.negation.chinese import HAS_CHINESE
from search.query.stored_words import StoredWords

_YEAR = r"(?:19|20)\d\d"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_SEASON = r"(?:spring|summer|autumn|fall|winter)"
_FULL = (
    rf"(?:{_MONTH}(?:,|\s+of)?\s+{_YEAR}|{_SEASON}(?:,|\s+of)?\s+{_YEAR}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH},?\s+{_YEAR}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+{_YEAR}|{_YEAR}-\d\d(?:-\d\d)?"
    rf"|(?:the\s+)?(?:last|past)\s+\d{{1,3}}\s+(?:days|weeks|months|years)"
    rf"|(?:an?|\d{{1,3}})\s+(?:day|week|month|year)s?\s+ago"
    rf"|(?:this|last)\s+(?:week|month|year|{_SEASON})|today|yesterday)"
)
_ANY = rf"(?:{_FULL}|{_YEAR})"
_TAKEN = (
    r"(?:(?:(?:that|which)\s+)?(?:(?:i|we|was|were|have|had|been)\s+)*"
    r"(?:taken|shot|photographed|captured|snapped|took))"
)
_WHEN = (
    rf"(?:between\s+(?P<first>{_ANY})\s+and\s+(?P<last>{_ANY})"
    rf"|from\s+(?P<begin>{_ANY})\s+(?:to|until|till|through)\s+(?P<end>{_ANY})"
    rf"|(?P<way>before|after|since|until|till)\s+(?P<bound>{_ANY})"
    rf"|(?:in|on|during|from|of|dated|around)\s+(?:the\s+)?(?P<at>{_ANY}))"
)
_BEHIND = r"(?=\s+(?:of|with|at|in|by|on|near|showing|where|when|my|our|the|we|i)\s)"
_PATTERNS = (
    rf"\b{_TAKEN}\s+(?:{_WHEN}|(?P<bare>{_ANY}))(?:\s*,)?",
    (
        rf"(?:(?:^|(?<=[\s,])){_WHEN}(?:\s*,|(?=[\s.!?]*$)|{_BEHIND})"
        rf"|^(?P<alone>{_FULL})(?:'s\b|\s*,|{_BEHIND}|(?=[.!?]*$))"
        rf"|(?<=[\s,])(?P<tail>{_FULL})(?=[\s.!?]*$))"
    ),
)
_HINT = re.compile(r"\d{4}|\b(?:last|past|this|ago|today|yesterday)\b", re.IGNORECASE)
_PICTURES = re.compile(
    r"(?:(?:show|find|me|all|the|my|our|any|of|photos?|photographs?|pictures?|pics?|images?|shots?"
    r"|snapshots?|ones|those|everything|anything)\s*)*",
    re.IGNORECASE,
)
_FORGET = re.compile(
    r"(?:(?:forget(?: about)?|drop|remove|ignore|never ?mind|clear|any|whatever)\s+"
    r"(?:the |any )?(?:dates?|times?|years?)|any ?time"
    r"|不[限管论論看](?:时间|時間|日期|年份)|(?:时间|時間|日期|年份)(?:不限|不重要|无所谓|随意))",
    re.IGNORECASE,
)
_LONGEST = 300  # characters


@dataclass(frozen=True, slots=True)
class DateWish:
    """When something was taken, and what else a text says.

    Attributes:
        rest: The text without the time; empty where any photo is looked for.
        when: The time; None where a text says none.
    """

    rest: str
    when: Comparison | None = None


def date_wish(text: str, stored: StoredWords, today: date | None = None) -> DateWish:
    """Read when what a text looks for was taken.

    Args:
        text: Such as ``dogs at the lake, taken in May 2008``.
        stored: Says which field has such dates, and what the collection says in just these words.
        today: What "last week" is before; the local date for None.
    """
    if len(text) > _LONGEST or '"' in text:
        return DateWish(text)
    is_chinese = HAS_CHINESE.search(text) is not None
    if not is_chinese and not _HINT.search(text):
        return DateWish(text)
    today = today or datetime.now().astimezone().date()
    time = chinese_time(text, today) if is_chinese else None
    if time is not None:
        return _wish(text, stored, time.words, time.rest, today, is_sure=time.is_sure)
    for number, pattern in enumerate(_PATTERNS):
        for match in _compiled(pattern).finditer(text):
            words, is_year = _span_words(match, today)
            rest = (
                f"{text[: match.start()].rstrip(' ,')} {text[match.end() :].lstrip(' ,')}".strip()
            )
            is_sure = number == 0 or not is_year or _PICTURES.fullmatch(rest) is not None
            if number and stored.has_phrase(match[0]):
                continue
            wish = _wish(text, stored, words, rest, today, is_sure=is_sure)
            if wish.when is not None:
                return wish
    return DateWish(text)


def forgets_date(text: str) -> bool:
    """Tell whether a text says that the time matters no more."""
    return _FORGET.fullmatch(text) is not None


def _wish(
    text: str, stored: StoredWords, words: str, rest: str, today: date, *, is_sure: bool
) -> DateWish:
    field = stored.date_field()
    if field is None:
        return DateWish(text)
    try:
        when = Comparison(field, "during", tuple(parse_span(words, today)))
    except ValueError:  # the 31st of June
        return DateWish(text)
    if not is_sure and not stored.has_any(when):
        return DateWish(text)
    rest = rest.rstrip(".!?").strip()
    return DateWish("" if _PICTURES.fullmatch(rest) else rest, when)


def _span_words(match: re.Match[str], today: date) -> tuple[str, bool]:
    """Return a time as ``parse_span`` reads it, and whether it is of years alone."""
    said = {name: _normal(value, today) for name, value in match.groupdict().items() if value}
    is_year = all(re.fullmatch(_YEAR, one) for name, one in said.items() if name != "way")
    if "first" in said:
        return f"{said['first']}..{said['last']}", is_year
    if "begin" in said:
        return f"{said['begin']}..{said['end']}", is_year
    if "bound" in said:
        way = said["way"]
        return (
            f"..{said['bound']}" if way in ("until", "till") else f"{way} {said['bound']}"
        ), is_year
    return next(iter(said.values())), is_year


def _normal(words: str, today: date) -> str:
    """Return a time as ``parse_span`` has it: 3rd of May, 2008 is 2008-05-03."""
    plain = re.sub(r"\s+", " ", re.sub(r"[.,]|\b(?:the|of)\b", " ", words.lower())).strip()
    plain = re.sub(r"^past ", "last ", plain)
    if ago := re.fullmatch(r"(an?|\d+) (day|week|month|year)s? ago", plain):
        return days_ago(1 if ago[1].startswith("a") else int(ago[1]), ago[2], today)
    day = re.fullmatch(
        r"(?:(\d{1,2})(?:st|nd|rd|th)? )?([a-z]+) (?:(\d{1,2})(?:st|nd|rd|th)? )?(\d{4})", plain
    )
    if day is None or day[2] in ("spring", "summer", "autumn", "fall", "winter"):
        return plain
    months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    month = f"{day[4]}-{months.index(day[2][:3]) + 1:02}"
    number = day[1] or day[3]
    return f"{month}-{int(number):02}" if number else month


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
