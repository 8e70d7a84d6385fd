import json
from pathlib import Path

import numpy as np
import pytest

from binocle.errors import StorageError, UsageError
from binocle.types import Space
from binocle.vectors.base import Watermark
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.location import (
    ENGINE_FILE,
    discard_vectors,
    held_ids,
    is_in_engine,
    open_store,
    place_in_engine,
    read_location,
)
from tests.support.postgres_server import PostgresServer

SPACE = Space("toy", 16, "ab" * 32)


def test_vectors_are_in_files_unless_an_engine_was_chosen(tmp_path: Path) -> None:
    assert not is_in_engine(tmp_path)
    assert isinstance(open_store(tmp_path / "image", SPACE), FaissStore)
    discard_vectors(tmp_path)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://host/database", "one of"),
        ("nonsense", "one of"),
        ("postgresql+psycopg://host", "not understood"),
        ("postgresql+psycopg://host/x?nonsense=1", "not understood"),
        ("postgresql+psycopg://me:hush@host/database", "leave it out"),
        ("postgresql+psycopg://me@host/database?password=hush", "leave it out"),
        ("milvus://me:hush@host/database", "leave it out"),
        ("milvus://host:port/database", "not understood"),
        ("milvus:///database", "not understood"),
        ("milvus://host/a/b", "not understood"),
    ],
)
def test_address_that_cannot_be_used_is_refused_and_its_password_not_told(
    address: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        place_in_engine(tmp_path, address)
    assert "hush" not in str(caught.value)
    assert not is_in_engine(tmp_path)


def test_file_that_cannot_be_read_is_told_with_the_remedy(tmp_path: Path) -> None:
    good = {"format": 1, "address": "postgresql+psycopg://me@host/database", "name": "binocle_a"}
    path = tmp_path / ENGINE_FILE
    for document in (
        "{",
        "[]",
        json.dumps({**good, "format": 2}),
        json.dumps({**good, "name": "a;"}),
    ):
        path.write_text(document)
        with pytest.raises(StorageError, match=ENGINE_FILE):
            open_store(tmp_path / "image", SPACE)
    path.write_text(json.dumps(good))
    assert read_location(tmp_path).name == "binocle_a"


def test_collection_remembers_its_engine(vector_server: PostgresServer, tmp_path: Path) -> None:
    place_in_engine(tmp_path, vector_server.address)
    assert json.loads((tmp_path / ENGINE_FILE).read_text())["address"] == vector_server.address
    assert isinstance(open_store(tmp_path / "image", SPACE), EngineStore)
    discard_vectors(tmp_path)


def test_removed_parts_are_held_until_they_are_swept(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    def held() -> list[int]:
        return list(map(int, held_ids(tmp_path / "image", SPACE)))

    rows = np.eye(3, SPACE.dimension, dtype=np.float32)
    for address in (None, vector_server.address):
        if address is not None:
            place_in_engine(tmp_path, address)
        assert held() == []
        store = open_store(tmp_path / "image", SPACE)
        store.upsert(np.arange(3), rows, born=1)
        store.persisting(Watermark(1, 2, None))()
        assert held() == [0, 1, 2]
    store.retire(np.array([1]), died=2)
    store.persisting(Watermark(2, 2, None))()
    assert open_store(tmp_path / "image", SPACE).at(2).ids().tolist() == [0, 2]
    assert held() == [0, 1, 2]
    discard_vectors(tmp_path)
