"""The file of a saved index: bytes that are none, and damage that is found later."""

import hashlib
import json
from pathlib import Path

import faiss
import numpy as np
import pytest

from binocle.errors import StorageError
from binocle.types import Space
from binocle.vectors.base import Watermark
from binocle.vectors.faiss_store import FaissStore
from tests.support.unit_rows import gaussian_rows, ids_from

DIMENSION = 16
SPACE = Space("toy", DIMENSION, "ab" * 32)


def persisted(folder: Path, data: bytes) -> FaissStore:
    """Open a store whose file holds some bytes and whose stamp fits to them."""
    stamp = {
        "token": "t",
        "space": SPACE.fingerprint,
        "change": 1,
        "last_part_id": 10,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / "image.faiss").write_bytes(data)
    (folder / "image.stamp.json").write_text(json.dumps(stamp))
    return FaissStore(folder / "image", SPACE)


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"IxM2", bytes(1000)])
def test_bytes_that_are_no_index_are_refused(bad: bytes, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        persisted(tmp_path, bad)


def test_file_of_another_dimension_is_refused(tmp_path: Path) -> None:
    other = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION + 1))
    with pytest.raises(StorageError, match="17 dimensions, not 16"):
        persisted(tmp_path, faiss.serialize_index(other).tobytes())


@pytest.mark.parametrize("flat_limit", [300, 100_000])
def test_truncated_file_is_refused(flat_limit: int, tmp_path: Path) -> None:
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=flat_limit)
    store.upsert(ids_from(1, 500), gaussian_rows(np.random.default_rng(19), 500, DIMENSION), born=1)
    store.persisting(Watermark(1, 500, "t"))()
    data = (tmp_path / "image.faiss").read_bytes()
    for size in (1, 4, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(StorageError):
            persisted(tmp_path, data[:size])


def test_faiss_index_without_ids_is_refused(tmp_path: Path) -> None:
    plain = faiss.IndexFlatIP(DIMENSION)
    plain.add(gaussian_rows(np.random.default_rng(20), 10, DIMENSION))
    with pytest.raises(StorageError):
        persisted(tmp_path, faiss.serialize_index(plain).tobytes())


@pytest.fixture
def unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of saved lists that are taken for too large to be read before they are used."""
    monkeypatch.setattr("binocle.vectors.index_file._CHECKED_AT_ONCE", 0)
    store = FaissStore(tmp_path / "image", SPACE, flat_limit=300)
    store.upsert(ids_from(1, 500), gaussian_rows(np.random.default_rng(33), 500, DIMENSION), born=1)
    store.persisting(Watermark(1, 500, "t"))()
    return tmp_path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.unlink()  # what is mapped stays
    path.write_bytes(data)


def test_large_lists_are_mapped_and_take_no_memory(unread: Path) -> None:
    store = FaissStore(unread / "image", SPACE)
    store.verify()
    assert list(store.at(1).held_bytes.values()) == [0]


def test_damage_in_large_lists_is_found_when_all_is_read(unread: Path) -> None:
    head = json.loads((unread / "image.stamp.json").read_text())["head_bytes"]
    flip(unread / "image.faiss", head + 1)
    store = FaissStore(unread / "image", SPACE)
    with pytest.raises(StorageError, match="damaged"):
        store.verify()


def test_damage_before_large_lists_is_found_at_once(unread: Path) -> None:
    head = json.loads((unread / "image.stamp.json").read_text())["head_bytes"]
    for place in (2, 40, head // 2, head - 1):
        flip(unread / "image.faiss", place)
        with pytest.raises(StorageError, match="stamp does not fit"):
            FaissStore(unread / "image", SPACE)
        flip(unread / "image.faiss", place)


def test_large_lists_that_are_cut_are_refused(unread: Path) -> None:
    data = (unread / "image.faiss").read_bytes()
    (unread / "image.faiss").write_bytes(data[:-1])
    with pytest.raises(StorageError, match="stamp does not fit"):
        FaissStore(unread / "image", SPACE)


def test_mapped_lists_can_be_persisted_again(unread: Path) -> None:
    store = FaissStore(unread / "image", SPACE, flat_limit=300)
    store.persisting(Watermark(2, 500, "t"))()
    again = FaissStore(unread / "image", SPACE)
    assert again.at(2).ids().tolist() == store.at(2).ids().tolist() == list(range(1, 501))
