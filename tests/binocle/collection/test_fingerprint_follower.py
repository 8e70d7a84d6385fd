"""The saved likenesses start the next process, and can never make an answer wrong."""

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.catalog.tables import history
from binocle.collection import fingerprint_follower
from binocle.collection.collection import Collection
from binocle.types import NewPart, NewRecord, Space
from binocle.vectors.fingerprints.fingerprint_index import FingerprintIndex
from tests.support.numbered_fingerprints import descriptors_of, fingerprint_of

SPACE = Space("toy", 4, "ab" * 32)
_FILES = {"likeness.faiss", "likeness.hashes", "likeness.stamp.json"}


def store(collection: Collection, seeds: Sequence[int]) -> None:
    row = np.array([1, 0, 0, 0], np.float32)
    records = []
    for seed in seeds:
        content, fingerprint = bytes([seed]) * 32, fingerprint_of(seed)
        part = NewPart("image", "image", "u", content, row, fingerprint=fingerprint)
        records.append(NewRecord(f"r{seed}", "u", {}, (part,)))
    collection.upsert(records)


def knows_exactly(collection: Collection, seeds: Sequence[int]) -> bool:
    """Tell whether hashes and votes find each of these pictures first, and none of the others."""
    index = collection.fingerprint_follower.index()
    parts = {seed: collection.record(f"r{seed}").parts[0].id for seed in seeds}
    for seed in range(0, 40, 3):
        fingerprint = fingerprint_of(seed)
        hits = index.by_hash(np.frombuffer(fingerprint.hash, np.uint8)[np.newaxis], 1)
        votes = index.by_features(descriptors_of(seed), 1)
        by_hash = hits.part_ids[0, 0] if hits.distances[0, 0] == 0 else None
        by_votes = votes.part_ids[0] if len(votes.scores) and votes.scores[0] > 20 else None
        expected = parts.get(seed)
        if (by_hash, by_votes) != (expected, expected):
            return False
    return index.count == len(seeds) and collection.fingerprint_follower.missing == 0


def was_loaded(collection: Collection) -> bool:
    return collection.fingerprint_follower.index().mapped > 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "c"
    with Collection(folder, create=True) as opened:
        opened.claim_space(SPACE)
        store(opened, range(20))
        opened.save_indices()
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A collection of pictures 0 to 19, saved."""
    return shutil.copytree(saved, tmp_path / "c")


def test_saved_likenesses_are_mapped_by_the_next_opener(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} >= _FILES
    assert not [path for path in folder.iterdir() if path.suffix == ".tmp"]
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
        assert was_loaded(opened)


def test_saved_likenesses_catch_up_with_what_came_and_went(folder: Path) -> None:
    with Collection(folder) as opened:  # writes without ever following
        store(opened, range(20, 30))
        opened.remove([f"r{seed}" for seed in range(5)])
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(5, 30))
        assert was_loaded(opened)
        opened.remove(["r29", "r5"])
        assert knows_exactly(opened, range(6, 29))
        opened.save_indices()
        assert knows_exactly(opened, range(6, 29))
    before = (folder / "likeness.faiss").stat().st_mtime_ns
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(6, 29))
        opened.save_indices()
    assert (folder / "likeness.faiss").stat().st_mtime_ns == before  # nothing was new


def change_stamp(folder: Path, **changes: object) -> None:
    path = folder / "likeness.stamp.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_files(folder: Path, **changes: object) -> None:
    files = json.loads((folder / "likeness.stamp.json").read_text())["files"]
    change_stamp(folder, files=files | changes)


def flip_byte(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no stamp": lambda folder: (folder / "likeness.stamp.json").unlink(),
    "no features": lambda folder: (folder / "likeness.faiss").unlink(),
    "no hashes": lambda folder: (folder / "likeness.hashes").unlink(),
    "features cut": lambda folder: cut(folder / "likeness.faiss", 5000),
    "lists cut": lambda folder: cut(folder / "likeness.faiss", 20_000),
    "features empty": lambda folder: cut(folder / "likeness.faiss", 0),
    "a byte in the head": lambda folder: flip_byte(folder / "likeness.faiss", 9),
    "a size of a list": lambda folder: flip_byte(folder / "likeness.faiss", 900),
    # which of all lists the last one is: the 16 bytes before 800 codes and part ids
    "a word": lambda folder: flip_byte(folder / "likeness.faiss", -800 * 24 - 16),
    "hashes cut": lambda folder: cut(folder / "likeness.hashes", 100),
    "a byte of a hash": lambda folder: flip_byte(folder / "likeness.hashes", -1),
    "stamp no JSON": lambda folder: (folder / "likeness.stamp.json").write_text("{"),
    "stamp of another kind": lambda folder: (folder / "likeness.stamp.json").write_text("[]"),
    "another format": lambda folder: change_stamp(folder, format=2),
    "another token": lambda folder: change_stamp(folder, token="00"),
    "other likenesses": lambda folder: change_stamp(folder, filled=3),
    "no files": lambda folder: change_stamp(folder, files=None),
    "another size": lambda folder: change_files(folder, size=7),
    "too many features": lambda folder: change_files(folder, features=10**9),
    "too many pictures": lambda folder: change_files(folder, pictures=10**6),
    "a future change": lambda folder: change_stamp(folder, change=10**6),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_file_is_ignored_and_made_anew(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
        assert not was_loaded(opened)
        opened.save_indices()
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
        assert was_loaded(opened)


def test_damaged_code_costs_votes_and_nothing_else(folder: Path) -> None:
    flip_byte(folder / "likeness.faiss", -30)
    with Collection(folder) as opened:
        index = opened.fingerprint_follower.index()
        assert index.count == 20
        assert len(index.by_features(descriptors_of(3), 1).part_ids) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_is_searched(folder: Path) -> None:
    for path in folder.glob("likeness.*"):
        path.unlink()
    folder.chmod(0o555)
    try:
        with Collection(folder) as opened:
            assert knows_exactly(opened, range(20))
    finally:
        folder.chmod(0o755)


def test_what_cannot_be_saved_is_told_and_goes_on(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(folder) as opened:
        store(opened, range(20, 30))
        (folder / "likeness.hashes").unlink()
        (folder / "likeness.hashes").mkdir()  # nothing can be put there
        with caplog.at_level(logging.WARNING):
            opened.fingerprint_follower.save()
        assert "could not save the likenesses" in caplog.text
        assert knows_exactly(opened, range(30))
    assert not [path for path in folder.iterdir() if path.suffix == ".tmp"]
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(30))


def test_what_a_killed_process_left_half_written_is_removed(folder: Path) -> None:
    old, new = folder / "likeness.faiss.123.tmp", folder / "image.faiss.456.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    with Collection(folder) as opened:
        opened.save_indices()
    assert not old.exists()
    assert new.exists()  # somebody may be writing it


def test_follower_takes_over_what_another_process_saved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_follower, "_SAVE_AFTER_ROWS", 10)
    with Collection(folder) as reader, Collection(folder) as writer:
        assert knows_exactly(reader, range(20))
        mapped = reader.fingerprint_follower.index().mapped
        store(writer, range(20, 36))
        writer.save_indices()
        assert knows_exactly(reader, range(36))
        assert reader.fingerprint_follower.index().mapped == mapped // 20 * 36


def test_what_was_saved_is_not_read_again_for_texts_that_come(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_follower, "_SAVE_AFTER_ROWS", 10)
    row = np.array([1, 0, 0, 0], np.float32)
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
        texts = [NewPart("text", "caption", "", bytes([n]) * 32, row, text="x") for n in range(12)]
        opened.upsert([NewRecord(f"t{n}", "", {}, (one,)) for n, one in enumerate(texts)])
        opened.fingerprint_follower.index()
        reads = []
        read = FingerprintIndex.opened

        def counting(*arguments: Any) -> FingerprintIndex:
            reads.append(1)
            return read(*arguments)

        monkeypatch.setattr(FingerprintIndex, "opened", counting)
        opened.upsert([NewRecord("one", "", {}, (texts[0],))])
        opened.fingerprint_follower.index()
        assert not reads


def test_what_was_removed_before_anybody_remembers_is_not_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_MAX_REMOVED", 4)
    with Collection(folder) as follower:
        assert knows_exactly(follower, range(20))
        with Collection(folder) as writer:
            for seed in range(10):
                writer.remove([f"r{seed}"])
            with writer.writing() as session:
                session.history.forget_old_removals()
        assert knows_exactly(follower, range(10, 20))
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(10, 20))
        assert not was_loaded(opened)


def test_first_follower_saves_what_it_had_to_make(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_follower, "_SAVE_AFTER_ROWS", 10)
    for path in folder.glob("likeness.*"):
        path.unlink()
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
    with Collection(folder) as opened:
        assert knows_exactly(opened, range(20))
        assert was_loaded(opened)


def test_searches_run_while_pictures_come_and_go(folder: Path) -> None:
    with Collection(folder) as opened:
        index = opened.fingerprint_follower.index()
        expected = opened.record("r0").parts[0].id
        wrong: list[object] = []
        done = threading.Event()

        def search() -> None:
            while not done.is_set():
                votes = index.by_features(descriptors_of(0), 1)
                if votes.part_ids.tolist() != [expected]:
                    wrong.append(votes)

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for seed in range(20, 40):
            store(opened, [seed])
            opened.fingerprint_follower.index()
            opened.remove([f"r{seed}"])
            opened.fingerprint_follower.index()
        opened.fingerprint_follower.save()
        done.set()
        for thread in threads:
            thread.join()
        assert not wrong
