"""Times in Chinese: 2008年5月拍的照片, 去年夏天的海滩, 2008到2010年, 最近30天, 上个月以来.

A year is written with 年, and is one of a model (2008年款) or of something else (三年级) where such
a word follows.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_YEAR = r"(?:[12]\d{3}|[一二][〇零一二三四五六七八九]{3})"
_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
_SEASON = r"(?:[春夏秋冬](?:天|季|日)?)"
_NO_YEAR = "(?!款|版|型|代|式|级|級|生|度|龄|齡|份数|间|間|限)"
_UNIT = r"(?:天|日|周|週|星期|个星期|個星期|个?月|個月|年)"
_MOMENT = (
    rf"(?:(?P<year#>{_YEAR}|今|去|前)年(?:的?(?P<season#>{_SEASON})"
    rf"|(?P<month#>{_NUMBER})月份?(?:(?P<day#>{_NUMBER})[日号號])?)?{_NO_YEAR}"
    r"|(?P<word#>今天|昨天|前天|(?:这|這|本|上)(?:个|個)?(?:月|周|週|星期))"
    rf"|(?:最近|过去|過去|近)(?:的)?(?P<last#>{_NUMBER})个?個?(?P<unit#>{_UNIT})(?:以?内|以?內)?"
    rf"|(?P<ago#>{_NUMBER})个?個?(?P<back#>{_UNIT})前(?!.*后)"
    r"|(?P<iso#>[12]\d{3}-\d{1,2}(?:-\d{1,2})?))"
)
_BOUNDED = r"(?P<bound>(?:之前|以前|之后|以后|之後|以後|以来|以來|至今|起))"
_TAKEN = (
    r"(?:里|裡|中|期间|期間|的时候|的時候|时|時)?"
    r"(?P<taken>(?:所?拍摄|拍攝|所?拍|照|摄|攝)(?:下|到)?)?的?"
)
_LEAD = r"(?:我们|我們|我)?(?:是)?(?:在|于|於|从|從|自)?"
_BETWEEN = "(?:到|至|-|–|~|～|和|与|與)"


def _moment(number: int) -> str:
    return _MOMENT.replace("#", str(number))


_RANGE = re.compile(
    f"{_LEAD}(?:{_moment(1)}|(?P<bare>{_YEAR})){_BETWEEN}{_moment(2)}"
    f"(?:之间|之間|期间|期間)?{_TAKEN}"
)
_SINGLE = re.compile(f"{_LEAD}{_moment(1)}{_BOUNDED}?{_TAKEN}")
_PICTURES = re.compile(r"^(?:所有|全部)?的?(?:照片|相片|图片|圖片|照|相|影像|图|圖)?$")
_WORDS = {"今天": "today", "昨天": "yesterday", "前天": "2 days ago"}
_UNITS = {
    "天": "day",
    "日": "day",
    "周": "week",
    "週": "week",
    "期": "week",
    "月": "month",
    "年": "year",
}
_LONGEST = 200  # characters: who says a time says little else


@dataclass(frozen=True, slots=True)
class ChineseTime:
    """A time that a text says.

    Attributes:
        words: As ``parse_span`` reads it.
        rest: The text without it; empty where only pictures are looked for.
        is_sure: It says that something was taken then, or is no bare year.
    """

    words: str
    rest: str
    is_sure: bool


def chinese_time(text: str, today: date) -> ChineseTime | None:
    """Return the time that a Chinese text says; None for none.

    Args:
        text: Such as ``2008年拍的照片``.
        today: What 今年 is the year of.
    """
    if len(text) > _LONGEST or re.search('["“”]', text):
        return None
    if match := _RANGE.search(text):
        first = match["bare"].translate(_DIGITS) if match["bare"] else _words(match, 1, today)
        last = _words(match, 2, today)
        return _made(text, match, f"{first}..{last}" if first and last else "")
    if match := _SINGLE.search(text):
        words, bound = _words(match, 1, today), match["bound"] or ""
        if words and bound:
            way = "before" if bound[-1] == "前" else "after" if bound[-1] in "后後" else "since"
            words = f"{way} {words}"
        return _made(text, match, words)
    return None


def days_ago(count: int, unit: str, today: date) -> str:
    """Return the day, week, month or year so many before this one, as ``parse_span`` reads it."""
    if unit == "day":
        return f"{count} days ago"
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * count)
        return f"{monday}..{monday + timedelta(days=6)}"
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    return f"{months // 12}" if unit == "year" else f"{months // 12}-{months % 12 + 1:02}"


def _made(text: str, match: re.Match[str], words: str) -> ChineseTime | None:
    if not words:
        return None
    rest = f"{text[: match.start()].strip()} {text[match.end() :].strip()}".strip(" ，,。的")
    said = match.groupdict()
    is_year = said.get("bare") or said["year1"] not in (None, "今", "去", "前")
    is_bare = is_year and not (said["month1"] or said["season1"])
    is_all = _PICTURES.match(rest) is not None
    return ChineseTime(words, "" if is_all else rest, bool(said["taken"]) or is_all or not is_bare)


def _words(match: re.Match[str], number: int, today: date) -> str:
    """Return a moment as ``parse_span`` reads it; empty where it is none."""
    said = {
        name[:-1]: value for name, value in match.groupdict().items() if name[-1] == str(number)
    }
    if said["iso"]:
        parts = said["iso"].split("-")
        return "-".join([parts[0], *(one.zfill(2) for one in parts[1:])])
    if said["word"]:
        known = _WORDS.get(said["word"])
        which = "last" if said["word"][0] == "上" else "this"
        return known or f"{which} {_UNITS[said['word'][-1]]}"
    if said["last"]:
        return f"last {_count(said['last'])} {_UNITS[said['unit'][-1]]}s"
    if said["ago"]:
        return days_ago(_count(said["ago"]), _UNITS[said["back"][-1]], today)
    return _of_year(said, today)


def _of_year(said: dict[str, str | None], today: date) -> str:
    written = said["year"] or ""
    back = {"今": 0, "去": 1, "前": 2}.get(written)
    year = int(written.translate(_DIGITS)) if back is None else today.year - back
    if said["season"]:
        return f"{_SEASONS[said['season'][0]]} {year}"
    if not said["month"]:
        return f"{year}"
    month, day = _count(said["month"]), _count(said["day"] or "0")
    if not 1 <= month <= 12:
        return ""
    return f"{year}-{month:02}-{day:02}" if day else f"{year}-{month:02}"


def _count(figures: str) -> int:
    """Return a number below a hundred in figures of either kind: 30, 三十, 十二."""
    if figures.isdecimal():
        return int(figures)
    tens, ten, ones = figures.replace("两", "二").translate(_DIGITS).partition("十")
    return int(tens or 1) * 10 + int(ones or 0) if ten else int(tens)
