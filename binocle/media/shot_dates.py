"""When a picture was taken, in whatever form cameras, scanners, editors and names of files say it.

What may mean two days, such as 04/05/2020, is none. Sources: Exif 2.32 (CIPA DC-008), XMP part 1
(ISO 8601 with parts left out), IPTC-IIM 4.2, RFC 1123 for PNG's Creation Time.
"""

import re
from datetime import UTC, datetime

_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<sep>[:/. -])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?:[T ,]+(?P<time>.+))?"
)
_PACKED = re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:[T _-]?(?P<time>\d{4,6}.*))?")
_PARTIAL = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?P<sep>[/.-])(?P<month>\d{1,2})(?P=sep)(?P<year>\d{4})"
    r"(?:[T ,]+(?P<time>.+))?"
)
_CTIME = re.compile(
    r"(?:[a-z]{3,9},? )?(?P<name>[a-z]{3,9})\.? (?P<day>\d{1,2}),?"
    r"(?: (?P<time>[\d:]+))?,? (?P<year>\d{4})",
    re.IGNORECASE,
)
_DAY_NAME = re.compile(
    r"(?P<day>\d{1,2})\.?[ -](?P<name>[a-z]{3,9})\.?[ -](?P<year>\d{4})(?:[T ,]+(?P<time>.+))?",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?P<before>am|pm|上午|下午|오전|오후)? ?"
    r"(?P<hour>\d{1,2})[:.-]?(?P<minute>\d\d)(?:[:.-]?(?P<second>\d\d)(?:[.,]\d+)?)?"
    r" ?(?P<after>am|pm|a\.m\.|p\.m\.)? ?"
    r"(?P<offset>z|utc|gmt|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AFTERNOON = frozenset({"pm", "p.m.", "下午", "오후"})
_FIRST_YEAR = 1800
_PLACE = r"(?<!\d)(?P<year>(?:19|20)\d\d)"
_SINCE_1970 = (  # in thousandths of a second, in seconds; numbers of products do not begin so
    re.compile(r"^(?:mmexport|wx_camera_|FB_IMG_)(?P<ms>1[3-9]\d{11})(?!\d)", re.IGNORECASE),
    re.compile(r"^(?P<ms>1[4-9]\d{11})(?:[-_ (].*)?\.\w{3,5}$"),
    re.compile(r"^RPReplay_Final(?P<s>1[3-9]\d{8})(?!\d)", re.IGNORECASE),
)
_NAMED = (
    re.compile(  # 2019-07-04 18.30.05, 2019-07-04 at 18.30.05, Screenshot_2019-07-04-18-30-05
        _PLACE + r"(?P<sep>[-_.])(?P<month>\d\d)(?P=sep)(?P<day>\d\d)(?!\d)"
        r"(?:(?:[ _T-]| at )(?P<hour>\d\d)[.:_-]?(?P<minute>\d\d)[.:_-]?(?P<second>\d\d)(?!\d))?"
    ),
    re.compile(  # 20190704_183005
        _PLACE + r"(?P<month>\d\d)(?P<day>\d\d)[_T-](?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
    ),
    re.compile(  # 微信图片_20190704183005
        r"(?:^|_|微信图片|微信圖片)(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)"
        r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?!\d)"
    ),
    re.compile(  # WIN_20190704_18_30_05_Pro
        _PLACE + r"(?P<month>\d\d)(?P<day>\d\d)"
        r"_(?P<hour>\d\d)_(?P<minute>\d\d)_(?P<second>\d\d)(?!\d)"
    ),
    re.compile(  # IMG-20190704-WA0001
        r"^(?:IMG|VID|WIN|PXL|MVIMG|DSC|PANO|BURST|Screenshot|signal|photo)[-_ ]"
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)",
        re.IGNORECASE,
    ),
)


def shot_date(text: str, offset: str = "") -> str | None:
    """Return a date in ISO 8601, as exact as it is said; None for what is no date.

    Args:
        text: What a tag says.
        offset: What another tag says of its distance from UTC, such as ``+02:00``.
    """
    words = " ".join(text.split())
    if partial := _PARTIAL.fullmatch(words):
        return words if int(partial[1]) >= _FIRST_YEAR else None
    for form in (_YEAR_FIRST, _PACKED, _DAY_NAME, _CTIME, _DAY_FIRST):
        match = form.fullmatch(words)
        if match is not None:
            found = match.groupdict()
            month = _month_of(found)
            if form is _DAY_FIRST and found["sep"] != ".":
                if max(int(found["day"]), month) <= 12 and int(found["day"]) != month:
                    return None  # Americans name the month first
                if month > 12:
                    found["day"], month = str(month), int(found["day"])
            return _joined(found["year"], month, found["day"], found["time"], offset)
    from email.utils import parsedate_to_datetime  # brings sockets; each decoder would wait for it

    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.isoformat() if moment.year >= _FIRST_YEAR else None


def date_in_name(file_name: str) -> str | None:
    """Return the date in a file's name, as phones and messengers write it; None for none.

    Of a name that counts from 1970, it is in UTC.
    """
    for form in _SINCE_1970:
        match = form.search(file_name)
        if match is not None:
            counted = match.groupdict()
            seconds = int(counted["s"]) if "s" in counted else int(counted["ms"]) // 1000
            return datetime.fromtimestamp(seconds, UTC).isoformat()
    for form in _NAMED:
        match = form.search(file_name)
        if match is None:
            continue
        found = match.groupdict()
        time = None
        if found.get("hour"):
            time = "{hour}:{minute}:{second}".format(**found)
        date = _joined(found["year"], int(found["month"]), found["day"], time, "")
        if date is not None:
            return date
    return None


def normal_offset(text: str) -> str:
    """Return a distance from UTC as ISO 8601 has it; nothing for what is none."""
    words = text.strip()
    if words.lower() in ("z", "utc", "gmt"):
        return "+00:00"
    match = _OFFSET.fullmatch(words)
    if match is None or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return ""
    return f"{match[1]}{match[2]}:{match[3] or '00'}"


def _joined(year: str, month: int, day: str, time: str | None, offset: str) -> str | None:
    match = _TIME.fullmatch(time.strip()) if time and time.strip() else None
    if time and time.strip() and match is None:
        return None
    hour, minute, second = 0, 0, 0
    if match is not None:
        hour, minute, second = (int(match[one] or 0) for one in ("hour", "minute", "second"))
        half = (match["before"] or match["after"] or "").lower()
        if half and not 1 <= hour <= 12:
            half = ""
        if half:
            hour = hour % 12 + (12 if half in _AFTERNOON else 0)
        offset = normal_offset(match["offset"] or "") or normal_offset(offset)
    try:
        moment = datetime(int(year), month, int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:  # 0000:00:00, the 31st of June
        return None
    if moment.year < _FIRST_YEAR:  # 0001:01:01 is what programs write for none
        return None
    if match is None:
        return moment.date().isoformat()
    return moment.isoformat() + offset


def _month_of(found: dict[str, str | None]) -> int:
    name = found.get("name")
    if name is None:
        return int(found["month"] or 0)
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0
