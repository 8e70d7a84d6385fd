"""How much of what scores high is in the lists that are looked into."""

import numpy as np
import pytest

from binocle.types import Float32Array
from binocle.vectors.base import Allowed
from binocle.vectors.exact import ExactView
from binocle.vectors.faiss_view import FaissView
from experiments.speed.indices.cross_modal import CrossModal
from tests.support.unit_rows import ids_from, rounded

COUNT = 30_000
VECTORS = CrossModal(64)


@pytest.fixture(scope="module")
def rows() -> Float32Array:
    return rounded(VECTORS.pictures(0, COUNT))


@pytest.fixture(scope="module")
def view(rows: Float32Array) -> FaissView:
    return FaissView(64).with_rows(ids_from(0, COUNT), rows).compact(1000)


def least_for(scores: Float32Array, count: int) -> float:
    return float(np.partition(scores, len(scores) - count)[len(scores) - count])


def test_nearly_all_above_a_score_is_found_and_what_is_not_is_told(
    view: FaissView, rows: Float32Array
) -> None:
    for wanted in (10, 100, 1000):
        found, left_out, missed = 0, 0.0, 0
        for query in VECTORS.asked(30):
            scores = rows @ query
            least = least_for(scores, wanted)
            above = view.above(query, least - 1e-4)
            assert not above.exact
            assert (scores[above.part_ids] >= least - 2e-4).all()
            assert np.all(np.diff(above.scores) <= 0)
            there = int(np.count_nonzero(scores[above.part_ids] >= least))
            found, missed = found + there, missed + wanted - there
            left_out += above.left_out
        assert found >= 0.98 * 30 * wanted
        assert missed <= 3 * left_out + 3


def test_lists_far_from_a_query_are_not_looked_into(view: FaissView, rows: Float32Array) -> None:
    (segment,) = view.segments
    query = VECTORS.asked(1)[0]
    scores = np.sort(rows @ query)[::-1]
    reach = segment.reach  # type: ignore[attr-defined]
    counts = [
        reach.lists_with(query, float(scores[place]), share=1.0, at_least=1)[0]
        for place in (10, 1000, 20_000)
    ]
    assert counts == sorted(counts)
    assert counts[0] < 0.8 * segment.lists
    assert reach.lists_with(query, -2.0, share=1.0, at_least=1)[0] > 0.97 * segment.lists
    assert reach.lists_with(query, 1.0, share=1.0, at_least=7) == (7, pytest.approx(0, abs=1e-3))


def test_a_scan_on_demand_and_few_allowed_are_exact(view: FaissView, rows: Float32Array) -> None:
    oracle = ExactView(ids_from(0, COUNT), rows)
    query = VECTORS.asked(1)[0]
    mask = np.random.default_rng(1).random(COUNT) < 0.5
    for allowed, exact in ((None, True), (Allowed(mask), False)):
        found = view.above(query, 0.12, allowed=allowed, exact=exact)
        wanted = oracle.above(query, 0.12, allowed=allowed)
        assert found.exact
        assert found.left_out == 0
        assert found.part_ids[:1000].tolist() == wanted.part_ids[:1000].tolist()
        assert set(found.part_ids.tolist()) == set(wanted.part_ids.tolist())
        assert len(wanted.part_ids) > 1000  # more than are summed anew


def test_what_is_removed_or_not_allowed_is_never_above(view: FaissView, rows: Float32Array) -> None:
    query = VECTORS.asked(1)[0]
    gone = np.argsort(-(rows @ query))[:50]
    mask = np.random.default_rng(2).random(COUNT) < 0.9
    found = view.without(gone).above(query, 0.1, allowed=Allowed(mask))
    assert not found.exact
    assert not np.isin(found.part_ids, gone).any()
    assert mask[found.part_ids].all()
