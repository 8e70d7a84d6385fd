"""Days of many strings at once are those of each."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from binocle.metadata.dates import is_date
from binocle.metadata.day_numbers import date_numbers

TWO = st.integers(0, 62).map("{:02}".format)
DAYS = st.builds(
    "{:04}-{:02}-{:02}".format,
    st.sampled_from([0, 1, 1900, 2000, 2023, 2024, 9999]),
    st.integers(0, 13),
    st.integers(0, 32),
)
TIMES = st.builds("{}T{}:{}:{}".format, DAYS, TWO, TWO, TWO)
OTHERS = st.one_of(
    DAYS.map(lambda day: day[:7]),
    DAYS.map(lambda day: day[:4]),
    TIMES.map(lambda one: one + "Z"),
    DAYS.map(lambda day: day.replace("-", "/")),
    st.text("0123456789-T:\0 ٣", min_size=9, max_size=20),
)


def by_definition(text: str) -> int:
    """Return the day of a text as 20210305; -1 for no date."""
    if not is_date(text):
        return -1
    year, month, day = text[:4], text[5:7] or "0", text[8:10] or "0"
    return int(year) * 10_000 + int(month) * 100 + int(day)


@given(st.lists(st.one_of(DAYS, TIMES, OTHERS), max_size=30))
@example(["2023-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2023-04-31", "2023-02-28"])
@example(["2024-01-01T23:59:59", "2024-01-01T24:00:00", "2024-01-01T23:60:00"])
@example(["2021-03-0\0", "2021-03-05"])
def test_days_of_many_are_those_of_each(texts: list[str]) -> None:
    found = date_numbers(texts)
    assert found.dtype == np.int32
    assert found.tolist() == [by_definition(one) for one in texts]
