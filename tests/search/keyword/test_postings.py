"""Postings have each record once, by its best text; of several ways to write a word the best."""

import tracemalloc

import numpy as np
from cachetools import LRUCache

from binocle.catalog import text_rows
from binocle.types import Int64Array
from search.keyword.postings import Postings, WordWay, join_ways


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


def posted(*record_ids: int, worth: float = 1.0, in_brands: int = 0) -> Postings:
    count = len(record_ids)
    found = ids(*record_ids)
    return Postings(
        found, np.full(count, worth, np.float32), np.zeros(count, np.int16), in_brands, found
    )


TYPED = WordWay(posted(1, 3), 1.0, "shirt", is_strict=True)
MISSPELT = WordWay(posted(3, 5), 0.6, "skirt", is_strict=False, sureness=0.5)


def test_best_way_counts_and_strict_records_have_it_as_typed() -> None:
    found = join_ways(0, [TYPED, MISSPELT], typed=True, is_code=False)
    assert found.record_ids.tolist() == [1, 3, 5]
    np.testing.assert_allclose(found.worths, [1.0, 1.0, 0.6])
    assert found.strict_ids.tolist() == [1, 3]
    assert found.sureness is not None
    np.testing.assert_allclose(found.sureness, [1.0, 1.0, 0.5])
    assert (found.frequency, found.typed_frequency) == (2, 2)


def test_word_that_nobody_wrote_as_typed_is_as_frequent_as_its_other_ways() -> None:
    found = join_ways(0, [MISSPELT], typed=True, is_code=False)
    assert (found.frequency, found.typed_frequency) == (2, 0)


def test_word_is_a_brand_where_most_records_have_it_as_theirs() -> None:
    for in_brands, is_brand in ((2, True), (1, False)):
        way = WordWay(posted(1, 3, in_brands=in_brands), 1.0, "nike", is_strict=True)
        assert join_ways(0, [way], typed=True, is_code=False).is_brand == is_brand


def test_shown_is_how_the_record_has_it() -> None:
    found = join_ways(0, [TYPED, MISSPELT], typed=True, is_code=False)
    assert [found.shown(one) for one in (1, 3, 5, 7)] == ["shirt", "shirt", "skirt", None]


def test_nothing_found_is_nothing_joined() -> None:
    found = join_ways(2, [], typed=True, is_code=True)
    assert not len(found.record_ids)
    assert (found.place, found.frequency, found.is_code) == (2, 0, True)


def test_what_is_kept_of_rare_words_takes_no_more_memory_than_is_counted() -> None:
    cache: LRUCache[tuple[object, ...], Postings] = LRUCache(
        10**9, getsizeof=lambda one: one.size_bytes
    )
    tracemalloc.start()
    try:
        for number in range(1000):
            cache[((f"word{number}",),), "*"] = postings(row(number + 1, text_rows.TITLE))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= cache.currsize <= 2 * taken
