from pathlib import Path

import numpy as np
import psycopg
import pytest
from psycopg import sql

from binocle.errors import StorageError
from binocle.types import Space
from binocle.vectors.base import Watermark
from binocle.vectors.engines.pgvector import tables
from tests.support.nearest import nearest
from tests.support.pgvector_store import pgvector_opener
from tests.support.postgres_server import PostgresServer
from tests.support.unit_rows import gaussian_rows, ids_from

pytestmark = pytest.mark.slow
SPACE = Space("toy", 32, "ab" * 32)
ROWS = gaussian_rows(np.random.default_rng(1), 60, 32)


def test_removed_rows_are_swept_after_a_minute_and_not_before(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    store = pgvector_opener(vector_server)(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 50), ROWS[:50], born=1)
    store.persisting(Watermark(1, 50, "t"))()
    before = store.at(1)
    store.retire(ids_from(1, 10), died=2)
    store.persisting(Watermark(2, 50, "t"))()
    store.upsert(ids_from(51, 1), ROWS[50:51], born=3)
    store.persisting(Watermark(3, 51, "t"))()
    assert before.count() == len(nearest(before, ROWS[0], 100).part_ids) == 50
    engine = store.at(3).engine  # type: ignore[attr-defined]
    assert len(engine.rows(ids_from(1, 10))[0]) == 10
    engine._connections.run(
        lambda connection: connection.execute(
            sql.SQL("UPDATE {} SET written = written - interval '2 minutes'").format(
                engine._tables._marks
            )
        )
    )
    store.upsert(ids_from(52, 1), ROWS[51:52], born=4)
    store.persisting(Watermark(4, 52, "t"))()
    assert len(engine.rows(ids_from(1, 10))[0]) == 0
    assert store.at(4).count() == len(nearest(store.at(4), ROWS[0], 100).part_ids) == 42
    assert len(nearest(before, ROWS[0], 100).part_ids) == 40


def test_push_that_dies_half_way_leaves_nothing(
    vector_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store = pgvector_opener(vector_server)
    store = open_store(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 50), ROWS[:50], born=1)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "copy_in", _fail)
        with pytest.raises(StorageError):
            store.persisting(Watermark(1, 50, "t"))()
    assert open_store(tmp_path / "image", SPACE).watermark() is None
    store.persisting(Watermark(1, 50, "t"))()
    assert open_store(tmp_path / "image", SPACE).at(1).count() == 50


def _fail(*_: object, **__: object) -> None:
    raise psycopg.OperationalError("the server closed the connection")


def test_two_that_push_the_same_leave_it_once(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    open_store = pgvector_opener(vector_server)
    both = [open_store(tmp_path / "image", SPACE) for _ in range(2)]
    for number, store in enumerate(both):
        store.upsert(ids_from(1, 40 + number), ROWS[: 40 + number], born=1)
        store.persisting(Watermark(1 + number, 40 + number, "t"))()
    both[0].upsert(ids_from(41, 2), ROWS[40:42], born=3)
    both[0].persisting(Watermark(3, 42, "t"))()
    for store in (*both, open_store(tmp_path / "image", SPACE)):
        change = 3 if store is not both[1] else 2
        ids = nearest(store.at(change), ROWS[0], 100).part_ids
        assert sorted(ids.tolist()) == list(range(1, 40 + change))
