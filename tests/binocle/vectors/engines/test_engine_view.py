from dataclasses import replace

import numpy as np
import pytest

from binocle.errors import UnreachableError
from binocle.types import Float32Array, Int64Array, Space
from binocle.vectors.base import Allowed, Watermark
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.engines.engine_view import EngineView
from tests.support.memory_engine import MemoryEngine
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from

SPACE = Space("toy", 16, "ab" * 32)


def filled(
    engine: MemoryEngine, rows: Float32Array, *, pushed: int, scan_limit: int = 0
) -> tuple[EngineView, Int64Array]:
    """Return a view of rows of which the first ones are in the engine."""
    store = EngineStore(engine, SPACE, scan_limit=scan_limit)
    ids = ids_from(1, len(rows))
    store.upsert(ids[:pushed], rows[:pushed], born=1)
    store.persisting(Watermark(1, pushed, "t"))()
    store.upsert(ids[pushed:], rows[pushed:], born=2)
    return store.at(2), ids


@pytest.mark.parametrize("finds", [0, 3, 40, 1000])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.97, 1.0])
def test_never_fewer_than_k_however_little_the_index_finds(finds: int, share: float) -> None:
    rng = np.random.default_rng(1)
    rows = gaussian_rows(rng, 600, 16)
    view, ids = filled(MemoryEngine(16, finds=finds), rows, pushed=550)
    mask = rng.random(601) < share
    for k in (1, 10, 200):
        found = nearest(view, gaussian_rows(rng, 1, 16)[0], k, Allowed(mask))
        assert len(found.part_ids) == min(k, np.count_nonzero(mask[ids]))
        assert mask[found.part_ids].all()


def test_what_the_engine_has_and_the_catalogue_lacks_does_not_take_places() -> None:
    rows = gaussian_rows(np.random.default_rng(4), 100, 16)
    engine = MemoryEngine(16, most_ids=1000)
    view, ids = filled(engine, rows, pushed=100)
    near = np.sort(ids[np.argsort(rows @ rows[0])[-40:]])
    of_another = EngineStore(engine, SPACE).at(1)
    kept = np.setdiff1d(ids, near)
    for one in (replace(view, ids_there=kept), replace(of_another, ids_there=kept)):
        assert len(nearest(one, rows[0], 10).part_ids) == 10
        assert len(one.above(rows[0], -2.0, exact=True).part_ids) == 60


def test_an_answer_of_the_index_is_not_called_exact() -> None:
    rows = gaussian_rows(np.random.default_rng(2), 600, 16)
    view, _ = filled(MemoryEngine(16, finds=100), rows, pushed=600)
    assert not nearest(view, rows[0], 5).exact
    assert nearest(view, rows[0], 5, exact=True).exact
    scanned, _ = filled(MemoryEngine(16), rows, pushed=600)
    assert nearest(scanned, rows[0], 5).exact


def test_few_that_are_allowed_are_named_and_few_that_are_not_are_left_out() -> None:
    rng = np.random.default_rng(3)
    rows = gaussian_rows(rng, 600, 16)
    engine = MemoryEngine(16, most_ids=50, finds=1000)
    view, _ = filled(engine, rows, pushed=600)
    few = np.zeros(601, np.bool_)
    few[[3, 70, 400]] = True
    nearest(view, rows[0], 2, Allowed(few))
    nearest(view, rows[0], 2, Allowed(~few))
    (_, named, _), (_, left_out, _) = engine.asked
    assert named.only is not None
    assert named.only.tolist() == [3, 70, 400]
    assert left_out.only is None
    assert left_out.without.tolist() == [3, 70, 400]


def test_scanning_engine_is_asked_for_more_rather_than_for_many_by_name() -> None:
    rng = np.random.default_rng(7)
    rows = np.repeat(gaussian_rows(rng, 60, 16), 10, axis=0)  # copies, which ids decide between
    engine = MemoryEngine(16, most_ids=50)
    view, ids = filled(engine, rows, pushed=600)
    mask = rng.random(601) < 0.5
    found = nearest(view, rows[0], 25, Allowed(mask))
    assert all(among.only is None for _, among, _ in engine.asked)
    right = np.lexsort((ids, -(rows @ rows[0])))
    assert found.part_ids.tolist() == [one for one in (right + 1).tolist() if mask[one]][:25]
    assert found.exact


def test_all_above_a_score_are_not_called_exact_where_an_index_was_asked() -> None:
    rows = gaussian_rows(np.random.default_rng(8), 600, 16)
    engine = MemoryEngine(16, finds=20, most_above=20)
    view, _ = filled(engine, rows, pushed=600)
    assert not view.above(rows[0], 0.1).exact
    whole = view.above(rows[0], 0.1, exact=True)
    assert whole.exact
    assert len(whole.part_ids) == np.count_nonzero(rows @ rows[0] >= 0.1) > 20


def test_what_was_removed_for_good_meanwhile_is_passed_over() -> None:
    rows = gaussian_rows(np.random.default_rng(4), 60, 16)
    engine = MemoryEngine(16)
    view, _ = filled(engine, rows, pushed=60)
    del engine.table[1]
    assert 1 not in nearest(view, rows[0], 60).part_ids
    assert 1 not in view.above(rows[0], -1.0).part_ids
    ids, found = view.rows(ids_from(1, 60))
    assert ids.tolist() == list(range(2, 61))
    assert np.array_equal(found, rows[1:])


def test_search_of_an_engine_that_is_away_says_so_and_that_of_a_tail_does_not_need_it() -> None:
    rows = gaussian_rows(np.random.default_rng(5), 60, 16)
    engine = MemoryEngine(16)
    view, _ = filled(engine, rows, pushed=30)
    unpushed = EngineStore(MemoryEngine(16, is_away=True), SPACE, anew=True)
    unpushed.upsert(ids_from(1, 60), rows, born=1)
    engine.is_away = True
    with pytest.raises(UnreachableError):
        nearest(view, rows[0], 3)
    assert nearest(unpushed.at(1), rows[7], 1).part_ids.tolist() == [8]


@pytest.mark.parametrize(("finds", "is_exact"), [(1000, False), (20, True), (0, True)])
def test_little_above_a_score_is_asked_of_the_index_if_it_reaches_down_to_it(
    finds: int, is_exact: bool
) -> None:
    rows = gaussian_rows(np.random.default_rng(7), 600, 16)
    view, _ = filled(MemoryEngine(16, finds=finds), rows, pushed=550)
    mask = np.random.default_rng(8).random(601) < 0.5
    for allowed in (None, Allowed(mask)):
        found = view.above(rows[0], 0.3, allowed=allowed)
        right = view.above(rows[0], 0.3, allowed=allowed, exact=True)
        assert len(right.part_ids) > 20
        assert found.part_ids.tolist() == right.part_ids.tolist()
        assert found.scores.tolist() == right.scores.tolist()
        assert (found.exact, right.exact) == (is_exact, True)
        assert (found.left_out > 0) == (not is_exact)


def test_a_large_mask_and_an_empty_tail_go_together() -> None:
    rows = gaussian_rows(np.random.default_rng(6), 60, 16)
    view, ids = filled(MemoryEngine(16), rows, pushed=60)
    allowed = Allowed(np.ones(50_000, np.bool_))
    assert sorted(view.above(rows[0], -1.0, allowed=allowed).part_ids) == ids.tolist()
    assert len(nearest(view, rows[0], 60, allowed).part_ids) == 60


def test_description_tells_what_is_scanned_beside_the_engine() -> None:
    rows = gaussian_rows(np.random.default_rng(6), 60, 16)
    assert filled(MemoryEngine(16), rows, pushed=50)[0].description == "a table; 10 scanned beside"
    assert filled(MemoryEngine(16), rows, pushed=60)[0].description == "a table"
