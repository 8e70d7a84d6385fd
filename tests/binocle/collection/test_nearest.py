"""Nearest records of a collection against brute force, with filters, and under change."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.catalog.types import NewRows
from binocle.collection.collection import Collection, Ranking
from binocle.metadata.filters import Comparison, Filter, matches
from binocle.types import Float32Array, Int64Array, Metadata, NewPart, NewRecord, Record, Space
from binocle.vectors.faiss_store import FLAT_LIMIT, FaissStore
from tests.support.pairs import pairs_of

DIMENSION = 64
RECORDS = 3000
SPACE = Space("toy", DIMENSION, "ab" * 32)
WHERES: list[Filter | None] = [
    None,
    *(Comparison("rank", "lt", share) for share in (0.001, 0.01, 0.1, 0.5)),
    Comparison("colors", "eq", "red"),
    Comparison("rank", "lt", -1.0),
]


def sign_rows(rng: np.random.Generator, count: int) -> Float32Array:
    """Unit rows whose inner products are exact in float32, so that many scores are equal."""
    return np.asarray(rng.choice([-0.125, 0.125], (count, DIMENSION)), np.float32)


def make_record(key: str, rows: Float32Array, metadata: Metadata) -> NewRecord:
    parts = tuple(
        NewPart("text" if place == 3 else "image", "part", key, key.encode() + bytes([place]), row)
        for place, row in enumerate(rows)
    )
    return NewRecord(key, f"mem:{key}", metadata, parts)


def make_records(rng: np.random.Generator, count: int, parts: int) -> list[NewRecord]:
    ranks = rng.permutation(count) / count
    colors = [[["red"], ["red", "blue"], ["blue"], []][one] for one in rng.integers(0, 4, count)]
    return [
        make_record(
            f"r{number}",
            sign_rows(rng, int(rng.integers(0, parts + 1))),
            {"rank": float(ranks[number]), "colors": list(colors[number])},
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nearest") / "c"
    rng = np.random.default_rng(1)
    made = make_records(rng, RECORDS + 200, 6)
    with Collection(path, create=True) as opened:
        opened.claim_space(SPACE)
        opened.upsert(made)
        opened.remove([f"r{number}" for number in range(0, 400, 2)])
        opened.upsert([make_record(f"r{number}", sign_rows(rng, 2), made[number].metadata)
                       for number in range(1, 100, 2)])  # fmt: skip
    return path


@pytest.fixture(scope="module", params=[FLAT_LIMIT, 300], ids=["flat", "ivf"])
def collection(folder: Path, request: pytest.FixtureRequest) -> Iterator[Collection]:
    path = folder.with_name(f"limit {request.param}")
    shutil.copytree(folder, path)  # each with its own saved index
    with Collection(path, open_store=partial(FaissStore, flat_limit=request.param)) as opened:
        opened.save_indices()
        assert ("IVF" in opened.snapshot().vectors("image").description) == (request.param == 300)
        yield opened


@lru_cache(maxsize=2)
def stored(collection: Collection, change: int) -> tuple[list[NewRows], Mapping[int, Record]]:
    """Return all vectors of pictures and all records, as they are at a change."""
    with collection.reading() as session:
        assert session.history.change() == change
        chunks = list(session.parts.after("image", 0, DIMENSION))
        return chunks, session.records.by_number(range(1, RECORDS + 500))


def brute_force(
    collection: Collection,
    query: Float32Array,
    k: int,
    where: Filter | None,
    exclude: frozenset[int] = frozenset(),
) -> list[tuple[int, int, float]]:
    """Return (record, best part, score) straight from the catalogue's vectors."""
    with collection.reading() as session:
        change = session.history.change()
    chunks, records = stored(collection, change)
    passing = {
        number
        for number, one in records.items()
        if where is None or matches(where, one.id, one.uri, one.metadata)
    } - exclude
    part_ids: Int64Array = np.concatenate([chunk.part_ids for chunk in chunks])
    owners: Int64Array = np.concatenate([chunk.record_ids for chunk in chunks])
    scores = np.concatenate([chunk.rows for chunk in chunks]).astype(np.float64) @ query
    best: dict[int, tuple[int, float]] = {}
    for place in np.lexsort((part_ids, -scores)).tolist():
        record, part_id = int(owners[place]), int(part_ids[place])
        if record in passing:
            best.setdefault(record, (part_id, float(scores[place])))
    return [(record, *found) for record, found in best.items()][:k]


def as_rows(ranking: Ranking) -> list[tuple[int, int, float]]:
    columns = (ranking.record_ids, ranking.part_ids, ranking.scores)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def nearest(collection: Collection, query: Float32Array, k: int, **limits: Any) -> Ranking:
    (found,) = collection.snapshot(("image",)).nearest("image", query[np.newaxis], k, **limits)
    return found


@pytest.mark.parametrize("where", WHERES, ids=str)
def test_nearest_records_equal_brute_force(collection: Collection, where: Filter | None) -> None:
    rng = np.random.default_rng(2)
    for k in (1, 10, 400, 5000):
        query = sign_rows(rng, 1)[0]
        found = nearest(collection, query, k, where=where, exact=True)
        assert as_rows(found) == brute_force(collection, query, k, where)
        assert found.exact
        assert as_rows(nearest(collection, query, k, where=where)) == as_rows(found)


def test_excluded_records_are_left_out(collection: Collection) -> None:
    rng = np.random.default_rng(3)
    query = sign_rows(rng, 1)[0]
    for k in (1, 50, 5000):
        first = [row[0] for row in brute_force(collection, query, 7, None)]
        found = nearest(collection, query, k, exclude=frozenset(first))
        assert as_rows(found) == brute_force(collection, query, k, None, frozenset(first))


def test_nothing_asked_is_nothing_found(collection: Collection) -> None:
    assert as_rows(nearest(collection, sign_rows(np.random.default_rng(4), 1)[0], 0)) == []


def test_ivf_never_gives_fewer_records_than_match(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    count, each = 2400, 10  # below 20 000 candidates even an IVF index scans
    centres = sign_rows(rng, 20)
    with Collection(
        tmp_path / "c", create=True, open_store=partial(FaissStore, flat_limit=1000)
    ) as opened:
        opened.claim_space(SPACE)
        made = []
        for number in range(count):
            noisy = centres[number % 20] + 0.05 * rng.standard_normal((each, DIMENSION))
            rows = np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)
            key = f"r{number}"
            parts = [NewPart("image", "part", key, bytes([place]) + key.encode(), row)
                     for place, row in enumerate(rows)]  # fmt: skip
            made.append(NewRecord(key, key, {"n": number}, tuple(parts)))
        opened.upsert(made)
        opened.save_indices()
        assert "IVF" in opened.snapshot().vectors("image").description
        approximate = 0
        for where, matching in ((None, count), (Comparison("n", "gte", 200), count - 200),
                                (Comparison("n", "lt", 24), 24)):  # fmt: skip
            for k in (1, 20, 600, 2000, 5000):
                query = centres[k % 20]
                found = nearest(opened, query, k, where=where)
                assert len(found.record_ids) == min(k, matching)
                assert len(np.unique(found.record_ids)) == len(found.record_ids)
                assert (np.diff(found.scores) <= 0).all()
                approximate += not found.exact
        assert approximate >= 2, "the inverted file was not asked at all"


@pytest.mark.parametrize("kept", [0, 40], ids=["sometimes empty", "never empty"])
def test_searching_while_another_thread_writes_never_errs(tmp_path: Path, kept: int) -> None:
    rng = np.random.default_rng(6)
    done = threading.Event()
    with Collection(
        tmp_path / "c", create=True, open_store=partial(FaissStore, flat_limit=100)
    ) as opened:
        opened.claim_space(SPACE)
        stay = [make_record(f"k{n}", sign_rows(rng, 3), {"stays": True}) for n in range(kept)]
        opened.upsert(stay)

        def search(seed: int) -> int:
            own, searches = np.random.default_rng(seed), 0
            while not done.is_set():
                where = Comparison("stays", "eq", True) if searches % 2 else None
                found = nearest(opened, sign_rows(own, 1)[0], 20, where=where)
                rows = as_rows(found)
                assert len(rows) == len({row[0] for row in rows})
                assert len(rows) >= min(20, kept)
                pairs_of(opened, found)
                searches += 1
            return searches

        with ThreadPoolExecutor(4) as pool:
            searching = [pool.submit(search, seed) for seed in range(4)]
            timer = threading.Timer(2.0, done.set)
            timer.start()
            try:
                while not done.is_set():
                    keys = [f"t{n}" for n in rng.integers(0, 100, 8)]
                    opened.upsert([make_record(key, sign_rows(rng, 3), {}) for key in keys])
                    opened.remove(keys if kept == 0 else keys[:6])
            finally:
                done.set()
                timer.cancel()
            assert min(future.result() for future in searching) > 0
