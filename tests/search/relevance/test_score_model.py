"""What the scores of one query mean, by its two lines of log-odds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.relevance.score_model import ScoreModel

MODEL = ScoreModel(answers=(-2.0, 8.0), fits=(-6.0, 20.0), best=0.4, least=0.36)


def test_relevance_is_the_product_of_both_probabilities_and_rises_with_the_cosine() -> None:
    cosines = np.linspace(-1, 1, 21)
    expected = 1 / (1 + np.exp(2 - 8 * cosines)) / (1 + np.exp(6 - 20 * cosines))
    np.testing.assert_allclose(MODEL.relevance(cosines), expected)
    assert (np.diff(MODEL.relevance(cosines)) > 0).all()


@given(st.floats(0.001, 0.99))
def test_score_at_is_the_least_cosine_with_that_relevance(relevance: float) -> None:
    score = MODEL.score_at(relevance)
    assert MODEL.relevance([score])[0] == pytest.approx(relevance, abs=1e-6)


def test_the_very_same_is_right_whatever_is_known_of_answers() -> None:
    denied = ScoreModel((-9.0, 0.0), (-6.0, 10.0), best=0.4, least=0.36, same_from=0.9999)
    assert denied.is_no_match(0.9)
    assert not denied.is_no_match(1.0)
    assert denied.relevance([0.9, 0.9999, 1.0]).tolist() == pytest.approx(
        [0.0, 0.999, 0.999], abs=1e-3
    )
    assert denied.cut == 0.9999
    assert 0.99 < denied.score_at(0.99) <= 1.0
    assert not denied.told(-5.0, 0.5).is_no_match(1.0)
    likely = ScoreModel((99.0, 0.0), (0.0, 99.0), best=0.4, least=0.36, same_from=0.9999)
    assert (np.diff(likely.relevance([0.2, 0.999, 1.0])) >= 0).all()


def test_no_cosine_is_as_relevant_as_certain_and_any_as_nothing() -> None:
    assert MODEL.score_at(1.0) == math.inf
    assert MODEL.score_at(0.0) == -math.inf


def test_nothing_fits_below_the_cosine_at_which_an_answer_is_even() -> None:
    assert MODEL.is_no_match(0.24)
    assert not MODEL.is_no_match(0.26)
    assert not MODEL.never_denied().is_no_match(-0.9)
    assert MODEL.never_denied().is_never_denied


def test_what_is_told_of_an_answer_holds_for_every_cosine() -> None:
    told = MODEL.told(3.0, 0.2)
    assert told.answer_odds == 3.0
    assert not told.is_no_match(-1.0)
    assert MODEL.told(-3.0, 0.2).is_no_match(1.0)


def test_hits_down_to_the_half_are_half_as_relevant_and_the_best_as_before() -> None:
    model = MODEL.told(50.0, 0.5)
    wider = model.wider(0.1)
    best, half = wider.relevance([model.best, 0.1])
    assert best == pytest.approx(model.relevance([model.best])[0])
    assert half == pytest.approx(best / 2)
    assert model.wider(0.5) == model


def test_cut_is_half_of_the_best_relevance_where_that_is_little() -> None:
    assert MODEL.cut >= MODEL.score_at(0.36 / 2)
    weak = ScoreModel((9.0, 0.0), (-6.0, 10.0), best=0.4, least=0.36)
    assert weak.relevance([weak.cut])[0] == pytest.approx(weak.relevance([0.4])[0] / 2, abs=0.02)


def test_both_kinds_together_err_less_than_one() -> None:
    other = MODEL.told(1.0, 0.31)
    told = MODEL.told_beside(other)
    assert told.answer_odds == pytest.approx(0.6 * (MODEL.answer_odds + 1.0))
    assert told.none == pytest.approx(0.645 * 0.31)
