from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from binocle.types import BoolArray, Space
from binocle.vectors.base import Allowed, VectorStore, Watermark
from binocle.vectors.engines.base import Among
from binocle.vectors.engines.pgvector import engine as pgvector
from tests.support.pgvector_store import pgvector_opener
from tests.support.postgres_server import PostgresServer
from tests.support.unit_rows import gaussian_rows, ids_from

pytestmark = pytest.mark.slow
COUNT, DIMENSION = 3000, 32
SPACE = Space("toy", DIMENSION, "ab" * 32)
ROWS = gaussian_rows(np.random.default_rng(1), COUNT, DIMENSION)
MASK = np.random.default_rng(2).random(COUNT + 1) < 0.1


@pytest.fixture(scope="module")
def indexed(vector_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    """A store whose index is used whatever is allowed."""
    place = tmp_path_factory.mktemp("indexed") / "image"
    store = pgvector_opener(vector_server, scan_limit=0)(place, SPACE)
    store.upsert(ids_from(1, COUNT), ROWS, born=1)
    store.persisting(Watermark(1, COUNT, "t"))()
    assert "HNSW" in store.at(1).description
    return store


def recall(store: VectorStore, mask: BoolArray | None) -> float:
    """Return recall@10 of forty queries, all of which have ten answers."""
    allowed = None if mask is None else Allowed(mask)
    queries = gaussian_rows(np.random.default_rng(3), 40, DIMENSION)
    found = store.at(1).search(queries, 10, allowed=allowed)
    right = store.at(1).search(queries, 10, allowed=allowed, exact=True)
    assert not any(one.exact for one in found)
    assert all(len(one.part_ids) == 10 for one in found)
    return float(
        np.mean([np.isin(a.part_ids, b.part_ids).mean() for a, b in zip(found, right, strict=True)])
    )


@pytest.mark.parametrize("mask", [None, MASK, ~MASK])
def test_index_finds_nearly_all_under_any_filter(
    indexed: VectorStore, mask: BoolArray | None
) -> None:
    assert recall(indexed, mask) >= 0.98


def test_pgvectors_default_finds_a_quarter_under_a_filter(
    indexed: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason for iterative scans: without them most of what is asked for is missing."""
    engine = indexed.at(1).engine  # type: ignore[attr-defined]

    def as_it_is(connection: "psycopg.Connection[Any]", _: int) -> None:
        for name in ("enable_seqscan", "enable_sort"):
            connection.execute("SELECT set_config(%s, 'off', true)", (name,))

    allowed = np.flatnonzero(MASK[1:]) + 1
    among = Among(1, allowed)
    found = len(engine.nearest(ROWS[0], 10, among, exact=False).ids)
    monkeypatch.setattr(pgvector, "_look_by_index", as_it_is)
    by_default = len(engine.nearest(ROWS[0], 10, among, exact=False).ids)
    assert found == 10
    assert by_default < 8


def test_search_by_index_uses_it_and_a_scan_does_not(
    indexed: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[str] = []

    def explained(connection: "psycopg.Connection[Any]", query: Any, form: Any) -> Any:
        plan = connection.execute(sql.SQL("EXPLAIN ") + query).fetchall()
        plans.append("\n".join(line for (line,) in plan))
        return np.empty(0, form)

    monkeypatch.setattr(pgvector, "copied", explained)
    engine = indexed.at(1).engine  # type: ignore[attr-defined]
    engine.nearest(ROWS[0], 10, Among(1), exact=False)
    engine.nearest(ROWS[0], 10, Among(1, None, ids_from(4, 5)), exact=False)
    engine.nearest(ROWS[0], 10, Among(1), exact=True)
    assert ["image_hnsw" in plan for plan in plans] == [True, True, False]
