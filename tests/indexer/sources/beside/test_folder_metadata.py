"""A folder's own table says more of its pictures, as Hugging Face's ImageFolder has it."""

import json
from pathlib import Path

import pytest

from indexer.sources.folder import FolderSource
from tests.support import Bench, picture_bytes

ROWS = [
    {"file_name": "a.jpg", "text": "a dog", "price": 5, "tags": ["x", "y"], "width": 9},
    {"file_name": "in/b.jpg", "text": "a cat", "price": 7},
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for seed, name in enumerate(("a.jpg", "in/b.jpg", "in/c.jpg", "train/d.jpg")):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(seed))
    return tmp_path / "p"


def write(path: Path, rows: list[dict[str, object]]) -> None:
    if path.suffix == ".csv":
        lines = [
            "file_name,text,price",
            *(f"{r['file_name']},{r['text']},{r['price']}" for r in rows),
        ]
        path.write_text("\n".join(lines))
    else:
        path.write_text("\n".join(map(json.dumps, rows)))


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv"])
def test_rows_are_joined_by_their_file_names(bench: Bench, pictures: Path, name: str) -> None:
    write(pictures / name, ROWS)
    tally = bench.index(FolderSource(pictures)).tally
    assert (tally.added, tally.skipped) == (4, 0)
    record = bench.collection.record("p/in/b.jpg")
    assert record.metadata.items() >= {"price": 7, "filename": "b.jpg", "text": "a cat"}.items()
    assert [part.text for part in record.parts if part.kind == "text"] == ["a cat"]
    assert "price" not in bench.collection.record("p/in/c.jpg").metadata


def test_facts_of_the_file_stay_and_lists_are_kept(bench: Bench, pictures: Path) -> None:
    write(pictures / "metadata.jsonl", ROWS)
    bench.index(FolderSource(pictures))
    metadata = bench.collection.record("p/a.jpg").metadata
    assert (metadata["sidecar.width"], metadata["tags"]) == (9, ["x", "y"])
    assert metadata["width"] != 9


def test_change_of_a_row_changes_its_record_only(bench: Bench, pictures: Path) -> None:
    write(pictures / "metadata.jsonl", ROWS)
    bench.index(FolderSource(pictures))
    write(pictures / "metadata.jsonl", [ROWS[0] | {"price": 6}, ROWS[1]])
    tally = bench.index(FolderSource(pictures)).tally
    assert (tally.updated, tally.unchanged) == (1, 3)
    assert bench.collection.record("p/a.jpg").metadata["price"] == 6


def test_nearest_table_counts(bench: Bench, pictures: Path) -> None:
    write(pictures / "metadata.jsonl", [*ROWS, {"file_name": "train/d.jpg", "text": "far"}])
    write(pictures / "train" / "metadata.jsonl", [{"file_name": "d.jpg", "text": "near"}])
    bench.index(FolderSource(pictures))
    assert bench.collection.record("p/train/d.jpg").metadata["text"] == "near"


def test_what_is_wrong_with_a_table_costs_its_row_and_is_told(bench: Bench, pictures: Path) -> None:
    write(pictures / "metadata.jsonl", [*ROWS, {"file_name": "gone.jpg", "text": "?"}])
    with (pictures / "metadata.jsonl").open("a") as file:
        file.write("\n{broken\n")
    tally = bench.index(FolderSource(pictures)).tally
    assert (tally.added, tally.skipped) == (4, 1)
    (told,) = bench.skipped().values()
    assert "line 4: no JSON" in told
    assert "files it names are not there: 1, such as gone.jpg" in told


def test_table_without_file_names_is_a_file_like_any_other(bench: Bench, pictures: Path) -> None:
    (pictures / "metadata.csv").write_text("id,title\n1,a\n")
    assert bench.index(FolderSource(pictures)).tally.skipped == 1
    assert "not a picture format" in bench.skipped()["metadata.csv"]


def test_table_that_comes_or_goes_leaves_what_sidecars_say(bench: Bench, pictures: Path) -> None:
    (pictures / "a.txt").write_text("beside it")
    bench.index(FolderSource(pictures))
    write(pictures / "metadata.jsonl", ROWS)
    assert bench.index(FolderSource(pictures)).tally.updated == 2
    record = bench.collection.record("p/a.jpg")
    assert [part.text for part in record.parts if part.text] == ["a dog", "beside it"]
    assert record.metadata["price"] == 5
    (pictures / "metadata.jsonl").unlink()
    assert bench.index(FolderSource(pictures)).tally.updated == 2
    record = bench.collection.record("p/a.jpg")
    assert [part.text for part in record.parts if part.text] == ["beside it"]
