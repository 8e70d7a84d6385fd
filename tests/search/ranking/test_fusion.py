"""Fused rankings are what the definition says, whatever is weighted and however deep one looks."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.ranking.fusion import RANK_CONSTANT, Weighted, combine

ORDERS = st.lists(st.permutations(range(1, 13)).map(tuple), min_size=1, max_size=3)


def weighted(
    order: Sequence[int], weight: float, exact: frozenset[int] = frozenset(), *, words: bool = False
) -> Weighted:
    ids = np.array(order, np.int64)
    return Weighted(
        "keyword" if words else "image",
        weight,
        ids,
        np.full(len(ids), -1, np.int64) if words else ids * 10,
        np.linspace(1, 0, 12)[: len(ids)],
        np.isin(ids, sorted(exact)) if words else None,
        (lambda place: (f"word {order[place]}",)) if words else None,
    )


@given(ORDERS, st.lists(st.floats(0.1, 5), min_size=3, max_size=3), st.integers(1, 12))
def test_score_is_the_weighted_sum_of_reciprocal_ranks(
    orders: list[tuple[int, ...]], weights: list[float], depth: int
) -> None:
    shortened = [order[: 3 + 3 * number] for number, order in enumerate(orders)]
    rankings = [weighted(*one) for one in zip(shortened, weights, strict=False)]
    fused = combine(rankings, depth)
    expected = []
    for record in {one for order in shortened for one in order}:
        ranks = [order.index(record) + 1 if record in order else 99 for order in shortened]
        band = depth
        while band < min(ranks):
            band *= 2
        pairs = zip(weights, ranks, strict=False)
        score = sum(weight / (RANK_CONSTANT + rank) for weight, rank in pairs if rank <= band)
        expected.append((band, -score, record))
    order = [int(one) for one in fused.record_ids]
    by_record = {record: (band, score) for band, score, record in expected}
    keys = [by_record[one] for one in order]
    assert sorted(order) == sorted(by_record)
    for (band, score), (next_band, next_score) in itertools.pairwise(keys):
        assert band < next_band or (band == next_band and score <= next_score + 1e-12)
    assert (np.diff(fused.scores) <= 0).all()
    assert fused.scores[0] == pytest.approx(-keys[0][1])


@given(ORDERS, st.sets(st.integers(1, 12)), st.integers(1, 3), st.integers(0, 2))
def test_looking_deeper_moves_nothing(
    orders: list[tuple[int, ...]], exact: set[int], depth: int, doublings: int
) -> None:
    def fused(length: int) -> list[int]:
        rankings = [
            weighted(_exact_first(order, exact)[:length], 1.0, frozenset(exact), words=number == 0)
            for number, order in enumerate(orders)
        ]
        return [int(one) for one in combine(rankings, depth).record_ids]

    shallow = depth * 2**doublings
    few = fused(shallow)[: min(shallow, 12)]
    assert fused(12)[: len(few)] == few


def _exact_first(order: Sequence[int], exact: set[int]) -> list[int]:
    return sorted(order, key=lambda one: one not in exact)


def test_exact_ones_come_before_all_others() -> None:
    vectors = weighted(range(1, 11), 5.0)
    words = weighted([9, 3], 0.1, frozenset({9}), words=True)
    fused = combine([vectors, words], 10)
    assert fused.record_ids[0] == 9
    assert fused.part_ids[0] == 90
    assert fused.contributions(0)[0].ranking == "keyword"
    assert fused.contributions(0)[0].words == ("word 9",)


def test_contributions_say_ranks_and_shares() -> None:
    texts = weighted([2, 3], 2.0)
    fused = combine([weighted([1, 2], 1.0), replace(texts, name="text")], 10)
    assert fused.record_ids[0] == 2
    first, second = fused.contributions(0)
    assert (first.ranking, first.rank, second.ranking, second.rank) == ("text", 1, "image", 2)
    assert first.share + second.share == pytest.approx(1)
    assert first.share == pytest.approx((2 / 61) / (2 / 61 + 1 / 62))
    assert fused.part_ids.tolist() == [20, 30, 10]


@given(st.permutations(range(1, 13)), st.integers(1, 12), st.sets(st.integers(1, 12), max_size=3))
def test_shares_add_up_and_nothing_further_down_has_more(
    order: list[int], depth: int, exact: set[int]
) -> None:
    words = weighted(_exact_first(order, exact), 1.0, frozenset(exact), words=True)
    fused = combine([weighted(range(1, 9), 1.0), words], depth)
    assert (np.diff(fused.scores) <= 0).all()
    for place in range(len(fused.record_ids)):
        shares = [one.share for one in fused.contributions(place)]
        assert sum(shares) == pytest.approx(1)
        assert shares == sorted(shares, reverse=True)


def test_few_found_words_leave_the_order_to_the_vectors() -> None:
    vectors = replace(weighted([1, 2, 3], 1.0), name="text")
    words = weighted([3, 2, 1], 1.0, words=True)
    strong = replace(words, scores=np.array([1.0, 0.5, 0.1]), full_score=1.0)
    weak = replace(words, scores=np.array([0.1, 0.05, 0.01]), full_score=1.0)
    assert combine([vectors, strong], 10).record_ids.tolist() == [3, 2, 1]
    assert combine([vectors, weak], 10).record_ids.tolist() == [1, 2, 3]


def test_where_all_words_are_found_vectors_only_break_ties() -> None:
    vectors = replace(weighted([3, 2, 1], 1.0), name="text")
    words = replace(weighted([1, 2, 3], 1.0, words=True), full_score=1.0)
    tied = replace(words, scores=np.array([1.0, 1.0, 0.9]))
    assert combine([vectors, tied], 10).record_ids.tolist() == [2, 1, 3]


def test_what_a_ranking_adds_is_what_contributions_say() -> None:
    words = replace(weighted([4, 2], 1.0, words=True), full_score=2.0)
    fused = combine([weighted([1, 2, 3], 1.0), words], 10)
    for place, score in enumerate(fused.scores.tolist()):
        shares = {one.ranking: one.share * score for one in fused.contributions(place)}
        for number, ranking in enumerate(fused.rankings):
            assert shares.get(ranking.name, 0.0) == pytest.approx(fused.worths[place, number])
    some = fused.only(np.array([2, 0]))
    assert some.contributions(1) == fused.contributions(0)


def test_parts_from_beside_are_shown_only_where_no_other_ranking_has_one() -> None:
    dedup_features = weighted([2, 1], 1.0)
    auxiliary = replace(weighted([1, 3], 1.0), name="text", is_beside=True)
    auxiliary = replace(auxiliary, part_ids=np.array([11, 31]))
    fused = combine([dedup_features, auxiliary], 10)
    found = dict(zip(fused.record_ids.tolist(), fused.part_ids.tolist(), strict=True))
    assert found == {1: 10, 2: 20, 3: 31}


def test_ranking_without_weight_is_left_out() -> None:
    fused = combine([weighted([1, 2], 0.0), weighted([2, 3], 1.0)], 10)
    assert fused.record_ids.tolist() == [2, 3]
    assert combine([weighted([1], 0.0)], 1).record_ids.tolist() == []


def test_names_of_files_do_not_outweigh_looks_as_texts_do() -> None:
    dedup_features = weighted((1, 2, 3), 1.0)
    words = replace(weighted((3,), 1.0, words=True), scores=np.array([0.3]), full_score=1.0)
    assert combine([dedup_features, words], 10).record_ids.tolist() == [3, 1, 2]
    named = replace(words, has_texts=False)
    assert combine([dedup_features, named], 10).record_ids.tolist()[0] == 1


def test_words_beside_a_picture_add_to_what_vectors_say() -> None:
    vectors = weighted(range(1, 11), 1.0)
    words = replace(weighted([9, 2], 1.0, frozenset({9}), words=True), full_score=1.0)
    assert combine([vectors, words], 10).record_ids[0] == 9
    assert combine([vectors, replace(words, is_partial=True)], 10).record_ids[:2].tolist() == [2, 1]
