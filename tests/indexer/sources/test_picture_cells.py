"""The pictures that cells of a table name."""

from pathlib import Path

import pytest

from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench, picture_bytes


@pytest.mark.parametrize(
    "cell",
    [
        """"['images/a.jpg', 'images/b.jpg']\"""",
        '"[""images/a.jpg"", ""images/b.jpg""]"',
        "images/a.jpg|images/b.jpg",
        "images/a.jpg; images/b.jpg",
        '"images/a.jpg, images/b.jpg"',
        '"a.jpg\nb.jpg"',
        "images\\a.jpg|images\\b.jpg",
    ],
)
def test_several_pictures_of_a_cell_are_pictures_of_the_record(
    bench: Bench, tmp_path: Path, cell: str
) -> None:
    (tmp_path / "images").mkdir()
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        (tmp_path / "images" / name).write_bytes(picture_bytes(seed))
    table = tmp_path / "t.csv"
    table.write_text(f"id,image,title\n1,{cell},two\n")
    bench.index(TableSource(table, ColumnRoles()))
    assert [part.kind for part in bench.collection.record("1").parts] == ["image", "image", "text"]
    assert bench.skipped() == {}


def test_file_whose_name_looks_like_a_list_is_one(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "a.jpg,b.jpg").write_bytes(picture_bytes(1))
    table = tmp_path / "t.csv"
    table.write_text('id,image\n1,"a.jpg,b.jpg"\n')
    bench.index(TableSource(table, ColumnRoles()))
    assert len(bench.collection.record("1").parts) == 1
