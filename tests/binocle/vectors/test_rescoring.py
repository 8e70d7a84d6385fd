"""Scores that do not depend on how a vector was found."""

import faiss
import numpy as np

from binocle.vectors.flat_segment import FlatSegment
from binocle.vectors.rescoring import bitmap, not_below, rescored, searched
from tests.support.unit_rows import gaussian_rows, ids_from


def test_everything_as_good_as_the_last_place_is_found() -> None:
    rng = np.random.default_rng(1)
    rows = np.repeat(gaussian_rows(rng, 20, 32), 50, axis=0)  # each fifty times
    segment = FlatSegment.made(ids_from(0, 1000), rows)
    everything = faiss.SearchParameters(sel=faiss.IDSelectorAll())
    scores, ids = searched(segment, rows[100], 3, everything)
    assert set(range(100, 150)) <= set(ids.tolist())
    assert (scores[:50] == scores[0]).all()


def test_scores_are_sums_of_float64_whatever_else_is_scored() -> None:
    rng = np.random.default_rng(2)
    rows, query = gaussian_rows(rng, 300, 443), gaussian_rows(rng, 1, 443)[0]
    segment = FlatSegment.made(ids_from(0, 300), rows)
    scores, ids = rescored(segment, query, ids_from(0, 300))
    exact = (rows.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    assert np.abs(scores - exact).max() < 1e-7
    few, _ = rescored(segment, query, np.array([7, 250]))
    assert few.tobytes() == scores[[7, 250]].tobytes()
    least = float(np.sort(scores)[-5])
    assert len(not_below(least, (scores, ids))[1]) == 5


def test_bitmap_allows_what_the_mask_does_and_nothing_beyond_it() -> None:
    mask = np.random.default_rng(3).random(77) < 0.5
    selector = bitmap(mask)
    assert [selector.is_member(one) for one in range(90)] == [*mask.tolist(), *[False] * 13]
