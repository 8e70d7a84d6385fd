"""Tables of products and captions."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from binocle.errors import NothingIndexedError, SourceError
from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench, picture_bytes


def write_products(folder: Path) -> Path:
    (folder / "pictures").mkdir()
    for number in range(4):
        (folder / "pictures" / f"{number}.jpg").write_bytes(picture_bytes(number))
    table = folder / "products.csv"
    table.write_text(
        "sku,title,photo,price,stock,sold,code,added\n"
        '007,"Red, shoes",pictures/0.jpg,19.9,3,true,0012,2024-05-01\n'
        "8,Blue bag,pictures/1.jpg,5,,false,0013,2024-05-02\n"
        "9,Green hat,pictures/missing.jpg,7.25,2,true,0014,\n"
        "10,,pictures/2.jpg,1,1,false,0015,2024-06-01\n"
        "11,,,1,1,false,0016,\n"
    )
    return table


PRODUCT_COLUMNS = ColumnRoles("sku", "photo", ("title",))


def test_a_product_row_becomes_a_record_with_typed_metadata(bench: Bench, tmp_path: Path) -> None:
    table = write_products(tmp_path)
    tally = bench.index(TableSource(table, PRODUCT_COLUMNS)).tally
    assert (tally.added, tally.skipped) == (4, 2)
    record = bench.collection.record("007")
    assert [(part.kind, part.role) for part in record.parts] == [
        ("image", "photo"),
        ("text", "title"),
    ]
    assert record.uri == str(tmp_path / "pictures" / "0.jpg")
    wanted = {"title": "Red, shoes", "price": 19.9, "stock": 3, "sold": True, "code": "0012"}
    assert {name: record.metadata[name] for name in wanted} == wanted
    assert record.metadata["added"] == "2024-05-01"
    assert "stock" not in bench.collection.record("8").metadata


def test_a_product_whose_picture_is_missing_is_found_by_its_text_and_reported(
    bench: Bench, tmp_path: Path
) -> None:
    table = write_products(tmp_path)
    bench.index(TableSource(table, PRODUCT_COLUMNS))
    assert [part.kind for part in bench.collection.record("9").parts] == ["text"]
    codes = dict(bench.rows("select key, code from items where code is not null"))
    assert codes == {"9#picture-1": "missing", "11": "empty"}
    again = bench.index(TableSource(table, PRODUCT_COLUMNS)).tally
    assert (again.updated, again.added, again.removed) == (0, 0, 0)
    assert dict(bench.rows("select key, code from items where code is not null")) == codes
    (tmp_path / "pictures" / "missing.jpg").write_bytes(picture_bytes(30))
    bench.index(TableSource(table, PRODUCT_COLUMNS))
    assert [part.kind for part in bench.collection.record("9").parts] == ["image", "text"]
    assert bench.rows("select key from items where code is not null") == [("11",)]


def test_a_changed_price_changes_metadata_and_embeds_nothing(bench: Bench, tmp_path: Path) -> None:
    table = write_products(tmp_path)
    bench.index(TableSource(table, PRODUCT_COLUMNS))
    parts = bench.rows("select id from parts order by id")
    bench.encoder.images = bench.encoder.texts = 0
    table.write_text(table.read_text().replace("19.9", "14.9"))
    bench.index(TableSource(table, PRODUCT_COLUMNS))
    assert bench.collection.record("007").metadata["price"] == 14.9
    assert bench.encoder.images + bench.encoder.texts == 0
    assert bench.rows("select id from parts order by id") == parts


def test_rows_of_one_picture_are_one_record_with_all_captions(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    lines = ["image,caption"]
    for number in range(3):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(picture_bytes(number))
        lines += [f"{number}.jpg,caption {number} {word}" for word in ("one", "two", "three")]
    table = tmp_path / "captions.csv"
    table.write_text("\n".join(lines))
    bench.index(TableSource(table, ColumnRoles(image="image", text=("caption",))))
    assert bench.ids() == [f"captions.csv/{number}.jpg" for number in range(3)]
    parts = bench.collection.record("captions.csv/1.jpg").parts
    assert [part.kind for part in parts] == ["image", "text", "text", "text"]
    assert parts[3].text == "caption 1 three"


def test_usual_column_names_are_found_without_being_named(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(picture_bytes(0))
    table = tmp_path / "t.csv"
    table.write_text("id,image,title\nx,0.jpg,a title\n")
    bench.index(TableSource(table, ColumnRoles()))
    assert [part.kind for part in bench.collection.record("x").parts] == ["image", "text"]


def test_a_text_column_alone_makes_a_text_corpus(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_text("image,caption\na.jpg,one\na.jpg,two\n")
    assert bench.index(TableSource(table, ColumnRoles(text=("caption",)))).tally.added == 2
    assert bench.ids() == ["captions.csv/#1", "captions.csv/#2"]


def test_unknown_columns_are_named_with_those_there_are(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"no column 'colour'; it has: a, b"):
        TableSource(table, ColumnRoles(text=("colour",))).count()
    with pytest.raises(SourceError, match="--image-column or --text-column"):
        TableSource(table, ColumnRoles()).count()


ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": "one", "price": 1.5, "tags": ["x", "y"], "size": {"w": 3}},
    {"id": "b", "text": "two", "price": None, "tags": [], "size": {"w": 4}},
]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_jsonl_and_parquet_keep_their_types(bench: Bench, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)))
    else:
        pyarrow.parquet.write_table(pa.Table.from_pylist(ROWS), path)
    bench.index(TableSource(path, ColumnRoles("id", None, ("text",))))
    metadata = bench.collection.record("a").metadata
    assert metadata == {"text": "one", "price": 1.5, "tags": ["x", "y"], "size.w": 3}
    assert bench.collection.record("b").metadata == {"text": "two", "size.w": 4}


def test_remote_pictures_are_not_fetched(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,image\nx,https://example.org/a.jpg\n")
    with pytest.raises(NothingIndexedError, match="not on this machine"):
        bench.index(TableSource(table, ColumnRoles()))


def test_a_record_taken_over_comes_back_when_its_new_owner_gives_it_up(
    bench: Bench, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("id,title\n1,red\n2,blue\n")
    second.write_text("id,title\n2,green\n3,black\n")
    bench.index(TableSource(first, ColumnRoles()))
    assert bench.index(TableSource(second, ColumnRoles())).tally.taken_over == 1
    second.write_text("id,title\n3,black\n")
    bench.index(TableSource(second, ColumnRoles()))
    assert bench.ids() == ["1", "3"]
    assert bench.index(TableSource(first, ColumnRoles())).tally.updated == 1
    assert bench.collection.record("2").parts[0].text == "blue"


def test_pictures_inside_a_parquet_are_embedded(bench: Bench, tmp_path: Path) -> None:
    rows = [
        {"image": {"bytes": picture_bytes(n), "path": f"{n}.jpg"}, "label": n} for n in range(3)
    ]
    path = tmp_path / "set.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    assert bench.index(TableSource(path, ColumnRoles())).tally.images_embedded == 3
    assert bench.ids() == [f"set.parquet/{number}.jpg" for number in range(3)]
    assert bench.collection.record("set.parquet/1.jpg").metadata["label"] == 1


@pytest.mark.parametrize("columns", [ColumnRoles(), ColumnRoles(image="large, b=1")])
def test_picture_inside_a_parquet_is_opened_from_the_column_it_was_read_from(
    tmp_path: Path, columns: ColumnRoles
) -> None:
    row = {"md5": b"\x01\x02", "large, b=1": picture_bytes(1)}
    if columns.image:
        row["image"] = picture_bytes(2)
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist([row, row]), path)
    for candidate in TableSource(path, columns).scan("t"):
        (image,) = candidate.images
        source = TableSource.of(image.uri)
        assert source is not None
        assert source.open(image.uri) == image.read() == picture_bytes(1)


def test_pipes_and_devices_cost_only_their_rows(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "ok.jpg").write_bytes(picture_bytes(0))
    os.mkfifo(tmp_path / "pipe.jpg")
    table = tmp_path / "t.csv"
    table.write_text("id,image\na,ok.jpg\nb,/dev/zero\nc,pipe.jpg\nd,.\n")
    tally = bench.index(TableSource(table, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (1, 3)
    assert (
        bench.rows("SELECT message FROM items WHERE key IN ('b', 'c')")
        == [("the file cannot be read (it is not a regular file)",)] * 2
    )


def test_rows_that_share_an_id_and_differ_are_told_and_lose_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,title,price,color\nA,Shirt,10,Red\nA,Shirt,20,Green\nB,Trousers,30,Blue\n")
    report = bench.index(TableSource(path, ColumnRoles()))
    assert bench.collection.record("A").metadata == {
        "title": "Shirt",
        "price": [10, 20],
        "color": ["Red", "Green"],
    }
    assert bench.collection.record("B").metadata["price"] == 30
    (warning,) = report.warnings
    assert "id A twice" in warning


def test_captions_of_one_picture_are_no_reason_to_warn(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture_bytes(1))
    path = tmp_path / "captions.csv"
    path.write_text("id,image,caption\n1,a.jpg,a dog\n1,a.jpg,a brown dog\n")
    report = bench.index(TableSource(path, ColumnRoles()))
    assert report.warnings == ()
    assert "caption" not in bench.collection.record("1").metadata


@pytest.mark.parametrize("column", ["images", "jpg", "foto"])
@pytest.mark.parametrize("form", ["structs", "struct", "bytes"])
def test_column_of_pictures_is_found_by_what_it_holds(
    bench: Bench, tmp_path: Path, column: str, form: str
) -> None:
    one, two = picture_bytes(1), picture_bytes(2, format="PNG")
    cell: Any = {"structs": [{"bytes": one, "path": None}, {"bytes": two, "path": None}],
                 "struct": {"bytes": one, "path": "a.jpg"}, "bytes": one}[form]  # fmt: skip
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist([{"caption": "red", column: cell}]), path)
    bench.index(TableSource(path, ColumnRoles()))
    parts = bench.collection.record(bench.ids()[0]).parts
    assert [part.kind for part in parts].count("image") == (2 if form == "structs" else 1)
    assert TableSource(path, ColumnRoles()).open(parts[0].uri) == one


def test_column_of_names_of_pictures_is_found_whatever_it_is_called(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(picture_bytes(1))
    table = tmp_path / "t.csv"
    table.write_text("id,foto,title\n1,a.jpg,red\n2,,blue\n")
    bench.index(TableSource(table, ColumnRoles()))
    assert [part.kind for part in bench.collection.record("1").parts] == ["image", "text"]
