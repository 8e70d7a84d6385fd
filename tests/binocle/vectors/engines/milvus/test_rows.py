from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.types import Int64Array
from binocle.vectors.engines.milvus import rows as milvus_rows
from binocle.vectors.engines.milvus.rows import FLAT, NEVER, MilvusRows
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer
from experiments.engines.local_milvus import Milvus
from tests.support.unit_rows import gaussian_rows, ids_from

pytestmark = pytest.mark.slow
ROWS = gaussian_rows(np.random.default_rng(1), 300, 16)


@pytest.fixture(params=["old_milvus", "lite_milvus"])
def rows(request: pytest.FixtureRequest) -> Iterator[MilvusRows]:
    """Three hundred rows, of which each tenth died with change 5."""
    server: Milvus = request.getfixturevalue(request.param)
    rows = MilvusRows(
        MilvusServer(MilvusAddress.of(server.address), "the vectors"), "test_rows", 16, FLAT
    )
    rows.make()
    rows.put(ids_from(1, 300), ROWS, deaths(300))
    yield rows
    rows.drop()


def deaths(count: int) -> Int64Array:
    return np.where(ids_from(1, count) % 10 == 0, 5, NEVER)


def test_rows_are_what_was_written_last_and_each_is_there_once(rows: MilvusRows) -> None:
    rows.put(ids_from(1, 10), ROWS[10:20], deaths(10))
    assert rows.count("id >= 0") == 300
    assert rows.few_ids("died > 4 and died < 6").tolist() == list(range(10, 301, 10))
    assert rows.ids("died > 5", 40).tolist() == [one for one in range(1, 41) if one % 10]
    ids, found = rows.rows(np.array([5, 290, 999]), "died > 5")
    assert ids.tolist() == [5]
    assert np.array_equal(found, ROWS[14:15])
    rows.remove(ids_from(1, 290))
    assert rows.ids("died > 0", 300).tolist() == list(range(291, 301))


def test_more_than_milvus_gives_at_once_are_found(
    rows: MilvusRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = np.lexsort((ids_from(1, 300), -(ROWS @ ROWS[0]))) + 1
    monkeypatch.setattr(milvus_rows, "MOST_FOUND", 40)
    monkeypatch.setattr(milvus_rows, "_READ_BYTES", 16 * 4 * 70)
    for k in (30, 200, 1000):
        found = rows.nearest(ROWS[0], k, "died > 0", last_id=300)
        assert found.ids.tolist() == right[:k].tolist()
        assert rows.scanned(ROWS[0], k, "died > 0", last_id=300).ids.tolist() == found.ids.tolist()
        assert found.exact
    few = rows.scanned_few(ROWS[0], right[:25], "died > 5")
    assert few.ids.tolist() == [one for one in right[:25].tolist() if one % 10]


def test_reading_waits_for_the_last_write_alone(rows: MilvusRows) -> None:
    is_old = "v2.3" in rows.server.run(lambda client: client.get_server_version())
    assert (rows.written() > 0) == is_old  # milvus-lite has no clock, and sees all at once
    for _ in range(20):
        rows.put(ids_from(1, 1), ROWS[:1], np.array([NEVER]))
        rows.put(ids_from(1, 1), ROWS[1:2], np.array([NEVER]))
        seen = replace(rows, seen=rows.written()).rows(ids_from(1, 1))[1]
        assert np.array_equal(seen, ROWS[1:2])


def test_collection_that_the_server_let_go_of_is_loaded_again(rows: MilvusRows) -> None:
    rows.server.run(lambda client: client.release_collection(rows.name))
    assert rows.count("id >= 0") == 300


def test_collection_that_was_dropped_is_not_there_any_more(rows: MilvusRows) -> None:
    gone = replace(rows, name="test_rows_gone")
    with pytest.raises(StorageError, match="not there any more") as caught:
        gone.count("id >= 0")
    assert caught.value.code == "storage"


def test_push_goes_on_where_the_index_does_not(
    rows: MilvusRows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(milvus_rows, "_INDEX_WITHIN_S", 0.0)
    monkeypatch.setattr(milvus_rows.MilvusRows, "_is_settled", lambda _: False)
    monkeypatch.setattr(milvus_rows.MilvusRows, "_flush", lambda _: None)
    replace(rows, index=milvus_rows.LISTS).settle(much=False)
    assert "have no index after" in caplog.text


def test_what_is_scanned_is_put_in_order_after_much_was_written(
    rows: MilvusRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(milvus_rows.MilvusRows, "_flush", lambda one: flushed.append(one.name))
    rows.settle(much=False)
    assert not flushed
    rows.settle(much=True)
    assert flushed == [rows.name]
