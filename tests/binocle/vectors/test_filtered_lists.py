"""What lists find where a filter passes what is far from a query, and what they leave alone."""

import numpy as np
import pytest

from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.inverted_file import IvfSegment
from tests.support.unit_rows import ids_from, rounded

COUNT, DIMENSION, TOPICS = 8_000, 24, 80
_RNG = np.random.default_rng(50)
_TOPICS_OF = _RNG.integers(0, TOPICS, COUNT)
_CENTRES = _RNG.standard_normal((TOPICS, DIMENSION))


@pytest.fixture(scope="module")
def rows() -> Float32Array:
    there = _CENTRES[_TOPICS_OF] + 0.4 * _RNG.standard_normal((COUNT, DIMENSION))
    there /= np.linalg.norm(there, axis=1, keepdims=True)
    return rounded(np.ascontiguousarray(there, np.float32))


@pytest.fixture(scope="module")
def segment(rows: Float32Array) -> IvfSegment:
    empty = IvfSegment.trained(COUNT, rows)
    return empty.grown([(ids_from(5, COUNT), rows)], np.empty(0, np.int64))  # the first id is 5


def recall(segment: IvfSegment, query: Float32Array, mask: BoolArray) -> float:
    found, wanted = (
        segment.search(query[np.newaxis], 10, mask, scan=scan)[0] for scan in (False, True)
    )
    assert mask[found[1]].all()
    assert len(np.unique(found[1])) == len(found[1])
    tenth = np.sort(wanted[0])[-10]
    return float(np.count_nonzero(found[0] >= tenth)) / 10


def mask_of(passing: BoolArray | Int64Array) -> BoolArray:
    """Return a mask by id of what passes, by place."""
    mask = np.zeros(COUNT, np.bool_)
    mask[passing] = True
    return np.concatenate([np.zeros(5, np.bool_), mask])


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_what_is_far_is_found_where_nothing_else_passes(
    segment: IvfSegment, rows: Float32Array, share: float
) -> None:
    shares = []
    for query in rows[::400]:
        far = np.argsort(rows @ query)[: int(share * COUNT)]
        shares.append(recall(segment, query, mask_of(far)))
    assert np.mean(shares) >= 0.98


def test_a_category_that_is_never_near_is_found(segment: IvfSegment, rows: Float32Array) -> None:
    shares = []
    for query in rows[::400]:
        topics = np.argsort(_CENTRES @ query)
        shares += [
            recall(segment, query, mask_of(np.isin(_TOPICS_OF, some)))
            for some in (topics[:10], topics[20:50])
        ]
    assert np.mean(shares) >= 0.98
    assert min(shares) >= 0.9


def test_what_passes_by_chance_or_is_near_takes_no_further_lists(
    segment: IvfSegment, rows: Float32Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(IvfSegment, "passing")  # which is asked before others are looked into
    rng = np.random.default_rng(51)
    for query in rows[::400]:
        near = np.argsort(-(rows @ query))[: COUNT // 10]
        for passing in (rng.random(COUNT) < 0.5, rng.random(COUNT) < 0.1, near):
            segment.search(query[np.newaxis], 10, mask_of(passing), scan=False)


def test_passing_vectors_are_counted_by_list_whatever_the_mask_is_long(segment: IvfSegment) -> None:
    _, places = segment.index.quantizer.search(segment.rows(segment.ids), 1)
    for length in (3, 500, COUNT + 5, COUNT + 50):
        mask = np.random.default_rng(length).random(length) < 0.3
        inside = segment.ids < length
        allowed = np.zeros(COUNT, np.bool_)
        allowed[inside] = mask[segment.ids[inside]]
        counts = np.bincount(places[allowed, 0], minlength=segment.lists)
        assert segment.passing(mask).tolist() == counts.tolist()


def test_fewer_than_asked_for_are_all_found(segment: IvfSegment, rows: Float32Array) -> None:
    query = rows[0]
    far = np.argsort(rows @ query)[:4]
    ((_, ids),) = segment.search(query[np.newaxis], 10, mask_of(far), scan=False)
    assert sorted(ids.tolist()) == sorted((far + 5).tolist())
