"""Diversity, doubles and groups, against their definitions."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.types import Float32Array, Int64Array
from search.results.diversity import (
    Arranger,
    DedupFeatures,
    diversified,
    first_of_doubles,
    gathered,
    signs_of,
)

Float64Array = npt.NDArray[np.float64]


def unit_rows(seed: int, count: int, dimension: int = 6) -> Float32Array:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def bare(rows: Float32Array) -> DedupFeatures:
    return DedupFeatures(rows, rows[:, :0])


def scaled(values: Float64Array) -> Float64Array:
    return np.asarray((values - values.min()) / max(values.max() - values.min(), 1e-12))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 25), st.floats(0, 1))
def test_diversity_is_maximal_marginal_relevance(seed: int, count: int, diversity: float) -> None:
    rows = unit_rows(seed, count)
    scores = np.sort(np.random.default_rng(seed).random(count))[::-1]
    order = diversified(scores, rows, diversity)
    relevance = scaled(scores)
    alike = scaled(rows.astype(np.float64) @ rows.T.astype(np.float64))
    chosen: list[int] = []
    while len(chosen) < count:
        left = [one for one in range(count) if one not in chosen]
        if not chosen:
            chosen.append(int(np.argmax(relevance)))
            continue
        gains = [
            (1 - diversity) * relevance[one] - diversity * max(alike[one, kept] for kept in chosen)
            for one in left
        ]
        chosen.append(left[int(np.argmax(gains))])
    assert order.tolist() == chosen


def test_no_diversity_keeps_the_order() -> None:
    scores = np.linspace(1, 0, 30)
    assert diversified(scores, unit_rows(1, 30), 0.0).tolist() == list(range(30))


def test_diversity_spreads_the_first_hits_over_clusters() -> None:
    rng = np.random.default_rng(3)
    centres = unit_rows(5, 4, 16)
    cluster = np.repeat(np.arange(4), 20)
    noisy = centres[cluster] + 0.05 * rng.standard_normal((80, 16))
    rows = np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)
    scores = 0.5 - 0.01 * cluster + 0.001 * rng.random(80)
    assert len(set(cluster[np.argsort(-scores)[:8]])) == 1
    assert len(set(cluster[diversified(scores, rows, 0.7)[:8]])) == 4


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(0, 5))
def test_doubles_of_kept_rows_are_left_out(seed: int, count: int, earlier: int) -> None:
    every = unit_rows(seed, count + earlier, 2)
    before, rows = every[:earlier], every[earlier:]
    kept: list[Float32Array] = list(before)
    wanted = []
    for row in rows:
        is_kept = all(float(row @ other) < 0.97 for other in kept)
        wanted.append(is_kept)
        if is_kept:
            kept.append(row)
    assert first_of_doubles(bare(rows), bare(before)).tolist() == wanted


def test_arranger_leaves_out_doubles_across_calls() -> None:
    rows = unit_rows(2, 700, 8)
    rows[600:] = rows[:100]

    def dedup_features_of(record_ids: Int64Array, part_ids: Int64Array) -> DedupFeatures:
        return bare(rows[record_ids])

    arranger = Arranger(dedup_features_of, diversity=0.0, collapse=True)
    shown: list[int] = []
    for first in range(0, 700, 70):
        ids = np.arange(first, first + 70)
        shown.extend(ids[arranger.arranged(ids, ids, -ids.astype(np.float64))].tolist())
    assert shown == np.flatnonzero(first_of_doubles(bare(rows), bare(rows[:0]))).tolist()
    assert max(shown) < 600


@given(st.lists(st.integers(-2, 5), max_size=40))
def test_groups_are_gathered_best_first(keys: list[int]) -> None:
    groups = gathered(np.array(keys, np.int64))
    wanted: dict[object, list[int]] = {}
    for place, key in enumerate(keys):
        wanted.setdefault(key if key >= 0 else ("own", place), []).append(place)
    found = [groups.members(number).tolist() for number in range(len(groups.heads))]
    assert found == list(wanted.values())
    assert groups.heads.tolist() == [one[0] for one in wanted.values()]
    assert groups.sizes.tolist() == [len(one) for one in wanted.values()]


def test_hashes_decide_where_both_pictures_have_one() -> None:
    rng = np.random.default_rng(4)
    first = rng.integers(0, 256, 32, dtype=np.uint8)
    flipped = np.unpackbits(first)
    flipped[:36] ^= 1
    near = np.packbits(flipped)
    flipped[36] ^= 1
    far = np.packbits(flipped)
    hashes = np.stack([first, near, far, first, first])
    known = np.array([True, True, True, False, True])
    same, other = unit_rows(7, 2)
    rows = np.stack([same, other, same, same, same])
    dedup_features = DedupFeatures(rows, signs_of(hashes, known))
    assert dedup_features.doubles(dedup_features)[0].tolist() == [True, True, False, True, True]
    assert dedup_features.doubles(dedup_features)[3].tolist() == [True, False, True, True, True]
    assert first_of_doubles(dedup_features, dedup_features[slice(0)]).tolist() == [
        True,
        False,
        True,
        False,
        False,
    ]
