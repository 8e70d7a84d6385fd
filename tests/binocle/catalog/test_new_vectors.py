"""New vectors are kept by content, and a catalogue that gives way takes no more writes."""

import base64
import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from binocle.catalog.new_vectors import NewVectors, PartContent, giving_way, kept_texts
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from binocle.types import NewPart, NewRecord, Space


def record(name: str) -> NewRecord:
    vector = np.array([1, 0], np.float32)
    return NewRecord(name, "u", {}, (NewPart("text", "t", "t", bytes(32), vector, text="x"),))


def test_catalogue_takes_all_or_nothing(tmp_path: Path) -> None:
    content = PartContent("text", bytes(32), "t", "x")
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(Space("a", 2, "aa"))
        collection.upsert([record("r")])
    vectors = NewVectors(tmp_path / "v")
    assert vectors.lacks([content]) == [content]
    with pytest.raises(StorageError):
        vectors.give_to(tmp_path / "c" / "catalog.sqlite", Space("b", 3, "bb"))
    vectors.put([content], np.array([[0, 0, 1]], np.float32))
    vectors.give_to(tmp_path / "c" / "catalog.sqlite", Space("b", 3, "bb"))
    vectors.close()
    with Collection(tmp_path / "c") as collection:
        assert collection.space == Space("b", 3, "bb")
        assert collection.vectors_of("r")[1]["text"][0].tolist() == [0, 0, 1]


def test_who_writes_after_the_switch_is_refused(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        collection.upsert([record("r")])
        with pytest.raises(KeyError), giving_way(tmp_path / "c" / "catalog.sqlite"):
            raise KeyError
        collection.upsert([record("s")])
        with giving_way(tmp_path / "c" / "catalog.sqlite"):
            pass
        with pytest.raises(StorageError, match="ask again"):
            collection.upsert([record("t")])


def test_texts_of_kept_queries(tmp_path: Path) -> None:
    assert kept_texts(tmp_path, 5) == []
    query = {"type": "Query", "terms": [{"type": "Term", "text": "red"}, {"type": "Term"}]}
    with closing(sqlite3.connect(tmp_path / "turns.sqlite")) as database, database:
        database.execute("CREATE TABLE turns (id INTEGER PRIMARY KEY, query TEXT)")
        for _ in range(2):
            database.execute("INSERT INTO turns (query) VALUES (?)", (json.dumps(query),))
        shown = base64.b64encode(zlib.compress(b"ids")).decode()  # of what pages have shown
        database.execute("INSERT INTO turns (query) VALUES (?)", (shown,))
    assert kept_texts(tmp_path, 5) == ["red"]
