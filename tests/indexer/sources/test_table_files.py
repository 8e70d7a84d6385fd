"""Reading tables, whatever their dialect."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from binocle.errors import SourceError
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.table_files import read_table
from tests.support import Bench


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n2,y\n", {"a": 1, "b": "x"}),
        ("a;b\n1,5;x\n", {"a": "1,5", "b": "x"}),
        ("a\tb\n1.50\tx\n", {"a": 1.5, "b": "x"}),
        ("a,b\n1,x\nn/a,y\n", {"a": 1, "b": "x"}),
        ("a,b\n1,x,too,many\n2\n", {"a": 1, "b": "x,too,many"}),
        ("a,b,c\n1,x\n2,y,z,\n", {"a": 1, "b": "x", "c": None}),
        ("\ufeffa,b\n12345678901234567890,x\n", {"a": "12345678901234567890", "b": "x"}),
        ('a,b\nyes,"two\nlines"\nno,z\n', {"a": True, "b": "two\nlines"}),
    ],
)
def test_csv_dialects_and_types(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert read_table(path).rows[0] == expected


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        ("country", ["NO", "NO", "NA"], ["NO", "NO", "NA"]),
        ("country", ["no", "NO"], ["no", "NO"]),
        ("answer", ["Yes", "", "Yes"], ["Yes", None, "Yes"]),
        ("answer", ["Yes", "no", "NA"], [True, False, None]),
        ("sold", ["true", "true"], [True, True]),
        ("title", ["True", "False"], ["True", "False"]),
        ("surname", ["Null", "None", "True"], ["Null", "None", "True"]),
        ("title", ["1984", "2001"], [1984, 2001]),
        ("id", ["1.10", "1.1"], ["1.10", "1.1"]),
        ("id", ["1e5", "2e3"], ["1e5", "2e3"]),
        ("shelf", ["12E4", "3E8", "7"], ["12E4", "3E8", 7]),
        ("phone", ["+4930123", "+4940123"], ["+4930123", "+4940123"]),
        ("measured", ["1e-05", "2.5e+16", "-3"], [1e-05, 2.5e16, -3.0]),
    ],
)
def test_cells_come_back_as_they_are_written(
    tmp_path: Path, column: str, cells: list[str], expected: list[object]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{one},x\n" for one in [column, *cells]))
    assert [row[column] for row in read_table(path).rows] == expected


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


JSON_LINES = "".join(f'{{"id": "r{one}", "text": "red {one}"}}\n' for one in (1, 2, 3)).encode()
COMMAS = b"id,text\nr1,red 1\nr2,red 2\nr3,red 3\n"


def parquet_of(texts: bytes) -> bytes:
    """Return a table of three texts of two bytes each, which need not be Unicode."""
    offsets = pa.py_buffer(b"".join(place.to_bytes(4, "little") for place in (0, 2, 4, 6)))
    column = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(texts)])
    file = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table({"id": ["r1", "r2", "r3"], "text": column}), file)
    return bytes(file.getvalue())


@pytest.mark.parametrize(
    ("suffix", "sound", "damaged"),
    [
        ("jsonl", JSON_LINES, JSON_LINES[:40]),
        ("ndjson", JSON_LINES, JSON_LINES.replace(b'"r2"', b'"r2')),
        ("csv", COMMAS, COMMAS.replace(b"red 2", b'"red 2')),
        ("tsv", COMMAS.replace(b",", b"\t"), COMMAS.replace(b",", b"\t").replace(b"r3", b'"r3')),
        ("parquet", parquet_of(b"aabbcc"), parquet_of(b"aa\xff\xfecc")),
    ],
    ids=["jsonl", "ndjson", "csv", "tsv", "parquet"],
)
def test_table_that_was_damaged_keeps_its_records_until_it_is_mended(
    bench: Bench, tmp_path: Path, suffix: str, sound: bytes, damaged: bytes
) -> None:
    path = tmp_path / f"t.{suffix}"
    for content, skipped in ((sound, 0), (damaged, 1), (sound, 0)):
        path.write_bytes(content)
        tally = bench.index(TableSource(path, ColumnRoles())).tally
        assert (tally.removed, tally.skipped) == (0, skipped)
        assert bench.ids() == ["r1", "r2", "r3"]
        assert len(bench.skipped()) == skipped


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04rest", "a ZIP archive"), (b"\x1f\x8b\x08rest", "compressed with gzip")],
)
def test_table_by_name_only_is_told_what_it_is(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f"t.csv is {kind}.*; save its table as .csv"):
        read_table(path)
