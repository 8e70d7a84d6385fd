"""Labels follow their pictures to other names, folders and sources."""

import json
import os
import shutil
from pathlib import Path

import pytest

from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables import schema
from binocle.collection.collection import Collection
from indexer.indexer import Indexer, Progress
from indexer.sources.folder import FolderSource
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from search.labels.labeller import LabelledRecord, Labeller
from search.labels.zero_shot import Labelling
from search.relevance.calibrator import Relevance
from tests.support import Bench, picture_bytes


class KilledError(Exception):
    """Stands for a process that ends in the middle."""


def label(bench: Bench, labels: dict[str, str], field: str = "kind") -> None:
    relevance = Relevance(bench.collection, lambda: bench.encoder)
    labeller = Labeller(bench.collection, lambda: bench.encoder, relevance)
    labelled = [
        LabelledRecord(bench.collection.record(key), Labelling(((value, 1.0),), 0.0))
        for key, value in labels.items()
    ]
    assert labeller.write(labelled, field) == len(labels)


def labels(bench: Bench, field: str = "kind") -> dict[str, str]:
    rows = {key: json.loads(text) for key, text in bench.rows("select key, metadata from records")}
    return {key: one[field] for key, one in rows.items() if field in one}


def waiting(bench: Bench) -> int:
    return int(bench.rows("select count(*) from waiting_labels")[0][0])


def numbered(folder: Path, seeds: dict[str, int]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in seeds.items():
        (folder / name).write_bytes(picture_bytes(seed))
    return folder


@pytest.fixture
def pair(bench: Bench, tmp_path: Path) -> Path:
    """A folder of two labelled pictures and one without a label."""
    folder = numbered(tmp_path / "pair", {"a.jpg": 1, "b.jpg": 2, "c.jpg": 3})
    bench.index(FolderSource(folder))
    label(bench, {"pair/a.jpg": "cat", "pair/b.jpg": "dog"})
    return folder


def test_a_renamed_picture_keeps_its_labels(bench: Bench, pair: Path) -> None:
    label(bench, {"pair/a.jpg": "kitchen"}, "room")
    (pair / "later").mkdir()
    (pair / "a.jpg").rename(pair / "later" / "z.jpg")
    bench.encoder.images = 0
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/later/z.jpg": "cat", "pair/b.jpg": "dog"}
    assert labels(bench, "room") == {"pair/later/z.jpg": "kitchen"}
    assert bench.encoder.images == waiting(bench) == 0


def test_a_label_that_moved_moves_again_and_is_filtered_by(bench: Bench, pair: Path) -> None:
    for old, new in (("a.jpg", "d.jpg"), ("d.jpg", "e.jpg")):
        (pair / old).rename(pair / new)
        bench.index(FolderSource(pair))
    assert labels(bench)["pair/e.jpg"] == "cat"
    found = bench.rows(
        "select count(*) from attributes join fields on fields.id = field_id where name = 'kind'"
    )
    assert found[0][0] == 2


def test_a_renamed_folder_keeps_all_labels(bench: Bench, tmp_path: Path) -> None:
    folder = numbered(tmp_path / "home" / "old", {f"{one:02}.jpg": one for one in range(30)})
    bench.index(FolderSource(folder.parent))
    given = {f"home/old/{one:02}.jpg": f"label {one}" for one in range(30)}
    label(bench, given)
    folder.rename(folder.with_name("new"))
    bench.index(FolderSource(folder.parent))
    assert labels(bench) == {key.replace("old", "new"): one for key, one in given.items()}


def test_two_names_that_were_swapped_swap_their_labels(bench: Bench, pair: Path) -> None:
    (pair / "a.jpg").rename(pair / "x")
    (pair / "b.jpg").rename(pair / "a.jpg")
    (pair / "x").rename(pair / "b.jpg")
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/a.jpg": "dog", "pair/b.jpg": "cat"}


def test_a_touched_picture_keeps_its_labels(bench: Bench, pair: Path) -> None:
    for path in pair.iterdir():
        os.utime(path, ns=(1, 1))
    assert bench.index(FolderSource(pair)).tally.updated == 3
    assert labels(bench) == {"pair/a.jpg": "cat", "pair/b.jpg": "dog"}


def test_another_picture_under_the_name_does_not_get_the_label(bench: Bench, pair: Path) -> None:
    (pair / "a.jpg").write_bytes(picture_bytes(77))
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/b.jpg": "dog"}
    assert waiting(bench) == 1  # for the picture, should it come back


def test_a_copy_does_not_get_the_label_while_the_picture_is_there(bench: Bench, pair: Path) -> None:
    shutil.copy(pair / "a.jpg", pair / "copy.jpg")
    bench.index(FolderSource(pair))
    assert "pair/copy.jpg" not in labels(bench)


def test_a_copy_that_stays_has_moved(bench: Bench, pair: Path) -> None:
    shutil.copy(pair / "a.jpg", pair / "copy.jpg")
    bench.index(FolderSource(pair))
    (pair / "a.jpg").unlink()  # by a later run
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/copy.jpg": "cat", "pair/b.jpg": "dog"}


def test_a_copy_that_was_there_when_labels_were_written_does_not_get_one(
    bench: Bench, tmp_path: Path
) -> None:
    folder = numbered(tmp_path / "f", {"a.jpg": 1, "twin.jpg": 1, "other.jpg": 2})
    bench.index(FolderSource(folder))
    label(bench, {"f/a.jpg": "cat"})
    (folder / "a.jpg").unlink()
    bench.index(FolderSource(folder))
    assert labels(bench) == {}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("cat", {"f/c.jpg": "cat", "f/d.jpg": "cat"}),
        ("dog", {}),  # which of the new names is the cat's?
    ],
)
def test_two_copies_of_one_file_keep_their_labels_where_these_are_the_same(
    bench: Bench, tmp_path: Path, second: str, expected: dict[str, str]
) -> None:
    folder = numbered(tmp_path / "f", {"a.jpg": 1, "b.jpg": 1})
    bench.index(FolderSource(folder))
    label(bench, {"f/a.jpg": "cat", "f/b.jpg": second})
    (folder / "a.jpg").rename(folder / "c.jpg")
    (folder / "b.jpg").rename(folder / "d.jpg")
    bench.index(FolderSource(folder))
    assert labels(bench) == expected


def test_one_picture_that_became_two_is_ambiguous(bench: Bench, pair: Path) -> None:
    shutil.copy(pair / "a.jpg", pair / "d.jpg")
    (pair / "a.jpg").rename(pair / "e.jpg")
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/b.jpg": "dog"}
    (pair / "d.jpg").unlink()
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/b.jpg": "dog", "pair/e.jpg": "cat"}


@pytest.mark.parametrize("first", ["old", "new"])
def test_a_picture_moved_to_another_source_keeps_its_label_whichever_is_indexed_first(
    bench: Bench, tmp_path: Path, first: str
) -> None:
    old = numbered(tmp_path / "old", {"a.jpg": 1, "b.jpg": 2})
    new = numbered(tmp_path / "new", {"c.jpg": 3})
    for folder in (old, new):
        bench.index(FolderSource(folder))
    label(bench, {"old/a.jpg": "cat"})
    (old / "a.jpg").rename(new / "a.jpg")
    for folder in (old, new) if first == "old" else (new, old):
        bench.index(FolderSource(folder))
    assert labels(bench) == {"new/a.jpg": "cat"}


def test_a_folder_taken_over_by_its_parent_keeps_its_labels(bench: Bench, tmp_path: Path) -> None:
    folder = numbered(tmp_path / "all" / "some", {"a.jpg": 1, "b.jpg": 2})
    bench.index(FolderSource(folder))
    label(bench, {"some/a.jpg": "cat"})
    bench.index(FolderSource(folder.parent))
    assert labels(bench) == {"all/some/a.jpg": "cat"}


def killed_run(bench: Bench, source: FolderSource, done: int) -> None:
    def kill(progress: Progress) -> None:
        if progress.done >= done:
            raise KilledError

    with pytest.raises(KilledError):
        bench.indexer(on_progress=kill).run(source)


@pytest.mark.parametrize("done", range(1, 13))
def test_a_run_that_was_killed_between_loses_no_label(
    bench: Bench, tmp_path: Path, done: int
) -> None:
    folder = numbered(tmp_path / "f", {f"{one:02}.jpg": one for one in range(12)})
    bench.encoder.batch_size = 2
    bench.index(FolderSource(folder))
    label(bench, {f"f/{one:02}.jpg": f"label {one}" for one in range(12)})
    for one in range(12):  # every name gets the next one's picture, the last a new name
        (folder / f"{one:02}.jpg").rename(folder / f"{one:02}.tmp")
    for one in range(12):
        (folder / f"{one:02}.tmp").rename(folder / f"{one + 1:02}.jpg")
    killed_run(bench, FolderSource(folder), done)
    bench.index(FolderSource(folder))
    assert labels(bench) == {f"f/{one + 1:02}.jpg": f"label {one}" for one in range(12)}
    assert waiting(bench) == 0


def test_a_run_killed_before_labels_were_given_back_loses_none(
    bench: Bench, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_self: Indexer) -> None:
        raise KilledError

    (pair / "a.jpg").rename(pair / "z.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(Indexer, "_give_labels_back", killed)
        with pytest.raises(KilledError):
            bench.index(FolderSource(pair))
    assert "pair/a.jpg" not in bench.ids()
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/z.jpg": "cat", "pair/b.jpg": "dog"}


def test_what_a_source_says_stays_and_does_not_move(bench: Bench, tmp_path: Path) -> None:
    folder = numbered(tmp_path / "shop", {"a.jpg": 1, "b.jpg": 2})
    table = folder / "products.csv"
    table.write_text("id,image,kind\n1,a.jpg,from the table\n2,b.jpg,\n")
    pictures = numbered(tmp_path / "photos", {"x.jpg": 1})
    bench.index(FolderSource(pictures))
    label(bench, {"photos/x.jpg": "cat"})
    bench.index(open_source(table, ColumnRoles(id="id")))
    assert labels(bench)["1"] == "from the table"
    (pictures / "x.jpg").rename(pictures / "y.jpg")
    table.write_text("id,image,kind\n2,b.jpg,\n")
    shutil.copy(folder / "a.jpg", pictures / "from-shop.jpg")
    for source in (FolderSource(pictures), open_source(table, ColumnRoles(id="id"))):
        bench.index(source)
    assert "from the table" not in labels(bench).values()


def test_a_label_is_not_written_over_what_the_new_source_says(bench: Bench, pair: Path) -> None:
    shop = numbered(pair.parent / "shop", {"a.jpg": 1})
    (shop / "t.csv").write_text("id,image,kind\n1,a.jpg,lion\n")
    (pair / "a.jpg").unlink()
    bench.index(FolderSource(pair))
    bench.index(open_source(shop / "t.csv", ColumnRoles(id="id")))
    assert labels(bench) == {"1": "lion", "pair/b.jpg": "dog"}


def test_labels_of_records_removed_by_hand_are_gone(bench: Bench, pair: Path) -> None:
    bench.collection.remove(["pair/a.jpg"])
    shutil.copy(pair / "a.jpg", pair / "z.jpg")
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/b.jpg": "dog"}


def test_labels_written_anew_replace_those_that_wait(bench: Bench, pair: Path) -> None:
    picture = (pair / "a.jpg").read_bytes()
    (pair / "a.jpg").unlink()
    bench.index(FolderSource(pair))
    label(bench, {"pair/c.jpg": "cow"})
    (pair / "z.jpg").write_bytes(picture)
    bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/b.jpg": "dog", "pair/c.jpg": "cow"}


def test_a_label_a_person_corrected_moves_as_it_is(bench: Bench, pair: Path) -> None:
    with bench.collection.writing() as session:
        session.records.patch({"pair/a.jpg": {"kind": "lynx"}})
    (pair / "a.jpg").rename(pair / "z.jpg")
    bench.index(FolderSource(pair))
    assert labels(bench)["pair/z.jpg"] == "lynx"


def test_labels_from_before_they_moved_move_too(bench: Bench, pair: Path) -> None:
    bench.collection.close()
    older = SqliteCatalog(bench.collection.path / "catalog.sqlite")
    with older.writing() as session:
        schema.written_labels.drop(session.connection)
        schema.waiting_labels.drop(session.connection)
        session.connection.exec_driver_sql("DELETE FROM meta WHERE key = 'additions'")
    older.close()
    SqliteCatalog(bench.collection.path / "catalog.sqlite").close()
    (pair / "a.jpg").rename(pair / "z.jpg")
    with Collection(bench.collection.path) as again:
        bench.collection = again
        bench.index(FolderSource(pair))
    assert labels(bench) == {"pair/z.jpg": "cat", "pair/b.jpg": "dog"}
