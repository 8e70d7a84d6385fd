"""What is exported and imported again is the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.operations.doctor.examination import examine_collection
from binocle.catalog.base import CatalogWriter
from binocle.collection.collection import Collection
from binocle.errors import SourceError, SpaceMismatchError
from binocle.types import ImageInfo, NewPart, NewRecord, Space
from indexer import kept_uploads
from indexer.sources.uploads import UploadSource, uploaded_image
from indexer.transfer import export_collection, import_collection
from tests.support.damages import flipped, vector
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME
from tests.support.sound_home import filled, folder, home

__all__ = ["filled", "folder", "home"]


def content_of(folder: Path) -> list[Any]:
    """Return all that belongs to a collection's records, but for numbers of its own."""
    with Collection(folder) as collection, collection.reading() as session:
        found = []
        for number, record in session.records.after(0, 10_000, ()):
            parts = session.parts.of_records([number])[number]
            pictures = session.fingerprints.pictures([one.id for one in parts])
            prints = session.fingerprints.of_parts([one.id for one in parts])
            found.append(
                (
                    record,
                    [(one.kind, one.role, one.uri, one.text) for one in parts],
                    [
                        [row.tobytes() for row in rows]
                        for rows in session.parts.vectors_of_record(number).values()
                    ],
                    [(one.sha256, one.info) for one in pictures.values()],
                    (prints.hashes.tobytes(), prints.features),
                )
            )
        return [session.space(), session.fields.types(), found]


def test_round_trip_is_equal_and_sound(home: Path, folder: Path, tmp_path: Path) -> None:
    assert run_cli(home, "fields", "-c", NAME, "--field", "price:keyword")[0] == 0
    file = tmp_path / "goods.parquet"
    code, out, _ = run_cli(home, "export", NAME, file)
    assert code == 0
    assert "18 records with 30 parts" in out
    code, out, _ = run_cli(home, "import", file, "again", "--json")
    assert (code, json.loads(out)) == (0, {"records": 18, "parts": 30, "problems": []})
    again = home / "collections" / "again"
    assert content_of(again) == content_of(folder)
    assert [one for one in examine_collection(again) if one.level == "damage"] == []
    answers = [
        run_cli(home, "search", "blue shirt", "-c", name, "--json", "-k", "20")[1]
        for name in (NAME, "again")
    ]
    ids = [[hit["id"] for hit in json.loads(one)["hits"]] for one in answers]
    assert ids[0] == ids[1]
    assert run_cli(home, "import", file, "again")[0] == 0  # once more changes nothing
    assert content_of(again) == content_of(folder)


def test_other_programs_read_it(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "goods.parquet"
    assert run_cli(home, "export", NAME, file)[0] == 0
    table = pq.read_table(file)
    assert table.column_names == ["id", "uri", "metadata", "parts"]
    parts = table.to_pylist()[0]["parts"]
    assert np.isclose(np.linalg.norm(parts[0]["vector"]), 1)


def test_bad_record_costs_only_itself(home: Path, tmp_path: Path) -> None:
    file, bad = tmp_path / "goods.parquet", tmp_path / "bad.parquet"
    assert run_cli(home, "export", NAME, file)[0] == 0
    table = pq.read_table(file)
    rows = table.to_pylist()
    rows[0]["parts"][0]["vector"][0] = float("nan")
    rows[1]["parts"][-1]["text"] = "another"
    rows[2]["metadata"] = "{"
    rows[3]["parts"][0]["picture"] = b"another"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), bad)
    code, out, err = run_cli(home, "import", bad, "again", "--json")
    assert code == 1
    assert json.loads(out)["records"] == 14
    assert err.count("Error: ") == 4


def test_damaged_vector_costs_only_its_part(home: Path, folder: Path, tmp_path: Path) -> None:
    vector(flipped)(folder)
    code, out, err = run_cli(home, "export", NAME, tmp_path / "goods.parquet", "--json")
    assert code == 1
    assert (json.loads(out)["records"], json.loads(out)["parts"]) == (18, 29)
    assert "is damaged, so it is exported without" in err
    report = run_cli(home, "import", tmp_path / "goods.parquet", "again", "--json")
    assert json.loads(report[1])["problems"] == []
    at_once = [content_of(home / "collections" / name)[2] for name in (NAME, "again")]
    parts = [[one for _, own, *_ in found for one in own] for found in at_once]
    assert [one for one in parts[0] if one in parts[1]] == parts[1]
    assert sum(len(row) for _, _, rows, *_ in at_once[1] for row in rows) == 29


def test_what_is_no_export_is_refused_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"id": ["a"]}), other)
    (tmp_path / "text.parquet").write_text("no table")
    for file in (other, tmp_path / "text.parquet", tmp_path / "none.parquet"):
        with pytest.raises(SourceError):
            run_cli(home, "import", file, "again")
    assert not (home / "collections" / "again").exists()


def one_picture(path: Path, content: bytes) -> tuple[Collection, Path]:
    """Return a collection of one record with an upload, and the upload's file."""
    image = uploaded_image("image", content)
    row, info = np.array([0.6, 0.8], np.float32), ImageInfo(1, 1, len(content), "jpeg")
    part = NewPart("image", "image", image.uri, image.sha256, row, info=info)
    collection = Collection(path, create=True)
    collection.claim_space(Space("m", 2, "ab"))
    kept_uploads.keep(collection, [image])
    collection.upsert([NewRecord("r", "r", {}, (part,))])
    return collection, UploadSource(path).file_of(image.uri)


class RemovedMeanwhile(Collection):
    """Another process removes the pictures that no record has yet, just before the lock is had."""

    @contextmanager
    def writing(self) -> Iterator[CatalogWriter]:
        for path in self.path.glob("uploads/*/*"):
            path.unlink()
        with super().writing() as session:
            yield session


def test_imported_picture_that_is_removed_meanwhile_is_kept_again(tmp_path: Path) -> None:
    collection, file = one_picture(tmp_path / "a", b"a")
    with collection:
        export_collection(collection, tmp_path / "a.parquet")
    with RemovedMeanwhile(tmp_path / "b", create=True) as other:
        assert import_collection(other, tmp_path / "a.parquet").records == 1
    assert (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes() == b"a"


def test_picture_of_a_record_that_an_import_replaces_is_removed(tmp_path: Path) -> None:
    collection, file = one_picture(tmp_path / "a", b"a")
    with collection:
        export_collection(collection, tmp_path / "a.parquet")
    other, former = one_picture(tmp_path / "b", b"b")
    with other:
        import_collection(other, tmp_path / "a.parquet")
    assert not former.exists()
    assert (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes() == b"a"


def test_vectors_of_another_model_are_refused(tmp_path: Path) -> None:
    def record(name: str, dimension: int) -> NewRecord:
        vector = np.zeros(dimension, np.float32)
        vector[0] = 1
        return NewRecord(name, name, {}, (NewPart("text", "t", "t", bytes(32), vector, text="x"),))

    with (
        Collection(tmp_path / "a", create=True) as first,
        Collection(tmp_path / "b", create=True) as second,
    ):
        first.claim_space(Space("m", 4, "ab"))
        first.upsert([record("r", 4)])
        second.claim_space(Space("n", 8, "cd"))
        export_collection(first, tmp_path / "a.parquet")
        with pytest.raises(SpaceMismatchError):
            import_collection(second, tmp_path / "a.parquet")
