"""Archives, tables and text corpora as sources."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from binocle.errors import NothingIndexedError, SourceError
from indexer.sources.archive import ArchiveSource
from indexer.sources.lines import TextSource
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.table_files import read_table
from tests.support import Bench, picture_bytes

SAMPLES: dict[str, bytes] = {
    "shard/000.jpg": picture_bytes(0),
    "shard/000.txt": b"a dog at the lake\n",
    "shard/000.json": json.dumps(
        {"price": 3.5, "shop": {"city": "Oslo"}, "tags": ["a", "b"]}
    ).encode(),
    "shard/001.jpg": picture_bytes(1),
    "shard/001.json": json.dumps({"caption": "a cat"}).encode(),
    "shard/002.png": picture_bytes(2, format="PNG"),
    "shard/003.jpg": b"broken",
    "shard/.hidden.jpg": picture_bytes(3),
    "shard/README.md": b"hello",
    "__MACOSX/._000.jpg": b"x",
}


def make_tar(path: Path, mode: str, samples: Mapping[str, bytes] = SAMPLES) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in samples.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def make_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in SAMPLES.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip"])
def test_an_archive_in_webdataset_layout_becomes_records(
    bench: Bench, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"data{suffix}"
    modes = {".tar": "w", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
    if suffix == ".zip":
        make_zip(path)
    else:
        make_tar(path, modes[suffix])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (3, 2)
    name = path.name
    assert bench.ids() == [f"{name}/shard/{one}" for one in ("000.jpg", "001.jpg", "002.png")]
    record = bench.collection.record(f"{name}/shard/000.jpg")
    assert [part.text for part in record.parts] == [None, "a dog at the lake"]
    assert record.metadata["price"] == 3.5
    assert record.metadata["shop.city"] == "Oslo"
    assert record.metadata["tags"] == ["a", "b"]
    assert record.uri == f"{path}!/shard/000.jpg"
    assert bench.collection.record(f"{name}/shard/001.jpg").parts[1].text == "a cat"
    codes = dict(bench.rows("select key, code from items where code is not null"))
    assert codes == {"shard/003.jpg": "not-a-picture", "shard/README.md": "not-a-picture"}
    bench.encoder.images = 0
    assert bench.index(ArchiveSource(path)).tally.unchanged == 3
    assert bench.encoder.images == 0


def test_a_changed_archive_embeds_only_what_is_new_in_it(bench: Bench, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "data.tar", "w")
    bench.index(ArchiveSource(path))
    samples = {**SAMPLES, "shard/009.jpg": picture_bytes(9)}
    del samples["shard/002.png"]
    make_tar(path, "w", samples)
    bench.encoder.images = 0
    tally = bench.index(ArchiveSource(path)).tally
    assert bench.encoder.images == 1
    assert (tally.added, tally.removed) == (1, 1)


def test_a_truncated_archive_is_one_clear_error_and_removes_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    path = make_tar(tmp_path / "data.tar", "w")
    bench.index(ArchiveSource(path))
    path.write_bytes(path.read_bytes()[:2500])
    with pytest.raises(SourceError, match=r"data\.tar is damaged"):
        bench.index(ArchiveSource(path))
    assert len(bench.ids()) == 3


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n2,y\n", {"a": 1, "b": "x"}),
        ("a;b\n1,5;x\n", {"a": "1,5", "b": "x"}),
        ("a\tb\n1.50\tx\n", {"a": 1.5, "b": "x"}),
        ("a,b\n1,x\nn/a,y\n", {"a": 1, "b": "x"}),
        ("a,b\n1,x,too,many\n2\n", {"a": 1, "b": "x"}),
        ("\ufeffa,b\n12345678901234567890,x\n", {"a": "12345678901234567890", "b": "x"}),
        ('a,b\nyes,"two\nlines"\nno,z\n', {"a": True, "b": "two\nlines"}),
    ],
)
def test_csv_dialects_and_types(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert read_table(path).rows[0] == expected


def test_csv_in_other_encodings(tmp_path: Path) -> None:
    for encoding in ("cp1252", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes("id,name\n1,café\n".encode(encoding))
        assert read_table(path).rows[0]["name"] == "café"


def test_damaged_tables_are_one_clear_error(tmp_path: Path) -> None:
    for name, data in (
        ("a.parquet", b"PAR1xx"),
        ("b.jsonl", b"{"),
        ("c.csv", b""),
        ("d.csv", b"\0\1"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(SourceError, match=name.replace(".", r"\.")):
            TableSource(path, ColumnRoles()).count()


def test_remote_pictures_are_not_fetched(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,image\nx,https://example.org/a.jpg\n")
    with pytest.raises(NothingIndexedError, match="not on this machine"):
        bench.index(TableSource(table, ColumnRoles()))


def test_lines_of_a_text_file_are_records(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_text("a dog\n\n  a cat \nein Hund\n", encoding="utf-8")
    bench.index(TextSource(path))
    assert bench.ids() == ["captions.txt#1", "captions.txt#3", "captions.txt#4"]
    record = bench.collection.record("captions.txt#3")
    assert (record.parts[0].text, record.uri) == ("a cat", f"{path}#L3")
    path.write_text("first\na dog\na cat\nein Hund\n", encoding="utf-8")
    bench.encoder.texts = 0
    bench.index(TextSource(path))
    assert bench.encoder.texts == 1


def test_what_a_path_is_decides_how_it_is_read(tmp_path: Path) -> None:
    for name, kind in (
        ("a.csv", "table"), ("a.txt", "text"), ("a.tar.gz", "archive"), ("a.zip", "archive"),
        ("a.jpg", "file"), ("a.parquet", "table"),
    ):  # fmt: skip
        (tmp_path / name).touch()
        assert open_source(tmp_path / name, ColumnRoles()).kind == kind
    assert open_source(tmp_path, ColumnRoles()).kind == "folder"
    assert open_source(tmp_path / "a.txt", ColumnRoles(text=("caption",))).kind == "table"
    (tmp_path / "a.exe").touch()
    with pytest.raises(SourceError, match="neither a folder nor a file"):
        open_source(tmp_path / "a.exe", ColumnRoles())
    with pytest.raises(SourceError, match="there is nothing at"):
        open_source(tmp_path / "nowhere", ColumnRoles())


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


def test_members_of_one_name_and_links_all_have_an_outcome(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as archive:
        for seed in (1, 2):
            info = tarfile.TarInfo("../a.jpg")
            info.size = len(picture_bytes(seed))
            archive.addfile(info, io.BytesIO(picture_bytes(seed)))
        link = tarfile.TarInfo("b.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "../a.jpg"
        archive.addfile(link)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (2, 1)
    assert bench.ids() == ["twice.tar/../a.jpg", "twice.tar/../a.jpg~2"]
