"""Vectors have checksums: new ones at once, those of an older catalogue when it is opened."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.types import NewPart, NewRecord, Space

COUNT = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    rows = np.eye(COUNT, dtype=np.float32)
    with Collection(folder, create=True) as collection:
        collection.claim_space(Space("toy", COUNT, "ab"))
        collection.upsert(
            [
                NewRecord(
                    str(n), f"mem:{n}", {}, (NewPart("image", "image", "mem:", bytes([n]), row),)
                )
                for n, row in enumerate(rows)
            ]
        )
    return folder


def execute(folder: Path, *statements: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(folder / "catalog.sqlite", isolation_level=None)) as database:
        return [database.execute(one).fetchall() for one in statements][-1]


def count(folder: Path) -> int:
    return execute(folder, "SELECT count(*) FROM vector_checksums")[0][0]


def make_older(folder: Path) -> None:
    execute(
        folder,
        "DROP TABLE vector_checksums",
        "DELETE FROM meta WHERE key = 'checksums'",
        "UPDATE meta SET value = '1' WHERE key = 'additions'",
    )


def damaged(collection: Collection) -> list[str]:
    with collection.reading() as session:
        return [one.record_id for one in session.parts.damaged_vectors()]


def test_checksums_come_and_go_with_their_vectors(folder: Path) -> None:
    assert count(folder) == COUNT
    with Collection(folder) as collection:
        collection.remove(["3"])
    assert count(folder) == COUNT - 1


def test_vectors_of_an_older_catalogue_get_theirs_in_slices(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(folder)
    monkeypatch.setattr("binocle.catalog.tables.checksums._BATCH", 5)
    with Collection(folder) as collection:
        assert damaged(collection) == []
    assert count(folder) == COUNT
    execute(folder, "UPDATE vectors SET vector = zeroblob(48) WHERE part_id = 7")
    with Collection(folder) as collection:
        assert damaged(collection) == ["6"]
        with collection.reading() as session:
            (new,) = session.parts.after("image", 0, COUNT)
            assert new.damaged == (7,)
            assert len(new.part_ids) == len(new.rows) == COUNT - 1


def test_others_can_write_between_two_slices(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(folder)
    slept: list[float] = []
    monkeypatch.setattr("binocle.catalog.tables.checksums._BATCH", 5)
    monkeypatch.setattr("binocle.catalog.sqlite.time.sleep", slept.append)
    Collection(folder).close()
    assert len(slept) == 3
    assert min(slept) >= 0.02


def test_vector_that_an_older_program_wrote_counts_as_whole(folder: Path) -> None:
    execute(folder, "DELETE FROM vector_checksums WHERE part_id = 7")
    with Collection(folder) as collection:
        assert damaged(collection) == []


def test_older_catalogue_in_a_read_only_folder_is_read_without_checksums(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(folder)
    monkeypatch.setattr("binocle.catalog.sqlite.os.access", lambda *_: False)
    with Collection(folder) as collection:
        assert damaged(collection) == []
        query = np.eye(COUNT, dtype=np.float32)[:1]
        (ranking,) = collection.snapshot().nearest("image", query, 3)
        assert ranking.record_ids[0] == 1
