"""One contract for every vector index, exact search being the oracle."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.errors import StorageError
from binocle.types import BoolArray, Float32Array, Int64Array, Neighbours
from binocle.vectors.base import VectorIndex
from binocle.vectors.exact import ExactIndex
from binocle.vectors.faiss_store import FaissIndex

Factory: TypeAlias = Callable[[int], VectorIndex]
DIMENSION = 16
FACTORIES: dict[str, Factory] = {
    "exact": ExactIndex,
    "flat": FaissIndex,
    "ivf": lambda dimension: FaissIndex(dimension, flat_limit=300),
}


@pytest.fixture(params=list(FACTORIES))
def make_index(request: pytest.FixtureRequest) -> Factory:
    return FACTORIES[request.param]


def sign_rows(rng: np.random.Generator, count: int, dimension: int = DIMENSION) -> Float32Array:
    """Unit rows whose inner products are exact in float32, so that many scores are equal."""
    signs = rng.choice([-1.0, 1.0], (count, dimension))
    return np.ascontiguousarray(signs / np.sqrt(dimension), np.float32)


def gaussian_rows(rng: np.random.Generator, count: int, dimension: int) -> Float32Array:
    rows = rng.standard_normal((count, dimension))
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def ids_from(first: int, count: int) -> Int64Array:
    return np.arange(first, first + count, dtype=np.int64)


def brute_force(
    ids: Int64Array, rows: Float32Array, query: Float32Array, k: int, allowed: BoolArray | None
) -> list[tuple[int, float]]:
    scores = rows.astype(np.float64) @ query.astype(np.float64)
    pairs = [
        (int(one), float(score))
        for one, score in zip(ids, scores, strict=True)
        if allowed is None or (one < len(allowed) and allowed[one])
    ]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]


def as_pairs(found: Neighbours) -> list[tuple[int, float]]:
    return list(zip(found.part_ids.tolist(), map(float, found.scores), strict=True))


def test_empty_index_finds_nothing(make_index: Factory) -> None:
    index = make_index(DIMENSION)
    query = sign_rows(np.random.default_rng(0), 1)[0]
    index.remove(ids_from(1, 3))
    for allowed in (None, np.ones(5, np.bool_)):
        assert as_pairs(index.search(query, 3, allowed=allowed)) == []
    assert index.count == 0
    assert len(index.ids()) == 0
    assert index.vectors()[1].shape == (0, DIMENSION)


@pytest.mark.parametrize("exact", [False, True])
def test_search_equals_brute_force_with_ties_in_order_of_id(
    make_index: Factory, exact: bool
) -> None:
    rng = np.random.default_rng(1)
    index, rows = make_index(DIMENSION), sign_rows(rng, 1100)
    ids = 5 + 3 * ids_from(0, 1100)  # gaps, as removals leave them
    for start, end in ((0, 1), (1, 500), (500, 520), (520, 1100)):
        index.add(ids[start:end], rows[start:end])
    removed = rng.choice(ids, 150, replace=False)
    index.remove(np.concatenate([removed, [0, 1, 99_999]]))
    there = ~np.isin(ids, removed)
    masks = [None, *(rng.random(size) < share for size, share in
                     ((4000, 0.5), (4000, 0.01), (1000, 0.3), (1, 0.0), (4000, 0.0)))]  # fmt: skip
    assert index.count == 950
    for allowed in masks:
        for k in (1, 10, 300, 5000):
            query = sign_rows(rng, 1)[0]
            found = index.search(query, k, allowed=allowed, exact=exact)
            assert as_pairs(found) == brute_force(ids[there], rows[there], query, k, allowed)
            assert found.exact
            assert str(found.scores.dtype) == "float32"
            assert str(found.part_ids.dtype) == "int64"


def test_mask_of_length_zero_allows_nothing(make_index: Factory) -> None:
    index = make_index(DIMENSION)
    rows = sign_rows(np.random.default_rng(2), 4)
    index.add(ids_from(1, 4), rows)
    assert as_pairs(index.search(rows[0], 2, allowed=np.zeros(0, np.bool_))) == []


def test_mask_is_not_changed_by_a_search(make_index: Factory) -> None:
    index = make_index(DIMENSION)
    rows = sign_rows(np.random.default_rng(3), 4)
    index.add(ids_from(1, 4), rows)
    index.remove(ids_from(2, 1))
    allowed = np.ones(5, np.bool_)
    index.search(rows[0], 2, allowed=allowed)
    assert allowed.all()


@pytest.mark.parametrize("dimension", [64, 443])
def test_copies_of_a_vector_come_in_order_of_id(make_index: Factory, dimension: int) -> None:
    rng = np.random.default_rng(4)
    index = make_index(dimension)
    rows = np.repeat(gaussian_rows(rng, 60, dimension), 10, axis=0)
    places = rng.permutation(600)
    index.add(ids_from(1, 450), rows[places[:450]])
    index.add(ids_from(451, 150), rows[places[450:]])
    for number in range(60):
        query = gaussian_rows(rng, 1, dimension)[0]
        found = index.search(query, 600).part_ids
        original = places[found - 1] // 10
        for row in (number, int(original[0])):
            copies = found[original == row]
            assert copies.tolist() == sorted(copies.tolist())


def test_score_does_not_depend_on_what_else_is_allowed(make_index: Factory) -> None:
    rng = np.random.default_rng(5)
    index = make_index(443)
    index.add(ids_from(0, 500), gaussian_rows(rng, 500, 443))
    index.add(ids_from(500, 37), gaussian_rows(rng, 37, 443))
    query = gaussian_rows(rng, 1, 443)[0]
    everything = dict(as_pairs(index.search(query, 537)))
    for share in (0.01, 0.3, 0.9):
        found = as_pairs(index.search(query, 537, allowed=rng.random(537) < share))
        if not isinstance(index, ExactIndex):  # BLAS rounds as the matrix's shape suggests
            assert found == [(one, everything[one]) for one, _ in found]


def test_vectors_come_back_as_they_were_added(make_index: Factory) -> None:
    rng = np.random.default_rng(6)
    index, rows = make_index(DIMENSION), gaussian_rows(rng, 900, DIMENSION)
    ids = ids_from(10, 900)
    for start in range(0, 900, 180):
        index.add(ids[start : start + 180], rows[start : start + 180])
    index.remove(ids[100:200])
    kept = np.r_[0:100, 200:900]
    found_ids, found_rows = index.vectors()
    assert found_ids.tolist() == index.ids().tolist() == ids[kept].tolist()
    assert np.array_equal(found_rows, rows[kept])


operations = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "search"]),
        st.integers(1, 150),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(operations=operations, flat_limit=st.sampled_from([80, 10_000]))
def test_any_sequence_of_changes_answers_as_the_oracle(
    operations: list[tuple[str, int, int]], flat_limit: int
) -> None:
    oracle, index = ExactIndex(DIMENSION), FaissIndex(DIMENSION, flat_limit=flat_limit)
    both: tuple[VectorIndex, VectorIndex] = (oracle, index)
    next_id = 1
    for name, size, seed in operations:
        rng = np.random.default_rng(seed)
        if name == "add":
            ids = next_id + np.sort(rng.choice(2 * size, size, replace=False)).astype(np.int64)
            rows = sign_rows(rng, size)
            for one in both:
                one.add(ids, rows)
            next_id += 2 * size
        elif name == "remove":
            gone = rng.integers(0, next_id + 5, size)
            for one in both:
                one.remove(gone)
        query = sign_rows(rng, 1)[0]
        allowed = None if seed % 3 == 0 else rng.random(max(1, next_id - seed % 7)) < rng.random()
        wanted = oracle.search(query, size, allowed=allowed)
        found = index.search(query, size, allowed=allowed, exact=bool(seed % 2))
        assert as_pairs(found) == as_pairs(wanted)
        assert index.count == oracle.count
    assert index.ids().tolist() == oracle.ids().tolist()
    assert np.array_equal(index.vectors()[1], oracle.vectors()[1])


def test_searching_while_another_thread_changes_never_errs(make_index: Factory) -> None:
    rng = np.random.default_rng(7)
    index = make_index(DIMENSION)
    index.add(ids_from(0, 250), gaussian_rows(rng, 250, DIMENSION))
    gone: list[int] = []
    done = threading.Event()

    def search(seed: int) -> int:
        own, searches = np.random.default_rng(seed), 0
        while not done.is_set() or searches < 5:
            gone_before, highest = set(gone), int(index.ids()[-1])
            allowed = own.random(highest + 1) < 0.7 if searches % 2 else None
            found = index.search(gaussian_rows(own, 1, DIMENSION)[0], 20, allowed=allowed)
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
                index.add(ids_from(first, 20), gaussian_rows(rng, 20, DIMENSION))
                removed = rng.choice(index.ids(), 15 if step < 80 else 30, replace=False)
                index.remove(removed)
                gone.extend(removed.tolist())
        finally:
            done.set()
        assert all(future.result() >= 5 for future in searching)
    assert index.count == 250 + 120 * 20 - len(gone)


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"IxM2", bytes(1000)])
def test_damaged_bytes_are_refused(bad: bytes) -> None:
    with pytest.raises(StorageError):
        FaissIndex.load(bad, DIMENSION)
