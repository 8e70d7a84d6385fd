"""What the words that were found say of a hit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.found_words import CUT, is_no_match, relevance


@given(
    st.lists(st.floats(0.01, 50), min_size=1, max_size=20),
    st.floats(0.1, 60),
)
def test_more_found_is_never_less_likely(scores: list[float], full: float) -> None:
    ordered = np.sort(np.array(scores))[::-1]
    chances = relevance(ordered, float(ordered[0]), full)
    assert ((chances >= 0) & (chances <= 0.95)).all()
    assert (np.diff(chances) <= 1e-12).all()


def test_a_stray_word_is_no_answer_and_all_of_them_are() -> None:
    stray, half, all_of_it = (
        float(relevance(np.array([share]), share, 1.0)[0]) for share in (0.05, 0.5, 1.0)
    )
    assert stray < 0.02
    assert CUT < half < all_of_it
    assert all_of_it > 0.94


def test_hits_far_behind_the_best_are_unlikely() -> None:
    best, far = relevance(np.array([1.0, 0.4]), 1.0, 1.0).tolist()
    assert far < 0.1 * best


def test_nothing_found_says_nothing() -> None:
    assert relevance(np.array([0.0]), 0.0, 1.0).tolist() == [0.0]


def test_a_number_that_happens_to_be_there_is_no_answer_to_a_long_query() -> None:
    exact = np.array([True])
    assert relevance(np.array([0.02]), 0.02, 1.0, exact)[0] < CUT
    assert relevance(np.array([0.6]), 0.6, 1.0, exact)[0] > 0.9


@given(st.floats(0.0, 1.0), st.floats(0.01, 1.0))
def test_more_found_is_never_refused_where_less_is_not(share: float, full: float) -> None:
    if is_no_match(share * full, full):
        assert is_no_match(share * full / 2, full)
    assert not is_no_match(full, full)
