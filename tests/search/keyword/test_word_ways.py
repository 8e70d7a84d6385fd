"""Of several ways to write a word the best counts in each record."""

import numpy as np

from binocle.types import Int64Array
from search.keyword.postings import Postings
from search.keyword.word_ways import WordWay, join_ways


def ids(*numbers: int) -> Int64Array:
    return np.array(numbers, np.int64)


def postings(*record_ids: int, worth: float = 1.0, in_brands: int = 0) -> Postings:
    count = len(record_ids)
    found = ids(*record_ids)
    return Postings(
        found, np.full(count, worth, np.float32), np.zeros(count, np.int16), in_brands, found
    )


TYPED = WordWay(postings(1, 3), 1.0, "shirt", is_strict=True)
MISSPELT = WordWay(postings(3, 5), 0.6, "skirt", is_strict=False, sureness=0.5)


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
        way = WordWay(postings(1, 3, in_brands=in_brands), 1.0, "nike", is_strict=True)
        assert join_ways(0, [way], typed=True, is_code=False).is_brand == is_brand


def test_shown_is_how_the_record_has_it() -> None:
    found = join_ways(0, [TYPED, MISSPELT], typed=True, is_code=False)
    assert [found.shown(one) for one in (1, 3, 5, 7)] == ["shirt", "shirt", "skirt", None]


def test_nothing_found_is_nothing_joined() -> None:
    found = join_ways(2, [], typed=True, is_code=True)
    assert not len(found.record_ids)
    assert (found.place, found.frequency, found.is_code) == (2, 0, True)
