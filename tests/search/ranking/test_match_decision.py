"""What the words that were found say of a hit."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.keyword.bm25_ranker import KeywordRanking
from search.ranking.match_decision import (
    CUT,
    NONE_TOGETHER,
    answer_odds,
    is_no_match,
    odds_together,
    probability,
    relevance_of_words,
)

_shares = st.floats(0.0, 1.0)
_worths = st.floats(0.1, 20.0)


def ranking(
    scores: Sequence[float],
    coverage: float,
    *,
    worth: float = 3.0,
    exact: bool = False,
    names: bool = False,
    lacks_number: bool = False,
) -> KeywordRanking:
    """Return a ranking whose records have shares of the coverage as of the best score."""
    count = len(scores)
    own = np.array(scores, np.float64)
    return KeywordRanking(
        np.arange(count),
        np.zeros(count, np.int64),
        own,
        np.full(count, exact),
        coverage * own / own.max() if count else own,
        count,
        10.0,
        coverage,
        float(own.max(initial=0.0)),
        worth,
        has_all=coverage >= 1.0,
        lacks_number=lacks_number,
        names=names,
    )


def best(coverage: float, **options: bool | float) -> float:
    """Return how likely the best hit is right."""
    return float(relevance_of_words(ranking([5.0], coverage, **options))[0])  # type: ignore[arg-type]


@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=20), _shares, _worths)
def test_more_found_is_never_less_likely(
    scores: list[float], coverage: float, worth: float
) -> None:
    ordered = sorted(scores, reverse=True)
    chances = relevance_of_words(ranking(ordered, coverage, worth=worth))
    assert ((chances >= 0) & (chances <= 0.95)).all()
    assert (np.diff(chances) <= 1e-12).all()


@given(_shares, _shares, _worths, st.floats(-9, 9))
def test_odds_rise_with_what_was_found_and_with_what_vectors_say(
    one: float, other: float, worth: float, vectors: float
) -> None:
    less, more = sorted((one, other))
    few, many = (ranking([1.0], share, worth=worth) for share in (less, more))
    assert answer_odds(few) <= answer_odds(many)
    assert odds_together(vectors, few) <= odds_together(vectors, many)
    assert odds_together(vectors, few) <= odds_together(vectors + 1, few)


def test_a_stray_word_is_no_answer_and_all_of_them_are() -> None:
    stray, half, all_of_it = (best(coverage, worth=5.0) for coverage in (0.1, 0.5, 1.0))
    assert stray < 0.02
    assert CUT < half < all_of_it
    assert all_of_it > 0.9


def test_a_single_common_word_that_is_there_is_relevant() -> None:
    assert best(1.0, worth=0.2) > 0.6
    assert not is_no_match(ranking([1.0], 1.0, worth=0.2))


def test_hits_far_behind_the_best_are_unlikely() -> None:
    first, far = relevance_of_words(ranking([1.0, 0.4], 1.0)).tolist()
    assert far < 0.1 * first


def test_nothing_found_says_nothing() -> None:
    assert relevance_of_words(ranking([], 0.0)).tolist() == []
    assert is_no_match(ranking([], 0.0))


def test_a_number_that_happens_to_be_there_is_no_answer_to_a_long_query() -> None:
    assert best(0.05, exact=True, names=True) < CUT
    assert best(0.6, exact=True, names=True) > 0.9


def test_a_model_number_is_right_whatever_vectors_say_and_other_words_are_not() -> None:
    found = ranking([5.0], 1.0, exact=True, names=True)
    assert relevance_of_words(found, 0.01)[0] > 0.94
    assert relevance_of_words(ranking([5.0], 1.0, exact=True), 0.01)[0] < 0.02


def test_vectors_tell_words_that_are_there_by_chance_from_an_answer() -> None:
    for coverage in (0.3, 0.4, 0.5):
        words = ranking([1.0], coverage, worth=3.0)
        doubted, agreed = (probability(odds_together(one, words)) for one in (-4.0, 4.0))
        assert doubted < NONE_TOGETHER < 0.9 < agreed


def test_what_vectors_know_nothing_of_is_found_by_all_its_words() -> None:
    assert probability(odds_together(-8.0, ranking([1.0], 1.0))) > 0.9
    assert probability(odds_together(-8.0, ranking([1.0], 0.5))) < NONE_TOGETHER


@given(_shares, _worths)
def test_more_found_is_never_refused_where_less_is_not(share: float, worth: float) -> None:
    if is_no_match(ranking([1.0], share, worth=worth)):
        assert is_no_match(ranking([1.0], share / 2, worth=worth))
    assert not is_no_match(ranking([1.0], 1.0, worth=worth))


@given(st.floats(-9, 9), _worths)
def test_words_move_what_vectors_say_by_how_much_is_found(vectors: float, worth: float) -> None:
    missing, even, all_of_it = (
        ranking([1.0], coverage, worth=worth) for coverage in (0.1, 0.4, 1.0)
    )
    assert odds_together(vectors, missing) <= odds_together(vectors, even)
    assert odds_together(vectors, all_of_it) >= vectors + 2
    assert odds_together(9.0, missing) < 9.0 - 1


def test_without_the_model_number_an_answer_is_as_likely_as_none_at_most() -> None:
    found = ranking([5.0, 4.0], 0.8, worth=5.0, lacks_number=True)
    assert probability(odds_together(9.0, found)) == 0.5
    assert probability(odds_together(-9.0, found)) < 0.5
    assert (
        relevance_of_words(found).max()
        <= 0.5
        < relevance_of_words(ranking([5.0], 0.8, worth=5.0)).max()
    )
