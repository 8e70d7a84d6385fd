"""A collection is embedded anew beside service, and is the old one or the new one, never both."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from api.operations.doctor.examination import examine_collection
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import SourceError, StorageError
from binocle.types import Limits, NewPart, NewRecord
from indexer.reembedding import Reembedding, reembedding
from indexer.sources.folder import FolderSource
from tests.support import Bench
from tests.support.toy_encoder import ToyEncoder


@pytest.fixture(params=["files", pytest.param("servers", marks=pytest.mark.slow)])
def filled(request: pytest.FixtureRequest, tmp_path: Path, photos: Path) -> Iterator[Bench]:
    server = None
    if request.param == "servers":
        server = request.getfixturevalue("vector_server").address
    bench = Bench(tmp_path / "collection", server=server)
    bench.index(FolderSource(photos))
    vector = ColourEncoder().encode_texts(["red"])[0]
    parts = (NewPart("text", "t", "t", _sha256("red"), vector, text="red"),)
    bench.collection.upsert([NewRecord("words", "words", {"n": 1}, parts)])
    bench.collection.save_indices()
    before = schemas(server)
    yield bench
    bench.collection.close()
    assert len(schemas(server)) == len(before), "what is left behind is removed there, too"


def schemas(server: str | None) -> list[str]:
    if server is None:
        return []
    engine = sa.create_engine(server)
    found = [one for one in sa.inspect(engine).get_schema_names() if "_collection_" in one]
    engine.dispose()
    return found


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def beside(bench: Bench) -> Reembedding:
    return Reembedding(bench.collection, ToyEncoder(), limits=Limits(), workers=2)


def _interrupt(_done: int, _total: int) -> None:
    raise KeyboardInterrupt


def left(folder: Path) -> list[str]:
    return [one.name for one in folder.parent.iterdir() if one.name.startswith(".")]


def test_switched_collection_has_the_vectors_of_the_other_model(filled: Bench) -> None:
    folder = filled.collection.path
    with beside(filled) as running:
        estimate = running.estimate()
        assert (estimate.pictures, estimate.texts) == (20, 1)
        done: list[int] = []
        running.embed(lambda now, _total: done.append(now))
        assert filled.collection.space == ColourEncoder().space
        compared = running.compare(ColourEncoder())
        assert 0 <= compared.shared <= 1
        running.switch()
    assert left(folder) == []
    assert not filled.collection.exists()  # whoever has it open opens it anew
    with Collection(folder) as collection:
        assert collection.space == ToyEncoder.space
        _, vectors = collection.vectors_of("words")
        assert np.array_equal(vectors["text"][0], ToyEncoder().encode_texts(["red"])[0])
        assert collection.snapshot().count_parts("image") == 20
        collection.upsert([NewRecord("more", "more", {}, ())])
    assert [one for one in examine_collection(folder) if one.level == "damage"] == []


def test_unswitched_or_interrupted_leaves_everything_as_it_was(filled: Bench) -> None:
    folder = filled.collection.path
    filled.collection.close()
    before = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    with beside(filled) as running:
        running.embed()
    with beside(filled) as running, pytest.raises(KeyboardInterrupt):
        running.embed(_interrupt)
    after = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    after = {one: data for one, data in after.items() if "sqlite-" not in one.name}
    assert after == before
    assert left(folder) == []


def test_what_is_stored_meanwhile_is_embedded_too_and_who_waits_is_refused(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled.collection.path
    vector = ColourEncoder().encode_texts(["blue"])[0]
    part = NewPart("text", "t", "t", _sha256("blue"), vector, text="blue")
    with beside(filled) as running:
        running.embed()
        filled.collection.upsert([NewRecord("late", "late", {}, (part,))])
        filled.collection.remove(["words"])
        running.switch()
        with pytest.raises(StorageError):  # it still has the old file open
            filled.collection.upsert([NewRecord("too late", "x", {}, (part,))])
    with Collection(folder) as collection:
        _, vectors = collection.vectors_of("late")
        assert np.array_equal(vectors["text"][0], ToyEncoder().encode_texts(["blue"])[0])
        assert collection.snapshot().count_records() == 21
        assert collection.snapshot().count_parts("text") == 1


@pytest.mark.parametrize("parts", [("new",), ("new", "old")], ids=["switch", "both ways"])
def test_failing_switch_leaves_everything_as_it_was(
    filled: Bench, monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...]
) -> None:
    folder = filled.collection.path
    (folder / "uploads" / "ab").mkdir(parents=True)

    def fail(path: Path, target: Path) -> Path:
        if path.name == folder.name and path.parent.name in parts:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    rename = Path.rename
    with beside(filled) as running:
        running.embed()
        monkeypatch.setattr(Path, "rename", fail)
        with pytest.raises(StorageError, match="No space left"):
            running.switch()
        if "old" in parts:
            assert not folder.exists()
        monkeypatch.undo()
    assert left(folder) == []
    assert (folder / "uploads" / "ab").is_dir()
    assert filled.collection.exists()
    filled.collection.upsert([NewRecord("more", "more", {}, ())])
    assert filled.collection.space == ColourEncoder().space


def test_lost_pictures_stop_it_before_anything_is_changed(filled: Bench, photos: Path) -> None:
    shutil.rmtree(photos / "2019")
    with (
        pytest.raises(SourceError, match="10 pictures cannot be read"),
        reembedding(filled.collection, ToyEncoder(), limits=Limits(), workers=2) as running,
    ):
        running.embed()
    assert filled.collection.exists()
