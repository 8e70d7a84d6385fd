"""One contract for every vector store, exact search in float64 being the oracle."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.vectors.base import Allowed, OpenStore, VectorStore, VectorView, Watermark, products
from binocle.vectors.faiss_store import FaissStore
from tests.support.exact_store import ExactStore
from tests.support.nearest import nearest
from tests.support.unit_rows import gaussian_rows, ids_from
from tests.support.vector_stores import (
    DIMENSION,
    as_allowed,
    as_pairs,
    brute_force,
    sign_rows,
    toy_space,
)


def test_empty_store_finds_nothing(store: VectorStore) -> None:
    query = sign_rows(np.random.default_rng(0), 1)[0]
    store.retire(ids_from(1, 3), died=1)
    view = store.at(1)
    for mask in (None, np.ones(5, np.bool_)):
        assert as_pairs(nearest(view, query, 3, as_allowed(mask))) == []
        assert as_pairs(view.above(query, -1.0, allowed=as_allowed(mask))) == []
    assert view.count() == 0
    assert len(view.ids()) == 0
    ids, rows = view.rows(ids_from(1, 3))
    assert len(ids) == 0
    assert rows.shape == (0, DIMENSION)
    assert store.watermark() is None


@pytest.mark.parametrize("exact", [False, True])
def test_search_equals_brute_force_with_ties_in_order_of_id(
    store: VectorStore, exact: bool
) -> None:
    rng = np.random.default_rng(1)
    rows = sign_rows(rng, 1100)
    ids = 5 + 3 * ids_from(0, 1100)  # gaps, as removals leave them
    for start, end in ((0, 1), (1, 500), (500, 520), (520, 1100)):
        store.upsert(ids[start:end], rows[start:end], born=start)
    removed = rng.choice(ids, 150, replace=False)
    store.retire(np.concatenate([removed, [0, 1, 99_999]]), died=521)
    there = ~np.isin(ids, removed)
    masks = [None, *(rng.random(size) < share for size, share in
                     ((4000, 0.5), (4000, 0.01), (1000, 0.3), (1, 0.0), (4000, 0.0)))]  # fmt: skip
    view = store.at(521)
    assert view.count() == 950
    for mask in masks:
        for k in (1, 10, 300, 5000):
            query = sign_rows(rng, 1)[0]
            found = nearest(view, query, k, as_allowed(mask), exact=exact)
            assert as_pairs(found) == brute_force(ids[there], rows[there], query, k, mask)
            assert found.exact
            assert str(found.scores.dtype) == "float32"
            assert str(found.part_ids.dtype) == "int64"


def test_all_above_a_score_are_found_and_no_others(store: VectorStore) -> None:
    rng = np.random.default_rng(21)
    ids, rows = ids_from(3, 800), sign_rows(rng, 800)
    store.upsert(ids, rows, born=1)
    store.retire(ids[::7], died=2)
    there = ~np.isin(ids, ids[::7])
    view = store.at(2)
    for mask in (None, rng.random(700) < 0.5, rng.random(900) < 0.02, np.zeros(0, np.bool_)):
        for least in (-1.0, 0.0, 0.25, 0.5, 1.5):
            query = sign_rows(rng, 1)[0]
            found = view.above(query, least, allowed=as_allowed(mask))
            everything = brute_force(ids[there], rows[there], query, 800, mask)
            assert as_pairs(found) == [pair for pair in everything if pair[1] >= least]
            assert found.exact


def test_mask_of_length_zero_allows_nothing(store: VectorStore) -> None:
    rows = sign_rows(np.random.default_rng(2), 4)
    store.upsert(ids_from(1, 4), rows, born=1)
    assert as_pairs(nearest(store.at(1), rows[0], 2, Allowed(np.zeros(0, np.bool_)))) == []


def test_mask_is_not_changed_by_a_search(store: VectorStore) -> None:
    rows = sign_rows(np.random.default_rng(3), 4)
    store.upsert(ids_from(1, 4), rows, born=1)
    store.retire(ids_from(2, 1), died=2)
    mask = np.ones(5, np.bool_)
    nearest(store.at(2), rows[0], 2, Allowed(mask))
    store.at(2).above(rows[0], 0.0, allowed=Allowed(mask))
    assert mask.all()


@pytest.mark.parametrize("dimension", [64, 443])
def test_copies_of_a_vector_come_in_order_of_id(
    open_here: Callable[..., VectorStore], dimension: int
) -> None:
    rng = np.random.default_rng(4)
    store = open_here(dimension)
    rows = np.repeat(gaussian_rows(rng, 60, dimension), 10, axis=0)
    places = rng.permutation(600)
    store.upsert(ids_from(1, 450), rows[places[:450]], born=1)
    store.upsert(ids_from(451, 150), rows[places[450:]], born=2)
    view = store.at(2)
    for number in range(60):
        query = gaussian_rows(rng, 1, dimension)[0]
        found = nearest(view, query, 600).part_ids
        original = places[found - 1] // 10
        for row in (number, int(original[0])):
            copies = found[original == row]
            assert copies.tolist() == sorted(copies.tolist())


def test_score_does_not_depend_on_what_else_is_allowed(
    open_here: Callable[..., VectorStore],
) -> None:
    rng = np.random.default_rng(5)
    store = open_here(443)
    store.upsert(ids_from(0, 500), gaussian_rows(rng, 500, 443), born=1)
    store.upsert(ids_from(500, 37), gaussian_rows(rng, 37, 443), born=2)
    view, query = store.at(2), gaussian_rows(rng, 1, 443)[0]
    everything = dict(as_pairs(nearest(view, query, 537)))
    for share in (0.01, 0.3, 0.9):
        found = as_pairs(nearest(view, query, 537, Allowed(rng.random(537) < share)))
        assert found == [(one, everything[one]) for one, _ in found]


def test_many_queries_at_once_find_what_each_finds_alone_to_the_bit(
    open_here: Callable[..., VectorStore],
) -> None:
    rng = np.random.default_rng(11)
    rows = rng.standard_normal((3000, 48)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[5::7] = rows[5]  # copies, whose order only their ids can decide
    store = open_here(48)
    store.upsert(np.arange(1, 3001), rows, born=1)
    view = store.at(1)
    queries = np.ascontiguousarray(rows[rng.integers(0, 3000, 9)])
    for k in (1, 10, 500, 3000):
        for query, found in zip(queries, view.search(queries, k), strict=True):
            alone = nearest(view, query, k)
            masked = nearest(view, query, k, Allowed(np.ones(3001, np.bool_)))
            assert found.part_ids.tolist() == alone.part_ids.tolist() == masked.part_ids.tolist()
            assert found.scores.tobytes() == alone.scores.tobytes() == masked.scores.tobytes()


def test_vectors_come_back_as_they_were_added(store: VectorStore) -> None:
    rng = np.random.default_rng(6)
    rows, ids = gaussian_rows(rng, 900, DIMENSION), ids_from(10, 900)
    for start in range(0, 900, 180):
        store.upsert(ids[start : start + 180], rows[start : start + 180], born=start)
    store.retire(ids[100:200], died=900)
    kept = np.r_[0:100, 200:900]
    view = store.at(900)
    found_ids, found_rows = view.rows(ids)
    assert found_ids.tolist() == view.ids().tolist() == ids[kept].tolist()
    assert np.array_equal(found_rows, rows[kept])
    backwards = np.concatenate([ids[::-1], ids_from(5000, 3)])
    found_ids, found_rows = view.rows(backwards)
    assert found_ids.tolist() == ids[kept][::-1].tolist()
    assert np.array_equal(found_rows, rows[kept][::-1])


def test_what_was_upserted_before_is_passed_over(store: VectorStore) -> None:
    rng = np.random.default_rng(22)
    rows = sign_rows(rng, 30)
    store.upsert(ids_from(1, 20), rows[:20], born=1)
    store.upsert(ids_from(1, 30), np.concatenate([sign_rows(rng, 20), rows[20:]]), born=1)
    view = store.at(1)
    assert view.count() == 30
    assert np.array_equal(view.rows(ids_from(1, 30))[1], rows)


def test_view_of_an_older_change_keeps_answering(store: VectorStore) -> None:
    rng = np.random.default_rng(24)
    rows, query = sign_rows(rng, 3000), sign_rows(rng, 1)[0]
    alive: set[int] = set()
    views: list[tuple[VectorView, set[int]]] = []
    for change in range(1, 31):
        ids = ids_from(100 * change, 100)
        store.upsert(ids, rows[100 * (change - 1) : 100 * change], born=change)
        gone = rng.choice(sorted(alive | set(ids.tolist())), 60, replace=False)
        store.retire(gone, died=change)
        alive = (alive | set(ids.tolist())) - set(gone.tolist())
        views.append((store.at(change), alive))
        if change % 10 == 0:
            store.persisting(Watermark(change, int(ids[-1]), "t"))()
    for view, expected in views:
        ids = np.array(sorted(expected))
        assert view.count() == len(ids)
        assert view.ids().tolist() == ids.tolist()
        found = nearest(view, query, 50, exact=True)
        assert as_pairs(found) == brute_force(ids, rows[ids - 100], query, 50, None)


operations = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "search", "reopen"]),
        st.integers(1, 150),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(operations=operations, flat_limit=st.sampled_from([80, 10_000]))
def test_any_sequence_of_changes_answers_as_the_oracle(
    operations: list[tuple[str, int, int]], flat_limit: int
) -> None:
    openers: tuple[OpenStore, OpenStore] = (ExactStore, partial(FaissStore, flat_limit=flat_limit))
    with TemporaryDirectory() as folder:
        both = [one(Path(folder, "image"), toy_space()) for one in openers]
        next_id = 1
        for change, (name, size, seed) in enumerate(operations):
            rng = np.random.default_rng(seed)
            if name == "add":
                ids = next_id + np.sort(rng.choice(2 * size, size, replace=False)).astype(np.int64)
                rows = sign_rows(rng, size)
                for one in both:
                    one.upsert(ids, rows, born=change)
                next_id += 2 * size
            elif name == "remove":
                gone = rng.integers(0, next_id + 5, size)
                for one in both:
                    one.retire(gone, died=change)
            elif name == "reopen":
                for one in both:
                    one.persisting(Watermark(change, next_id - 1, "t"))()
                both = [one(Path(folder, "image"), toy_space()) for one in openers]
            oracle, view = (one.at(change) for one in both)
            queries = sign_rows(rng, 1 + seed % 3)
            mask = None if seed % 3 == 0 else rng.random(max(1, next_id - seed % 7)) < rng.random()
            wanted = oracle.search(queries, size, allowed=as_allowed(mask))
            found = view.search(queries, size, allowed=as_allowed(mask), exact=bool(seed % 2))
            assert [as_pairs(one) for one in found] == [as_pairs(one) for one in wanted]
            for query in queries:
                above = view.above(query, 0.25, allowed=as_allowed(mask))
                assert as_pairs(above) == as_pairs(
                    oracle.above(query, 0.25, allowed=as_allowed(mask))
                )
            assert view.count() == oracle.count()
        assert view.ids().tolist() == oracle.ids().tolist()
        assert np.array_equal(view.rows(view.ids())[1], oracle.rows(oracle.ids())[1])


def test_searching_while_another_thread_changes_never_errs(store: VectorStore) -> None:
    rng = np.random.default_rng(7)
    store.upsert(ids_from(0, 250), gaussian_rows(rng, 250, DIMENSION), born=0)
    gone: list[int] = []
    done = threading.Event()
    pinned = [store.at(0)]

    def search(seed: int) -> int:
        own, searches = np.random.default_rng(seed), 0
        while not done.is_set() or searches < 5:
            gone_before = set(gone)
            view = pinned[0]
            highest = int(view.ids()[-1])
            mask = own.random(highest + 1) < 0.7 if searches % 2 else None
            found = nearest(view, gaussian_rows(own, 1, DIMENSION)[0], 20, as_allowed(mask))
            assert len(found.part_ids) > 0
            assert not gone_before & set(found.part_ids.tolist())
            assert (np.diff(found.scores) <= 0).all()
            searches += 1
        return searches

    with ThreadPoolExecutor(4) as pool:
        searching = [pool.submit(search, seed) for seed in range(4)]
        try:
            for step in range(120):
                first = 250 + 20 * step
                store.upsert(ids_from(first, 20), gaussian_rows(rng, 20, DIMENSION), born=step)
                there = pinned[0].ids()
                removed = rng.choice(there, 15 if step < 80 else 30, replace=False)
                store.retire(removed, died=step)
                pinned[0] = store.at(step)
                gone.extend(removed.tolist())
        finally:
            done.set()
        assert all(future.result() >= 5 for future in searching)
    assert store.at(119).count() == 250 + 120 * 20 - len(gone)


def test_products_of_many_queries_are_those_of_each() -> None:
    rng = np.random.default_rng(3)
    queries, rows = rng.standard_normal((70, 500)), rng.standard_normal((90, 500))
    assert np.allclose(products(queries, rows), queries @ rows.T, atol=1e-4)
