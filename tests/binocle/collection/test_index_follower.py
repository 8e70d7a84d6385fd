"""The saved index starts the next process, and can never make an answer wrong."""

import json
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.errors import UnreachableError
from binocle.types import Float32Array, NewPart, NewRecord, Space
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.inverted_file import IvfSegment
from tests.support.memory_engine import MemoryEngine
from tests.support.pairs import pairs_of

SPACE = Space("toy", 16, "ab" * 32)
Rows = dict[str, Float32Array]


def some_rows(seed: int, first: int, count: int) -> Rows:
    signs = np.random.default_rng(seed).choice([-0.25, 0.25], (count, 16))
    return {f"r{first + n}": np.asarray(row, np.float32) for n, row in enumerate(signs)}


def store(collection: Collection, rows: Rows) -> None:
    collection.upsert(
        [
            NewRecord(key, key, {}, (NewPart("image", "image", key, row.tobytes(), row),))
            for key, row in rows.items()
        ]
    )


def answers_are_right(collection: Collection, rows: Rows) -> bool:
    """Tell whether the index finds what the catalogue says, and the catalogue what was stored."""
    for query in some_rows(99, 0, 5).values():
        (ranking,) = collection.snapshot().nearest("image", query[np.newaxis], 1000)
        pairs = pairs_of(collection, ranking)
        found = [(float(score), pair[1].id, pair[0].id)
                 for score, pair in zip(ranking.scores, pairs, strict=True) if pair]  # fmt: skip
        if {(key, score) for score, _, key in found} != {
            (key, float(row @ query)) for key, row in rows.items()
        }:
            return False
        if found != sorted(found, key=lambda one: (-one[0], one[1])):
            return False
    return collection.snapshot().vectors("image").count() == len(rows)


@pytest.fixture
def rows() -> Rows:
    return some_rows(1, 0, 300)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rows = tmp_path_factory.mktemp("saved") / "c", some_rows(1, 0, 300)
    with Collection(folder, create=True, open_store=partial(FaissStore, flat_limit=100)) as opened:
        opened.claim_space(SPACE)
        store(opened, rows)
        assert answers_are_right(opened, rows)
        opened.save_indices()
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A collection of which an inverted file is saved: a rebuilt index would be flat."""
    return shutil.copytree(saved, tmp_path / "c")


def was_loaded(collection: Collection) -> bool:
    return "IVF" in collection.snapshot().vectors("image").description


def test_saved_index_is_used_by_the_next_opener(folder: Path, rows: Rows) -> None:
    with Collection(folder) as opened:
        assert answers_are_right(opened, rows)
        assert was_loaded(opened)


def test_saved_index_catches_up_with_what_came_later(folder: Path, rows: Rows) -> None:
    with Collection(folder) as opened:  # writes without ever following
        store(opened, some_rows(2, 290, 30))
        opened.remove([f"r{number}" for number in range(20)])
    rows = {key: row for key, row in (rows | some_rows(2, 290, 30)).items() if int(key[1:]) >= 20}
    with Collection(folder) as opened:
        assert answers_are_right(opened, rows)
        assert was_loaded(opened)


def test_nothing_is_left_beside_the_saved_index(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} - {
        "catalog.sqlite-wal", "catalog.sqlite-shm"
    } == {
        "catalog.mark", "catalog.sqlite", "image.faiss", "image.stamp.json"
    }  # fmt: skip


def change_stamp(folder: Path, **changes: object) -> None:
    path = folder / "image.stamp.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def flip_byte(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


def forget_key(folder: Path) -> None:
    path = folder / "image.stamp.json"
    stamp = json.loads(path.read_text())
    del stamp["last_part_id"]
    path.write_text(json.dumps(stamp))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no stamp": lambda folder: (folder / "image.stamp.json").unlink(),
    "no index": lambda folder: (folder / "image.faiss").unlink(),
    "truncated": lambda folder: (folder / "image.faiss").write_bytes(
        (folder / "image.faiss").read_bytes()[:-100]
    ),
    "empty": lambda folder: (folder / "image.faiss").write_bytes(b""),
    "a byte in the head": lambda folder: flip_byte(folder / "image.faiss", 3),
    "a byte in a vector": lambda folder: flip_byte(folder / "image.faiss", -50),
    "empty stamp": lambda folder: (folder / "image.stamp.json").write_text(""),
    "stamp of bytes": lambda folder: (folder / "image.stamp.json").write_bytes(b"\xff\xfe{"),
    "stamp is a list": lambda folder: (folder / "image.stamp.json").write_text("[1, 2]"),
    "stamp lacks a key": forget_key,
    "other space": lambda folder: change_stamp(folder, space="cd" * 32),
    "other digest": lambda folder: change_stamp(folder, sha256="0" * 64),
    "newer than the catalogue": lambda folder: change_stamp(folder, change=10**6),
    "change is a string": lambda folder: change_stamp(folder, change="1"),
    "part id is a string": lambda folder: change_stamp(folder, last_part_id="x"),
    "stamp claims too much": lambda folder: change_stamp(folder, last_part_id=10**6),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_index_file_never_makes_an_answer_wrong(
    folder: Path, rows: Rows, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(folder) as opened:  # parts the saved index does not have
        store(opened, some_rows(3, 300, 3))
    damage(folder)
    missing = not all((folder / f"image.{end}").exists() for end in ("faiss", "stamp.json"))
    now = rows | some_rows(3, 300, 3)
    with (
        caplog.at_level(logging.WARNING),
        Collection(folder, open_store=partial(FaissStore, flat_limit=100)) as opened,
    ):
        assert answers_are_right(opened, now)
        assert ("ignoring the saved image index" in caplog.text) is not missing
        opened.save_indices()
    caplog.clear()
    with Collection(folder) as opened:
        assert answers_are_right(opened, now)
        assert was_loaded(opened), "the file is made anew"
    assert not caplog.text


def test_older_stamp_with_its_own_file_is_caught_up(folder: Path, rows: Rows) -> None:
    old = {name: (folder / name).read_bytes() for name in ("image.faiss", "image.stamp.json")}
    with Collection(folder, open_store=partial(FaissStore, flat_limit=100)) as opened:
        opened.remove(["r5", "r6"])
        store(opened, some_rows(4, 6, 100))
        opened.save_indices()
    for name, data in old.items():
        (folder / name).write_bytes(data)
    now = rows | some_rows(4, 6, 100)
    del now["r5"]
    with Collection(folder) as opened:
        assert answers_are_right(opened, now)


def test_older_stamp_with_a_newer_file_is_ignored(folder: Path, rows: Rows) -> None:
    old = (folder / "image.stamp.json").read_bytes()
    with Collection(folder, open_store=partial(FaissStore, flat_limit=100)) as opened:
        store(opened, some_rows(4, 6, 100))
        opened.save_indices()
    (folder / "image.stamp.json").write_bytes(old)
    with Collection(folder) as opened:
        assert answers_are_right(opened, rows | some_rows(4, 6, 100))


def test_reader_behind_the_forgotten_removals_starts_anew(folder: Path, rows: Rows) -> None:
    with Collection(folder) as late, Collection(folder) as writer:
        assert answers_are_right(late, rows)
        writer.remove([f"r{number}" for number in range(10)])
        with writer.reading() as session:
            change = session.history.change()
        with sqlite3.connect(folder / "catalog.sqlite") as connection_:
            connection_.execute("DELETE FROM removed_parts")
            connection_.execute("INSERT INTO meta VALUES ('removals_known_after', ?)", [change])
        connection_.close()
        store(writer, some_rows(5, 400, 10))
        now = {key: row for key, row in rows.items() if int(key[1:]) >= 10} | some_rows(5, 400, 10)
        assert answers_are_right(late, now)
    with Collection(folder) as opened:
        assert answers_are_right(opened, now)


def test_index_of_another_history_is_not_used_after_a_backup_is_restored(
    folder: Path, rows: Rows
) -> None:
    with sqlite3.connect(folder / "catalog.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(folder / "catalog.sqlite", folder.parent / "backup")
    with Collection(
        folder, open_store=partial(FaissStore, flat_limit=100)
    ) as opened:  # this history is lost
        store(opened, some_rows(6, 300, 50))
        opened.save_indices()
    for name in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(folder.parent / "backup", folder / "catalog.sqlite")
    (folder / "catalog.mark").unlink()  # without which the older catalogue is refused
    with Collection(folder) as opened:  # this one goes on from the backup, with the same ids
        store(opened, some_rows(7, 300, 50))
        store(opened, some_rows(8, 350, 1))
    with Collection(folder) as opened:
        assert answers_are_right(opened, rows | some_rows(7, 300, 50) | some_rows(8, 350, 1))


def test_searches_are_exact_while_lists_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, trained, rows = threading.Event(), IvfSegment.trained, some_rows(1, 0, 400)
    monkeypatch.setattr(IvfSegment, "trained", lambda *args: go.wait(10) and trained(*args))
    open_store = partial(FaissStore, flat_limit=100)
    with Collection(tmp_path / "c", create=True, open_store=open_store) as opened:
        opened.claim_space(SPACE)
        store(opened, rows)
        assert answers_are_right(opened, rows)
        assert not was_loaded(opened), "it is being made"
        store(opened, later := some_rows(2, 390, 20))
        opened.remove(["r0", "r399"])
        now = {key: row for key, row in (rows | later).items() if key not in ("r0", "r399")}
        assert answers_are_right(opened, now)
        go.set()
        opened.save_indices()
        assert was_loaded(opened)
        assert answers_are_right(opened, now)
    with Collection(tmp_path / "c") as opened:
        assert was_loaded(opened)
        assert answers_are_right(opened, now)


def test_damage_that_is_found_beside_searches_makes_the_index_anew(
    folder: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("binocle.vectors.index_file._CHECKED_AT_ONCE", 0)
    head = json.loads((folder / "image.stamp.json").read_text())["head_bytes"]
    flip_byte(folder / "image.faiss", head + 1)
    with caplog.at_level(logging.WARNING), Collection(folder) as opened:
        opened.snapshot()
        opened._index_follower._checker.finish()
        assert "ignoring the saved image index" in caplog.text
        assert answers_are_right(opened, rows)
        assert not was_loaded(opened)
    caplog.clear()
    with Collection(folder) as opened:
        assert answers_are_right(opened, rows)
    assert not caplog.text


def test_engine_that_lost_its_vectors_gets_all_of_them_again(tmp_path: Path, rows: Rows) -> None:
    engines = {kind: MemoryEngine(16) for kind in ("image", "text")}

    def open_store(place: Path, space: Space, *, anew: bool = False) -> EngineStore:
        return EngineStore(engines[place.name], space, anew=anew)

    with Collection(tmp_path / "c", create=True, open_store=open_store) as opened:
        opened.claim_space(SPACE)
        store(opened, rows)
        opened.save_indices()
        engines["image"].mark = None
        engines["image"].table.clear()
        later = some_rows(2, 300, 20)
        store(opened, later)
        opened.save_indices(every_change=True)
        assert answers_are_right(opened, rows | later)
        opened.save_indices()
        assert len(engines["image"].table) == 320


def test_engine_that_is_away_is_waited_for_and_nothing_is_made_anew(
    tmp_path: Path, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    engines = {kind: MemoryEngine(16) for kind in ("image", "text")}

    def open_store(place: Path, space: Space, *, anew: bool = False) -> EngineStore:
        return EngineStore(engines[place.name], space, anew=anew)

    with Collection(tmp_path / "c", create=True, open_store=open_store) as opened:
        opened.claim_space(SPACE)
        store(opened, rows)
        opened.save_indices()
        assert len(engines["image"].table) == 300
    for engine in engines.values():
        engine.is_away = True
    later = some_rows(2, 300, 20)
    with Collection(tmp_path / "c", open_store=open_store) as opened:
        store(opened, later)
        opened.save_indices()
        assert "pushed later" in caplog.text
        with pytest.raises(UnreachableError):
            opened.snapshot()
        for engine in engines.values():
            engine.is_away = False
        assert answers_are_right(opened, rows | later)
        assert len(engines["image"].table) == 300
        opened.save_indices()
        assert answers_are_right(opened, rows | later)
    assert len(engines["image"].table) == 320
    assert [push.anew for push in engines["image"].pushes] == [True, False]
