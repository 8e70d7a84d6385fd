"""Reading tables, whatever their dialect."""

from pathlib import Path
from typing import Any

import pytest

from binocle.errors import SourceError
from indexer.sources.table import ColumnRoles, TableSource
from indexer.sources.table_files import read_table


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
