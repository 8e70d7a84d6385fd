"""What every vector store persists; the rest of the contract is in ``test_base``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.vectors.base import OpenStore, VectorStore, Watermark
from tests.support.nearest import nearest
from tests.support.unit_rows import ids_from
from tests.support.vector_stores import STORES, as_pairs, sign_rows, toy_space


def test_reopened_store_answers_the_same(open_here: Callable[..., VectorStore]) -> None:
    rng = np.random.default_rng(25)
    ids, rows, queries = ids_from(1, 700), sign_rows(rng, 700), sign_rows(rng, 3)
    store = open_here()
    store.upsert(ids, rows, born=4)
    store.retire(ids[::9], died=5)
    before = [as_pairs(one) for one in store.at(5).search(queries, 40, exact=True)]
    mark = Watermark(5, 700, "a token")
    store.persisting(mark)()
    again = open_here()
    for one in (store, again):
        assert one.watermark() == mark
        assert [as_pairs(found) for found in one.at(5).search(queries, 40, exact=True)] == before
    again.upsert(ids_from(701, 5), sign_rows(rng, 5), born=6)
    assert again.at(6).count() == store.at(5).count() + 5
    assert open_here(anew=True).watermark() is None
    assert open_here(anew=True).at(0).count() == 0


def test_what_was_not_persisted_is_not_there_when_reopened(
    open_here: Callable[..., VectorStore],
) -> None:
    rows = sign_rows(np.random.default_rng(26), 20)
    store = open_here()
    store.upsert(ids_from(1, 10), rows[:10], born=1)
    assert open_here().watermark() is None
    store.persisting(Watermark(1, 10, None))()
    store.upsert(ids_from(11, 10), rows[10:], born=2)
    again = open_here()
    assert again.watermark() == Watermark(1, 10, None)
    assert again.at(1).ids().tolist() == list(range(1, 11))


def test_empty_store_is_persisted_too(open_here: Callable[..., VectorStore]) -> None:
    store = open_here()
    store.upsert(ids_from(1, 3), sign_rows(np.random.default_rng(27), 3), born=1)
    store.retire(ids_from(1, 3), died=2)
    store.persisting(Watermark(2, 3, "t"))()
    assert open_here().watermark() == Watermark(2, 3, "t")
    assert open_here().at(2).count() == 0


@pytest.mark.parametrize("place", [0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("open_store", STORES, indirect=True)
def test_damaged_file_is_refused(
    open_here: Callable[..., VectorStore], tmp_path: Path, place: float
) -> None:
    store = open_here()
    store.upsert(ids_from(1, 400), sign_rows(np.random.default_rng(28), 400), born=1)
    store.persisting(Watermark(1, 400, "t"))()
    (file,) = (path for path in tmp_path.iterdir() if not path.name.endswith("json"))
    whole = file.read_bytes()
    broken = bytearray(whole)
    broken[int(place * len(whole))] ^= 0x10
    for data in (bytes(broken), whole[: int(place * len(whole))], b"nonsense"):
        file.write_bytes(data)
        with pytest.raises(StorageError):
            open_here()
        assert open_here(anew=True).at(0).count() == 0
    file.write_bytes(whole)
    assert open_here().at(1).count() == 400


def test_vectors_of_another_space_are_refused(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store(tmp_path / "image", toy_space())
    store.upsert(ids_from(1, 3), sign_rows(np.random.default_rng(29), 3), born=1)
    store.persisting(Watermark(1, 3, "t"))()
    with pytest.raises(StorageError):
        open_store(tmp_path / "image", toy_space(fingerprint="cd" * 32))


def test_kinds_beside_each_other_stay_apart(open_store: OpenStore, tmp_path: Path) -> None:
    rows = sign_rows(np.random.default_rng(30), 5)
    for kind, count in (("image", 2), ("text", 5)):
        store = open_store(tmp_path / kind, toy_space())
        store.upsert(ids_from(1, count), rows[:count], born=1)
        store.persisting(Watermark(1, count, "t"))()
    assert open_store(tmp_path / "image", toy_space()).at(1).count() == 2
    assert open_store(tmp_path / "text", toy_space()).at(1).count() == 5


def test_retired_vectors_never_come_back(open_here: Callable[..., VectorStore]) -> None:
    rows = sign_rows(np.random.default_rng(23), 40)
    store = open_here()
    store.upsert(ids_from(1, 40), rows, born=1)
    store.retire(ids_from(1, 10), died=2)
    store.retire(ids_from(1, 12), died=3)
    store.persisting(Watermark(3, 40, "t"))()
    for one in (store, open_here()):
        one.upsert(ids_from(1, 40), rows, born=4)
        assert one.at(4).ids().tolist() == list(range(13, 41))
        assert nearest(one.at(4), rows[0], 100).part_ids.min() == 13
