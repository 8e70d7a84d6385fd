"""Measures of retrieval, held against trec_eval and against an oracle in plain Python."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.types import Int64Array
from evaluation import metrics
from evaluation.metrics import Ranks, positions_among, rank_all

Scores = list[list[float]]


@st.composite
def distinct_rankings(draw: st.DrawFn) -> tuple[Scores, list[list[int]]]:
    """Scores without equals, and which candidates are right."""
    candidates = draw(st.integers(1, 60))
    queries = draw(st.integers(1, 6))
    scores = [
        [one / 64 for one in draw(st.permutations(range(candidates)))] for _ in range(queries)
    ]
    chosen = st.lists(st.integers(0, candidates - 1), min_size=1, unique=True)
    return scores, [draw(chosen) for _ in range(queries)]


@st.composite
def tied_rankings(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    """One query's scores with many equals, and which candidates are right."""
    scores = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=50))
    right = draw(st.lists(st.integers(0, len(scores) - 1), min_size=1, unique=True))
    return scores, right


def ranks_of(scores: Scores, right: Sequence[Sequence[int]]) -> Ranks:
    return Ranks.gather(
        [
            positions_among(np.array(row), np.array(chosen))
            for row, chosen in zip(scores, right, strict=True)
        ]
    )


def ours(ranks: Ranks) -> dict[str, list[float]]:
    return {
        "recip_rank": metrics.reciprocal_rank(ranks).tolist(),
        "map": metrics.average_precision(ranks).tolist(),
        "ndcg_cut_10": metrics.ndcg_at(ranks, 10).tolist(),
        **{f"success_{k}": (ranks.best <= k).tolist() for k in (1, 5, 10)},
    }


@settings(deadline=None)
@given(distinct_rankings())
def test_every_measure_is_what_trec_eval_says(case: tuple[Scores, list[list[int]]]) -> None:
    scores, right = case
    judged = {f"q{q}": {f"d{d}": 1 for d in chosen} for q, chosen in enumerate(right)}
    run = {f"q{q}": {f"d{d}": one for d, one in enumerate(row)} for q, row in enumerate(scores)}
    wanted = {"recip_rank", "map", "ndcg_cut.10", "success.1,5,10"}
    theirs = pytrec_eval.RelevanceEvaluator(judged, wanted).evaluate(run)
    for measure, values in ours(ranks_of(scores, right)).items():
        expected = [theirs[f"q{q}"][measure] for q in range(len(scores))]
        assert values == pytest.approx(expected, abs=1e-9), measure


@given(tied_rankings())
def test_equals_stand_where_they_flatter_least(case: tuple[list[float], list[int]]) -> None:
    scores, right = case
    wrong_first = sorted(range(len(scores)), key=lambda one: (-scores[one], one in right))
    expected = [place for place, one in enumerate(wrong_first, 1) if one in right]
    positions, tied = positions_among(np.array(scores), np.array(right))
    assert positions.tolist() == expected
    best = max(scores[one] for one in right)
    assert tied == any(scores[one] == best for one in range(len(scores)) if one not in right)


@given(tied_rankings())
def test_all_measures_follow_from_the_positions_alone(case: tuple[list[float], list[int]]) -> None:
    scores, right = case
    ranks = ranks_of([scores], [right])
    positions = ranks.positions.tolist()
    found = ours(ranks)
    assert found["recip_rank"] == [1 / positions[0]]
    precisions = [number / place for number, place in enumerate(positions, 1)]
    assert found["map"] == pytest.approx([sum(precisions) / len(right)])
    gain = sum(1 / math.log2(1 + place) for place in positions if place <= 10)
    ideal = sum(1 / math.log2(1 + place) for place in range(1, min(10, len(right)) + 1))
    assert found["ndcg_cut_10"] == pytest.approx([gain / ideal])


def test_a_model_that_scores_all_the_same_gets_the_last_place() -> None:
    ranks = ranks_of([[0.5] * 10], [[3]])
    assert ranks.best.tolist() == [10]
    assert ranks.tied.tolist() == [True]


def test_what_float32_cannot_tell_apart_is_equal() -> None:
    scores = np.array([0.5, 0.5 - 5e-8, 0.4], np.float32)
    assert positions_among(scores, np.array([0]))[0].tolist() == [2]
    assert positions_among(np.array([0.5, 0.499]), np.array([0]))[0].tolist() == [1]


def test_blocks_and_many_right_answers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    queries, candidates = (rng.normal(size=(size, 8)).astype(np.float32) for size in (23, 90))
    right: list[Int64Array] = [
        rng.choice(90, rng.integers(1, 60), replace=False) for _ in range(23)
    ]
    whole = rank_all(queries, candidates, right)
    monkeypatch.setattr(metrics, "_BLOCK_BYTES", 4 * 90 * 5)
    monkeypatch.setattr(metrics, "_FEW", 1000)
    assert np.array_equal(rank_all(queries, candidates, right).positions, whole.positions)


def test_what_was_not_found_is_worth_nothing() -> None:
    ranks = Ranks.gather([(np.array([2.0, np.inf]), False), (np.array([np.inf]), False)])
    assert metrics.reciprocal_rank(ranks).tolist() == [0.5, 0]
    assert metrics.average_precision(ranks).tolist() == [0.25, 0]
    assert (ranks.best <= 10).tolist() == [True, False]
    assert metrics.ndcg_at(ranks, 10)[1] == 0


def test_taking_queries_keeps_their_ranks() -> None:
    ranks = Ranks.gather([(np.array([1.0, 4.0]), False), (np.array([7.0]), True)])
    taken = ranks.take(np.array([1, 0, 1]))
    assert taken.best.tolist() == [7, 1, 7]
    assert taken.right.tolist() == [1, 2, 1]
    assert taken.tied.tolist() == [True, False, True]
