"""Postings have each record once, by its best text."""

import numpy as np

from binocle.catalog import text_rows
from binocle.types import Int64Array
from search.keyword.postings import Postings


def row(record: int, group: int, *, position: int = 0, length: int = 5) -> int:
    return (
        record << text_rows.RECORD_SHIFT
        | position << text_rows.POSITION_SHIFT
        | group << text_rows.GROUP_SHIFT
        | length
    )


def postings(*rows: int) -> Postings:
    return Postings.of(np.array(sorted(rows), np.int64))


def ids(*numbers: int) -> Int64Array:
    return np.array(numbers, np.int64)


def test_best_text_of_a_record_counts_and_titles_count_most() -> None:
    found = postings(
        row(1, text_rows.TITLE),
        row(2, text_rows.CAPTION, position=1),
        row(2, text_rows.CAPTION, position=0, length=50),
    )
    assert found.record_ids.tolist() == [1, 2]
    assert found.worths[0] > found.worths[1]
    assert found.positions.tolist() == [0, 1]


def test_words_of_short_texts_are_worth_more() -> None:
    short, long = postings(
        row(1, text_rows.TITLE, length=2), row(2, text_rows.TITLE, length=40)
    ).worths
    assert short > long


def test_names_of_files_are_nothing_that_is_said() -> None:
    found = postings(row(1, text_rows.NAME, position=text_rows.NO_PART), row(2, text_rows.TITLE))
    assert found.record_ids.tolist() == [1, 2]
    assert found.said_ids.tolist() == [2]
    assert found.positions.tolist() == [-1, 0]


def test_brands_are_counted() -> None:
    found = postings(row(1, text_rows.TITLE, position=text_rows.BRAND), row(2, text_rows.TITLE))
    assert found.in_brands == 1


def test_both_are_in_each_and_worth_the_lesser() -> None:
    one = postings(row(1, text_rows.TITLE), row(2, text_rows.TITLE, length=40))
    other = postings(row(2, text_rows.TITLE), row(3, text_rows.TITLE))
    both = one.both(other)
    assert both.record_ids.tolist() == [2]
    assert both.worths[0] == one.worths[1]


def test_records_are_found_by_place() -> None:
    found = postings(row(3, text_rows.TITLE), row(7, text_rows.TITLE))
    assert found.find(ids(3, 5, 7, 9)).tolist() == [0, -1, 1, -1]
    assert postings().find(ids(1)).tolist() == [-1]
