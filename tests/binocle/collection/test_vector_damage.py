"""A stored vector that is damaged is told, costs only itself, and is made anew."""

import logging
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Limits
from indexer.sources.folder import FolderSource
from indexer.sources.uploads import uploaded_image
from indexer.upload import store_upload
from tests.support import Bench, picture_bytes, shared_decoders, write_photos

RECORD = "photos/2019/03.jpg"


def damage(bench: Bench, record_id: str) -> int:
    """Flip one bit of a record's stored vector; return its part."""
    ((part_id, vector),) = bench.rows(
        "SELECT parts.id, vector FROM parts JOIN vectors ON part_id = parts.id "
        f"JOIN records ON records.id = record_id WHERE records.key = '{record_id}'"
    )
    flipped = bytes([vector[0] ^ 1, *vector[1:]])
    bench.rows(f"UPDATE vectors SET vector = x'{flipped.hex()}' WHERE part_id = {part_id}")
    return int(part_id)


@pytest.fixture
def indexed(tmp_path: Path, photos: Path, bench: Bench) -> Bench:
    del tmp_path
    bench.index(FolderSource(photos))
    return bench


def damaged_ids(bench: Bench) -> list[str]:
    with bench.collection.reading() as session:
        return [one.record_id for one in session.parts.damaged_vectors()]


def found_by(folder: Path, number: int) -> list[int]:
    query = ColourEncoder().encode_images(np.stack([pixels_of(number)]))
    with Collection(folder) as collection:
        snapshot = collection.snapshot(["image"])
        (ranking,) = snapshot.nearest("image", query, 30)
        numbers: list[int] = ranking.record_ids.tolist()
    return numbers


def pixels_of(number: int) -> np.ndarray:
    with shared_decoders(1, Limits()) as decoders:
        return decoders.decode(picture_bytes(number), ColourEncoder().image_spec).pixels


def test_damaged_vector_is_told_and_costs_only_itself(
    indexed: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    folder = indexed.collection.path
    assert damaged_ids(indexed) == []
    assert len(found_by(folder, 3)) == 20
    damage(indexed, RECORD)
    assert damaged_ids(indexed) == [RECORD]
    for path in folder.glob("image.*"):
        path.unlink()
    with caplog.at_level(logging.WARNING):
        assert len(found_by(folder, 3)) == 19
    told = [one.getMessage() for one in caplog.records if RECORD in one.getMessage()]
    assert told
    assert "its source indexed again" in told[0]
    assert "\n" not in told[0]


def test_saved_index_without_a_damaged_vector_is_used(
    indexed: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    folder = indexed.collection.path
    damage(indexed, RECORD)
    for path in folder.glob("image.*"):
        path.unlink()
    with Collection(folder) as collection:
        collection.save_indices()
    assert (folder / "image.faiss").exists()
    caplog.clear()
    assert len(found_by(folder, 3)) == 19
    assert not [one for one in caplog.messages if "making it anew" in one]


def test_next_run_makes_a_damaged_vector_anew(indexed: Bench, photos: Path) -> None:
    folder = indexed.collection.path
    damage(indexed, RECORD)
    Collection(folder).close()  # all twenty are in the sample
    indexed.index(FolderSource(photos))
    assert damaged_ids(indexed) == []
    assert len(found_by(folder, 3)) == 20
    assert len(indexed.ids()) == 20


def test_record_that_is_stored_again_gets_a_new_vector(bench: Bench) -> None:
    def store(number: int) -> None:
        from indexer.sources.base import Candidate

        image = uploaded_image("image", picture_bytes(number))
        candidate = Candidate("a", "", "a", "", {}, (image,))
        with shared_decoders(1, Limits()) as decoders:
            store_upload(bench.collection, [candidate], ColourEncoder(), decoders)

    store(1)
    damage(bench, "a")
    assert damaged_ids(bench) == ["a"]
    store(1)
    assert damaged_ids(bench) == []
    query = ColourEncoder().encode_images(np.stack([pixels_of(1)]))
    (ranking,) = bench.collection.snapshot(["image"]).nearest("image", query, 5)
    assert len(ranking.record_ids) == 1


def test_collection_of_damaged_vectors_only_opens(bench: Bench, tmp_path: Path) -> None:
    write_photos(tmp_path / "photos")
    bench.index(FolderSource(tmp_path / "photos"))
    for path in bench.collection.path.glob("image.*"):
        path.unlink()
    for record_id in bench.ids():
        damage(bench, record_id)
    assert found_by(bench.collection.path, 3) == []
