import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.encoders.base import unit_rows
from binocle.types import Float32Array
from search.relevance.background_texts import COUNT, background_texts
from search.relevance.calibration import MIN_PARTS, Calibration, profile
from search.relevance.fitted_weights import FITTED
from search.relevance.score_model import ScoreModel

_DIMENSION = 32

odds = st.tuples(st.floats(-20, 20), st.floats(0, 60))
rising_odds = st.tuples(st.floats(-20, 20), st.floats(0.5, 60))


def _rows(count: int, seed: int, *, about: npt.ArrayLike = 0.0, width: float = 1.0) -> Float32Array:
    rng = np.random.default_rng(seed)
    return unit_rows(np.asarray(about) + width * rng.normal(size=(count, _DIMENSION)))


def _world() -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """A collection of five clusters, a background, queries near a cluster, queries elsewhere."""
    centres = 8 * _rows(5, 0)
    gallery = np.concatenate([_rows(60, 1 + n, about=one) for n, one in enumerate(centres)])
    near = np.concatenate([_rows(10, 20 + n, about=one) for n, one in enumerate(centres)])
    return gallery, _rows(200, 30), near, _rows(50, 31)


def _calibrated(gallery: Float32Array, background: Float32Array) -> Calibration:
    made = Calibration.measure(gallery, len(gallery), background, source="text", kind="image")
    assert made is not None
    return made


@settings(deadline=None)
@given(odds, rising_odds, st.lists(st.floats(-1, 1), min_size=2))
def test_relevance_is_a_share_and_never_falls_where_the_cosine_rises(
    answers: tuple[float, float], fits: tuple[float, float], cosines: list[float]
) -> None:
    relevance = ScoreModel(answers, fits, 0.5, 0.3).relevance(np.sort(cosines))
    assert (relevance >= 0).all()
    assert (relevance <= 1).all()
    assert (np.diff(relevance) >= 0).all()


@settings(deadline=None)
@given(odds, rising_odds, st.floats(0, 1))
def test_a_cut_in_relevance_is_one_in_cosine(
    answers: tuple[float, float], fits: tuple[float, float], least: float
) -> None:
    score_model = ScoreModel(answers, fits, 0.5, 0.3)
    cosines = np.linspace(-1, 1, 201)
    by_cosine = cosines >= score_model.score_at(least) - 1e-9
    unclear = np.abs(cosines - score_model.score_at(least)) < 1e-6
    assert ((score_model.relevance(cosines) >= least) == by_cosine)[~unclear].all()


@settings(deadline=None)
@given(st.floats(-8, 8), rising_odds, st.floats(-0.2, 0.6))
def test_wider_judge_rates_the_best_hit_alike_and_others_no_less(
    answers: float, fits: tuple[float, float], half: float
) -> None:
    best = 0.5
    score_model = ScoreModel((answers, 0.0), (fits[0] - fits[1] * best, fits[1]), best, 0.3)
    wider = score_model.wider(half)
    cosines = np.linspace(-0.2, best, 50)
    assert wider.relevance(best) == pytest.approx(float(score_model.relevance(best)), abs=1e-9)
    assert (wider.relevance(cosines) >= score_model.relevance(cosines) - 1e-9).all()
    assert wider.fits[1] > 0
    if half < best:
        assert wider.relevance(half) >= 0.5 * float(score_model.relevance(best)) - 1e-9
    else:
        assert wider == score_model


def test_queries_about_what_is_there_are_more_relevant_than_others() -> None:
    gallery, background, near, elsewhere = _world()
    calibrated = _calibrated(gallery, background)
    best = [
        [
            score_model.relevance((row @ gallery.T).max())
            for score_model, row in zip(score_models, rows, strict=True)
        ]
        for rows in (near, elsewhere)
        for score_models in [calibrated.score_models(rows)]
    ]
    assert min(best[0]) > max(best[1])


def test_nothing_matches_a_query_about_something_else_and_its_relevant_set_is_empty() -> None:
    gallery, background, near, elsewhere = _world()
    calibrated = _calibrated(gallery, background)
    shares = []
    for rows in (near, elsewhere):
        found = []
        for score_model, row in zip(calibrated.score_models(rows), rows, strict=True):
            scores = gallery @ row
            found.append(score_model.is_no_match(float(scores.max())))
            assert (scores >= score_model.cut).any() != found[-1]
        shares.append(np.mean(found))
    assert shares[0] < 0.1
    assert shares[1] > 0.6


def test_where_a_model_puts_its_cosines_does_not_matter() -> None:
    gallery, background, near, _ = _world()
    stretched = [np.column_stack([0.3 * one, np.full(len(one), 0.9539392)]).astype(np.float32)
                 for one in (gallery, background, near)]  # fmt: skip
    plain = _calibrated(gallery, background).score_models(near)
    other = _calibrated(stretched[0], stretched[1]).score_models(stretched[2])
    for one, two, row, long in zip(plain, other, near, stretched[2], strict=True):
        expected = one.relevance(gallery @ row)
        assert two.relevance(stretched[0] @ long) == pytest.approx(expected, abs=0.01)


def test_too_few_parts_and_an_encoder_that_knows_nothing_are_not_calibrated() -> None:
    gallery, background, _, _ = _world()
    few = gallery[: MIN_PARTS - 1]
    alike = np.repeat(background[:1], len(background), axis=0)
    for rows, queries in ((few, background), (gallery, alike), (gallery, background[:0])):
        made = Calibration.measure(rows, len(rows), queries, source="text", kind="image")
        assert made is None


def test_what_is_in_the_collection_is_certain_and_fits_and_its_neighbours_are_not() -> None:
    gallery = _rows(300, 7)
    made = Calibration.measure(gallery, len(gallery), gallery, source="image", kind="image")
    assert made is not None
    for row, model in zip(gallery, made.score_models(gallery), strict=True):
        cosines = np.sort(gallery @ row)[::-1]
        assert not model.is_no_match(float(cosines[0]))
        assert model.relevance(cosines[:1])[0] >= 0.99
        assert model.relevance(cosines[1:2])[0] < 0.9
    other = Calibration.measure(gallery, len(gallery), gallery, source="text", kind="image")
    assert other is not None
    assert other.score_models(gallery[:1])[0].same_from > 1, "a text is never a picture"


def test_a_picture_does_not_find_itself() -> None:
    gallery, _, _, _ = _world()
    rows = gallery[:7]
    seen = profile(rows, gallery, same_kind=True)
    left = [np.delete(gallery @ row, place) for place, row in enumerate(rows)]
    assert seen.best == pytest.approx([one.max() for one in left], abs=1e-6)
    assert seen.level == pytest.approx([np.sort(one)[-5:].mean() for one in left], abs=1e-6)


def test_pictures_unlike_those_of_the_collection_find_no_text_that_fits() -> None:
    gallery, _, near, elsewhere = _world()
    made = Calibration.measure(gallery, len(gallery), gallery[::2], source="image", kind="text")
    assert made is not None
    known = [made.features(rows).known[:, 3] for rows in (near, elsewhere)]
    assert known[0].min() > known[1].max()
    refused = [
        [score_model.is_no_match(1.0) for score_model in made.score_models(rows)]
        for rows in (near, elsewhere)
    ]
    assert np.mean(refused[0]) < 0.2
    assert np.mean(refused[1]) > 0.9


@given(st.floats(-5, 5), st.floats(0.05, 0.5))
def test_nothing_fits_below_the_threshold(odds: float, none: float) -> None:
    score_model = ScoreModel((odds, 0.0), (0.0, 5.0), 0.5, 0.3, none)
    likely = 1 / (1 + math.exp(-odds))
    if abs(likely - none) > 1e-9:
        assert score_model.is_no_match(1.0) == (likely < none)


def test_a_query_whose_answer_does_not_depend_on_the_best_hit_has_an_infinite_cut_or_none() -> None:
    assert ScoreModel((-1.0, 0.0), (0.0, 5.0), 0.5, 0.3).cut == math.inf
    assert not ScoreModel((1.0, 0.0), (0.0, 5.0), 0.5, 0.3).is_no_match(-1.0)


def test_fitted_weights_never_speak_against_what_is_nearer() -> None:
    assert len(FITTED) == 4
    for fitted in FITTED.values():
        for one in (fitted.answers, fitted.fits):
            assert min(one.margin, one.level, one.mean, one.spread, one.near) >= 0
        assert fitted.fits.margin > 0
        assert 0 < fitted.cut < 1
        assert 0 < fitted.none <= 0.5


def test_background_texts_are_many_different_and_the_same_each_time() -> None:
    texts = background_texts()
    assert len(set(texts)) == len(texts) == COUNT
    assert texts == background_texts()
    assert all(text == text.strip() and "{" not in text for text in texts)
