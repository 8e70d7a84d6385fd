import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.collection.parts import Owners
from binocle.encoders.base import unit_rows
from binocle.types import Float32Array, Int64Array
from search.relevance.hub_correction import NEIGHBOURS, Hubs, find_hubs, hubness, parts_beside

_DIMENSION = 24


def _rows(count: int, seed: int) -> Float32Array:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, _DIMENSION)))


def _pairs(count: int, hubs: int) -> tuple[Float32Array, Float32Array]:
    """Queries and their answers; the first answers also point to where all queries are."""
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(count, _DIMENSION))
    queries[:, 0] += 3.0
    answers = queries + 0.8 * rng.normal(size=queries.shape)
    answers[:, 0] = 0.0
    answers[:hubs] = 0.1 * answers[:hubs]
    answers[:hubs, 0] = 4.0
    return unit_rows(queries), unit_rows(answers)


def test_hubness_is_the_mean_of_the_ten_nearest() -> None:
    bank, rows = _rows(40, 1), _rows(15, 2)
    expected = [np.sort(bank @ row)[-NEIGHBOURS:].mean() for row in rows]
    np.testing.assert_allclose(hubness(bank, rows), expected, rtol=1e-5)
    assert len(hubness(bank[:3], rows)) == 15


def test_correction_is_on_where_there_are_hubs_and_finds_more() -> None:
    queries, answers = _pairs(600, 60)
    found = find_hubs(queries[300:], answers[300:], queries[:300], answers[:300])
    assert found is not None
    others = np.arange(60, 300)
    raw = queries[others] @ answers.T
    corrected = raw - found.penalties(hubness(found.bank_bd, answers))
    hits = [(np.argmax(one, axis=1) == others).mean() for one in (raw, corrected)]
    assert hits[1] > hits[0]


def test_correction_is_off_where_it_does_not_help_or_nobody_can_tell() -> None:
    rows = _rows(400, 3)
    assert find_hubs(rows[200:], rows[200:], rows[:200], rows[:200]) is None
    assert find_hubs(rows[200:], rows[200:], rows[:10], rows[:10]) is None
    assert find_hubs(rows[:3], rows[200:], rows[:200], rows[:200]) is None


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 60), st.integers(0, 60))
def test_only_the_first_change_places_and_scores_never_rise(
    seed: int, count: int, depth: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, query = _rows(count, seed), _rows(1, seed + 1)[0]
    scores = rows @ query
    order = np.argsort(-scores, kind="stable")
    rows, scores = rows[order], scores[order]
    part_ids = rng.permutation(count).astype(np.int64)
    hubs = Hubs(_rows(30, 9), 0.3)
    places, corrected = hubs.reorder(scores, part_ids, hubness(hubs.bank_bd, rows[:depth]))
    assert sorted(places[:depth]) == list(range(min(depth, count)))
    assert places[depth:].tolist() == list(range(min(depth, count), count))
    assert (np.diff(corrected) <= 0).all()


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
    st.sets(st.integers(0, 40)),
)
def test_parts_beside_are_the_first_of_the_same_record(
    parts: list[tuple[int, bool]], asked: set[int]
) -> None:
    kinds = [
        [(number, record) for number, (record, is_text) in enumerate(parts) if is_text == kind]
        for kind in (False, True)
    ]
    owners = [
        Owners(*(np.array([one[side] for one in each], np.int64) for side in (0, 1)))
        for each in kinds
    ]
    own, others = parts_beside(np.array(sorted(asked), np.int64), owners[0], owners[1])
    expected = [
        (number, min(text for text, one in kinds[1] if one == record))
        for number, record in kinds[0]
        if number in asked and any(one == record for _, one in kinds[1])
    ]
    assert list(zip(own.tolist(), others.tolist(), strict=True)) == expected


def test_hubness_of_a_part_is_found_once() -> None:
    rows, hubs = _rows(50, 1), Hubs(_rows(30, 9), 0.3)
    read: list[int] = []

    def rows_of(ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        read.extend(ids.tolist())
        there = ids[ids < len(rows)]
        return there, rows[there]

    for ids in ([3, 1, 49], [1, 2, 3], [49, 2, 1]):
        found = hubs.hubness_of(np.array(ids), rows_of)
        assert found is not None
        np.testing.assert_allclose(found, hubness(hubs.bank_bd, rows[ids]), atol=1e-6)
    assert read == [3, 1, 49, 2]
    assert hubs.hubness_of(np.array([1, 50]), rows_of) is None
    assert hubs.hubness_of(np.array([], np.int64), rows_of) is not None
