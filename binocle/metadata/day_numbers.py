"""Days of many strings at once."""

import calendar
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from binocle.metadata import dates
from binocle.types import BoolArray

_AT_ONCE = 65_536
_FORMS = ("dddd-dd-dd", "dddd-dd-ddTdd:dd:dd")  # what most dates look like
_ZERO, _NINE = ord("0"), ord("9")
_MONTH_DAYS = np.array([0, *(calendar.monthrange(2021, month)[1] for month in range(1, 13))])
_IS_LEAP = np.array([calendar.isleap(year) for year in range(400)])  # then they come again

Characters = npt.NDArray[np.uint32]


def date_numbers(texts: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return the day of each text as 20210305, with 0 for unknown parts; -1 for no date."""
    numbers = np.full(len(texts), -1, np.int32)
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        lengths = np.fromiter(map(len, some), np.int64, len(some))
        seen = np.zeros(len(some), np.bool_)
        for form in _FORMS:
            places = np.flatnonzero(lengths == len(form))
            if len(places):
                found = _of_form(form, [some[place] for place in places.tolist()])
                numbers[start + places[found >= 0]] = found[found >= 0]
                seen[places[found >= 0]] = True
        for place in np.flatnonzero(~seen).tolist():
            numbers[start + place] = _date_number(some[place])
    return numbers


def _of_form(form: str, texts: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return the day of each text, all as long as the form; -1 where it is not of the form."""
    characters: Characters = np.array(texts).view(np.uint32).reshape(len(texts), len(form))
    is_digit = np.array([one == "d" for one in form])
    digits = characters[:, is_digit] - np.uint32(_ZERO)  # what is below 0 wraps around
    marks = np.array([ord(one) for one in form if one != "d"], np.uint32)
    fits: BoolArray = np.all(digits <= _NINE - _ZERO, axis=1)
    fits &= np.all(characters[:, ~is_digit] == marks, axis=1)
    digits = digits * fits[:, None]
    year = digits[:, :4] @ np.array([1000, 100, 10, 1], np.uint32)
    pairs = 10 * digits[:, 4::2] + digits[:, 5::2]
    month, day = pairs[:, 0], pairs[:, 1]
    fits &= (month >= 1) & (month <= 12)
    days = _MONTH_DAYS[np.minimum(month, 12)] + ((month == 2) & _IS_LEAP[year % 400])
    fits &= (day >= 1) & (day <= days)
    for column, limit in zip(range(2, pairs.shape[1]), (23, 59, 59), strict=False):
        fits &= pairs[:, column] <= limit
    return np.where(fits, year * 10_000 + month * 100 + day, -1).astype(np.int32)


def _date_number(text: str) -> int:
    if not dates.is_date(text):
        return -1
    return int(text[:4]) * 10_000 + int(text[5:7] or 0) * 100 + int(text[8:10] or 0)
