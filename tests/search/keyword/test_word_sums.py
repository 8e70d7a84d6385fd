"""Sums over the words of a query, and which words make a record exact."""

from dataclasses import replace

import numpy as np
import pytest

from binocle.types import Int64Array
from search.keyword.postings import WordMatches
from search.keyword.query_matches import QueryMatches
from search.keyword.word_sums import WordSums

RECORDS = 100_000


def ids(*numbers: int) -> Int64Array:
    return np.array(numbers, np.int64)


def word(place: int, *record_ids: int) -> WordMatches:
    found, count = ids(*record_ids), len(record_ids)
    return WordMatches(
        place, found, np.ones(count, np.float32), found, count, None, count,
        is_code=False, is_of_number=False, is_brand=False, is_opening=False, ways=(), labels=(),
    )  # fmt: skip


def sums_of(*words: WordMatches) -> WordSums:
    return WordSums.of(QueryMatches(words), RECORDS)


def rarity(frequency: int) -> float:
    return sums_of(replace(word(0, 1), frequency=frequency)).mass


def test_rarer_words_are_worth_more_and_one_that_nobody_has_most() -> None:
    worths = [rarity(frequency) for frequency in (0, 1, 100, RECORDS)]
    assert worths == sorted(worths, reverse=True)
    assert worths[-1] > 0


def test_score_is_the_sum_times_the_share_of_what_was_found() -> None:
    sums = WordSums.of(QueryMatches((word(0, 1, 2), word(1, 2))), RECORDS)
    first, second = rarity(2), rarity(1)
    expected = [first * first / (first + second), first + second]
    np.testing.assert_allclose(sums.final_scores(ids(1, 2)), expected, rtol=1e-5)
    np.testing.assert_allclose(sums.shares(ids(1, 2)), [first / (first + second), 1], rtol=1e-5)


def test_query_in_one_piece_counts_more_and_alone_most() -> None:
    found = QueryMatches((word(0, 1, 2, 3),), whole=ids(2, 3), alone=ids(3))
    sums = WordSums.of(found, RECORDS)
    plain, whole, alone = sums.final_scores(ids(1, 2, 3))
    assert whole / plain == pytest.approx(1.1)
    assert alone / plain == pytest.approx(1.5)
    assert replace(sums, asked=()).exact(ids(1, 2, 3)).tolist() == [False, False, True]


def test_exact_records_have_all_words_that_were_asked_for_and_most_of_the_query() -> None:
    sums = WordSums.of(QueryMatches((word(0, 1, 2), word(1, 2), word(2, 5))), RECORDS)
    for asked in ((0,), (0, 1)):
        exact = replace(sums, asked=asked).exact(ids(1, 2, 5))
        assert exact.tolist() == [False, True, False]


def test_model_number_that_nobody_has_is_no_reason_to_trust_the_others_less() -> None:
    missing = replace(word(1), is_of_number=True)
    sums = WordSums.of(QueryMatches((word(0, 1), missing)), RECORDS)
    assert sums.known_mass < sums.mass
    assert sums.known_mass == pytest.approx(rarity(1))


def test_rare_model_numbers_name_what_is_asked_for_and_without_such_brands() -> None:
    code = replace(word(0, 1), is_code=True)
    brand = replace(word(1, 1), is_brand=True)
    assert sums_of(code, brand).names == (0,)
    assert sums_of(replace(code, frequency=50_000), brand).names == (1,)
    assert sums_of(word(0, 1)).names == ()


def test_all_words_count_where_one_is_rare() -> None:
    common = replace(word(0, 1), frequency=50_000)
    assert sums_of(common, word(1, 1)).asked == (0, 1)
    assert sums_of(common).asked == ()


def test_what_is_demanded_are_the_words_that_records_have_and_of_five_one_may_lack() -> None:
    pair = sums_of(word(0, 1, 2, 3), word(1, 2, 4), word(2))
    assert pair.demanded()[ids(1, 2, 3, 4)].tolist() == [False, True, False, False]
    apart = sums_of(word(0, 1), word(1, 2))
    assert not apart.demanded()[ids(1, 2)].any(), "nothing is demanded that no record has together"
    five = sums_of(*(word(place, *range(1, place + 2)) for place in range(5)))
    assert five.demanded()[ids(1, 2, 3)].tolist() == [True, True, False]


@pytest.mark.parametrize("is_brand", [True, False])
def test_brand_that_stands_nowhere_with_the_other_words_is_demanded_and_exact(
    is_brand: bool,
) -> None:
    brand = replace(word(0, 1, 2), is_brand=is_brand, is_opening=not is_brand)
    sums = sums_of(brand, word(1, 3), word(2))
    assert sums.demanded()[ids(1, 2, 3)].tolist() == [True, True, False]
    assert sums.exact(ids(1, 2, 3)).tolist() == [True, True, False]
    together = sums_of(replace(word(0, 1, 2), is_opening=True), word(1, 2, 3))
    assert together.names == (), "titles that begin with a word are asked for by all words"
    of_many = sums_of(brand, *(word(place, 3) for place in range(1, 9)))
    assert not of_many.exact(ids(1, 2)).any(), "a brand in a long query is not all of it"


def test_words_that_are_all_corrected_are_not_demanded() -> None:
    corrected = [
        replace(word(place, 1), strict_ids=ids(), sureness=np.array([0.85], np.float32))
        for place in range(2)
    ]
    assert not sums_of(*corrected).demanded()[ids(1)].any()
    assert not sums_of(corrected[0], word(1)).demanded()[ids(1)].any()
    assert sums_of(corrected[0]).demanded()[ids(1)].all()
    assert sums_of(corrected[0], word(1, 1)).demanded()[ids(1)].all()


def test_longer_words_are_not_what_is_demanded_where_more_than_a_few_have_the_word_itself() -> None:
    sureness = np.array([1, 1, 1, 0.4], np.float32)
    begun = replace(word(0, 1, 2, 3, 4), strict_ids=ids(1, 2, 3), sureness=sureness)
    assert sums_of(begun).demanded()[ids(1, 2, 3, 4)].tolist() == [True, True, True, False]
    few = replace(begun, strict_ids=ids(1, 2))
    assert sums_of(few).demanded()[ids(1, 2, 3, 4)].all()
