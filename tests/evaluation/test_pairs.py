"""Tables of pairs, in the shapes people have them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from binocle.errors import SourceError
from evaluation.pairs import read_pairs
from indexer.sources.table import ColumnRoles
from tests.support import picture_bytes

ROWS = [("a.png", "one"), ("a.png", "two"), ("b.png", "three")]


def texts_of(path: Path, columns: ColumnRoles | None = None) -> dict[str, list[str]]:
    pairs = read_pairs(path, columns or ColumnRoles())
    return {one.key: [text.text for text in one.texts] for one in pairs.pictures}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate("ab"):
        (tmp_path / f"{name}.png").write_bytes(picture_bytes(number, format="PNG"))
    return tmp_path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_rows_of_one_picture_are_its_texts_in_every_format(folder: Path, suffix: str) -> None:
    table = folder / f"pairs{suffix}"
    if suffix == ".parquet":
        columns = {"image": [one for one, _ in ROWS], "caption": [one for _, one in ROWS]}
        pyarrow.parquet.write_table(pa.table(columns), table)
    elif suffix == ".jsonl":
        lines = [json.dumps({"image": image, "caption": text}) for image, text in ROWS]
        table.write_text("\n".join(lines))
    else:
        between = "," if suffix == ".csv" else "\t"
        lines = [between.join(row) for row in [("image", "caption"), *ROWS]]
        table.write_text("\n".join(lines))
    assert texts_of(table) == {"a.png": ["one", "two"], "b.png": ["three"]}


def test_an_id_of_each_row_does_not_tear_a_picture_apart(folder: Path) -> None:
    table = folder / "pairs.csv"
    table.write_text("id,image,caption\n1,a.png,one\n2,a.png,two\n2,b.png,three\n")
    assert texts_of(table) == {"a.png": ["one", "two"], "b.png": ["three"]}


def test_columns_may_be_named_one_or_both(folder: Path) -> None:
    table = folder / "pairs.csv"
    table.write_text("bild,caption,note\na.png,one,n\nb.png,two,m\n")
    assert texts_of(table, ColumnRoles(image="bild")) == {"a.png": ["one"], "b.png": ["two"]}
    named = ColumnRoles(image="bild", text=("note", "caption"))
    assert texts_of(table, named) == {"a.png": ["n", "one"], "b.png": ["m", "two"]}


def test_pictures_inside_a_table_are_read_like_files(folder: Path) -> None:
    table = folder / "pairs.parquet"
    cells = [{"bytes": picture_bytes(number), "path": f"{number}.jpg"} for number in (0, 1)]
    pyarrow.parquet.write_table(pa.table({"image": cells, "text": ["one", "two"]}), table)
    pairs = read_pairs(table, ColumnRoles())
    assert [one.images[0].read() for one in pairs.pictures] == [picture_bytes(0), picture_bytes(1)]


def test_rows_without_picture_or_text_are_counted(folder: Path) -> None:
    table = folder / "pairs.csv"
    table.write_text("image,caption\na.png,one\n,lonely\nb.png,\n")
    pairs = read_pairs(table, ColumnRoles())
    assert ([one.key for one in pairs.pictures], pairs.incomplete) == (["a.png"], 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("image,caption\n", "has no rows"),
        ("caption,price\nred,1\n", "holds pictures; name it with --image-column"),
        ("image,price\na.png,1\n", "holds texts; name it with --text-column"),
        ("x,y\n1,2\n", "cannot tell which columns"),
        ("image,caption\n,\n a.png,\n", "both a picture and a text"),
    ],
)
def test_what_is_missing_is_named(folder: Path, content: str, says: str) -> None:
    table = folder / "pairs.csv"
    table.write_text(content)
    with pytest.raises(SourceError, match=says):
        read_pairs(table, ColumnRoles())


def test_a_column_or_file_that_is_not_there_is_named(folder: Path) -> None:
    table = folder / "pairs.csv"
    table.write_text("image,caption\na.png,one\n")
    with pytest.raises(SourceError, match="no column 'picture'"):
        read_pairs(table, ColumnRoles(image="picture"))
    with pytest.raises(SourceError, match=r"cannot read .*nowhere.csv"):
        read_pairs(folder / "nowhere.csv", ColumnRoles())
