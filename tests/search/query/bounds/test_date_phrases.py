"""When something was taken is read of plain words, and years of other things are left alone."""

from datetime import date

import pytest

from binocle.metadata.filters import Comparison
from search.query.bounds.date_phrases import date_wish, forgets_date
from search.query.stored_words import StoredWords

TODAY = date(2026, 12, 1)
STORED = StoredWords(date_field=lambda: "taken_at", has_any=lambda _: True)
NOTHING_THEN = StoredWords(date_field=lambda: "taken_at")


def read(text: str, stored: StoredWords = STORED) -> tuple[str, object]:
    wish = date_wish(text, stored, TODAY)
    return wish.rest, wish.when.value if wish.when else None


@pytest.mark.parametrize(
    ("text", "rest", "span"),
    [
        ("dogs taken in May 2008", "dogs", ("2008-05", "2008-06")),
        ("photos from 2008", "", ("2008", "2009")),
        ("photos of 2008", "", ("2008", "2009")),
        ("pictures taken in 2008 of my dog", "pictures of my dog", ("2008", "2009")),
        ("dog at the lake, in 2008", "dog at the lake", ("2008", "2009")),
        ("beach from last summer", "beach", ("2026-06", "2026-09")),
        ("last summer at the lake", "at the lake", ("2026-06", "2026-09")),
        ("yesterday's photos", "", ("2026-11-30", "2026-12-01")),
        ("dog yesterday", "dog", ("2026-11-30", "2026-12-01")),
        ("photos from last week", "", ("2026-11-23", "2026-11-30")),
        ("snow between 2008 and 2010", "snow", ("2008", "2011")),
        ("snow from 2008 to 2010", "snow", ("2008", "2011")),
        ("birthday before 2010", "birthday", ("", "2010")),
        ("birthday since may 2010", "birthday", ("2010-05", ":")),
        ("party summer of 2019", "party", ("2019-06", "2019-09")),
        ("cake on 3rd of May 2008", "cake", ("2008-05-03", "2008-05-04")),
        ("cake, May 3, 2008", "cake", ("2008-05-03", "2008-05-04")),
        ("cake 2008-05", "cake", ("2008-05", "2008-06")),
        ("cats in the last 30 days", "cats", ("2026-11-02", "2026-12-02")),
        ("cats in the past 2 weeks", "cats", ("2026-11-18", "2026-12-02")),
        ("cats 3 years ago", "cats", ("2023", "2024")),
        ("cats two weeks ago, a week ago", "cats two weeks ago", ("2026-11-23", "2026-11-30")),
        ("snow, a month ago", "snow", ("2026-11", "2026-12")),
        ("三年前的照片", "", ("2023", "2024")),
        ("5年前", "", ("2021", "2022")),
        ("两个月前拍的狗", "狗", ("2026-10", "2026-11")),
        ("2008年拍的照片", "", ("2008", "2009")),
        ("2008年5月拍的狗", "狗", ("2008-05", "2008-06")),
        ("2008年5月3日的蛋糕", "蛋糕", ("2008-05-03", "2008-05-04")),
        ("去年夏天的海滩", "海滩", ("2025-06", "2025-09")),
        ("去年拍的", "", ("2025", "2026")),
        ("前年5月的照片", "", ("2024-05", "2024-06")),
        ("上个月的照片", "", ("2026-11", "2026-12")),
        ("上週拍攝的圖片", "", ("2026-11-23", "2026-11-30")),
        ("昨天拍的猫", "猫", ("2026-11-30", "2026-12-01")),
        ("最近30天的照片", "", ("2026-11-02", "2026-12-02")),
        ("最近两个月拍的", "", ("2026-10-02", "2026-12-02")),
        ("2008到2010年的照片", "", ("2008", "2011")),
        ("2008年到2010年之间拍的雪", "雪", ("2008", "2011")),
        ("2010年以前的生日", "生日", ("", "2010")),
        ("2010年以来的生日", "生日", ("2010", ":")),
        ("二〇〇八年的照片", "", ("2008", "2009")),
        ("我们在2008年拍的狗", "狗", ("2008", "2009")),
        ("在湖边的狗，2008年拍的", "在湖边的狗", ("2008", "2009")),
    ],
)
def test_time_is_read(text: str, rest: str, span: tuple[str, str]) -> None:
    assert read(text) == (rest, span)


@pytest.mark.parametrize(
    "text",
    [
        "a 1969 mustang", "iphone 2008 case", "new year 2019", "2008", "windows 2000 server",
        "the last 3 men", "may 3 dogs", "last man standing", "this dog", "today show host",
        "2008年款的车", "三年级的学生", "12月", "一年生植物", "18年威士忌",
        '"taken in 2008"', "on 31 june 2008",
    ],
)  # fmt: skip
def test_what_is_no_time_stays(text: str) -> None:
    assert read(text) == (text, None)


@pytest.mark.parametrize("text", ["a car from 1969", "fashion of 1969", "1969年的汽车"])
def test_bare_year_counts_where_something_was_taken_in_it(text: str) -> None:
    assert read(text, NOTHING_THEN) == (text, None)
    assert read(text)[1] == ("1969", "1970")


@pytest.mark.parametrize(
    "text", ["photos taken in 1969", "photos from 1969", "1969年拍的照片", "1969年的照片"]
)
def test_year_that_something_was_taken_in_counts_in_any_case(text: str) -> None:
    assert read(text, NOTHING_THEN)[1] == ("1969", "1970")


def test_year_beside_this_one_counts_in_any_case() -> None:
    assert read("去年的海滩", NOTHING_THEN) == ("海滩", ("2025", "2026"))
    assert read("beach from last year", NOTHING_THEN) == ("beach", ("2025", "2026"))


def test_without_dates_nothing_is_read() -> None:
    assert read("photos from 2008", StoredWords()) == ("photos from 2008", None)


def test_what_the_collection_says_in_these_words_is_no_time() -> None:
    said = StoredWords(date_field=lambda: "taken_at", has_phrase=lambda _: True)
    assert read("songs from last summer", said) == ("songs from last summer", None)


def test_time_is_a_filter_of_the_field() -> None:
    when = date_wish("photos from 2008", STORED, TODAY).when
    assert when == Comparison("taken_at", "during", ("2008", "2009"))


@pytest.mark.parametrize("text", ["any date", "forget the date", "不限时间", "时间不限"])
def test_time_is_forgotten(text: str) -> None:
    assert forgets_date(text)
    assert not forgets_date(f"{text} palm")
