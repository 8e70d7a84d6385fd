"""A row of a CSV that is too long costs only itself, and texts come in any encoding."""

from pathlib import Path

import pytest

from indexer.sources.rows import csv_rows
from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench


@pytest.mark.parametrize("bad", ["r3," + "x" * 2000, 'r3,"not closed', 'r3,"' + "x" * 2000])
@pytest.mark.parametrize("rows", [10, 200])
def test_bad_row_costs_itself(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str, rows: int
) -> None:
    monkeypatch.setattr(csv_rows, "MAX_LINE", 1000)
    path = tmp_path / "t.csv"
    lines = ["id,text", *(f"r{number},red {number}" for number in range(rows))]
    lines[4] = bad
    path.write_text("\n".join(lines))
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (rows - 1, 1)
    assert bench.skipped()["#4"].startswith("line 5: ")


def test_quotes_hold_lines_together(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,"a\nb"\n2,say "hi\n3,"say ""hi"""\n4,"at\nthe end"')
    rows, problems, _ = csv_rows.read_rows(path, None)
    assert not problems
    assert [row[1] for row in rows[1:]] == ["a\nb", 'say "hi', 'say "hi"', "at\nthe end"]


def test_quote_that_a_later_row_closes_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        'id,text,price\n1,"red,5\n2,blue,6\n3,"a ""fine"" bag",7\n'
        '4,"two\nlines" ,8\n5,"x "y" z",9\n'
    )
    rows, problems, _ = csv_rows.read_rows(path, None)
    assert [row[:1] for row in rows] == [["id"], [], ["2"], ["3"], ["4"], ["5"]]
    assert [one.message for one in problems.values()] == [
        "line 2: a quote in it is not closed; close it, or write it twice"
    ]
    assert rows[4] == ["4", "two\nlines ", "8"]


def test_encodings_are_told_apart_without_reading_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        filler = f"{'plain' * 40},row\n" * 10_000
        path.write_bytes(f"id;text\n{filler}a;café\n".encode(encoding))
        rows, problems, delimiter = csv_rows.read_rows(path, None)
        assert (rows[0], rows[-1]) == (["id", "text"], ["a", "café"])
        assert (dict(problems), delimiter) == ({}, ";")


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("sep=;\r\nid;title;price\r\n1;Red, shirt;12,50\r\n", "csv"),
        ('"sep=|"\nid|title|price\n1|Red, shirt|12,50\n', "csv"),
        ('id;"a,b,c,d";title;price\n1;x;Red, shirt;12,50\n', "csv"),
        ("id\ttitle\tprice\n1\tRed, shirt\t12,50\n", "tsv"),
        ("id\ttitle\tprice\n1\tRed, shirt\t12,50\n", "csv"),
    ],
)
def test_what_separates_cells_is_told_by_the_first_line(
    bench: Bench, tmp_path: Path, text: str, suffix: str
) -> None:
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(text.encode())
    bench.index(TableSource(path, ColumnRoles()))
    metadata = bench.collection.record("1").metadata
    assert (metadata["title"], metadata["price"]) == ("Red, shirt", "12,50")
    settled = bench.rows("select number from attributes where number is not null")
    assert (12.5,) in settled


def test_hint_of_the_separator_keeps_the_numbers_of_lines(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('sep=;\nid;title\n1;"open\n2;good\n')
    bench.index(TableSource(path, ColumnRoles()))
    assert bench.ids() == ["2"]
    assert "line 3: " in next(iter(bench.skipped().values()))


def test_declared_encoding_is_that_of_the_table(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("id,title\n1,赤いシャツ\n".encode("shift-jis"))
    bench.index(TableSource(path, ColumnRoles(encoding="shift-jis")))
    assert bench.collection.record("1").parts[0].text == "赤いシャツ"


def test_row_of_too_many_cells_costs_itself(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,title,price\n1,red shirt,5\n2,large, blue shirt,6\n3,green,7,,\n4,short\n")
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (3, 1)
    assert bench.ids() == ["1", "3", "4"]
    assert bench.skipped() == {
        "#2": "line 3: it has 4 cells, and the table 3 columns; put a cell with ',' in it between "
        "quotes"
    }


def test_further_cells_of_captions_are_their_rest(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("image,caption\na.jpg,a dog\nb.jpg,a dog, wet, runs\n")
    rows, problems, _ = csv_rows.read_rows(path, None)
    assert (rows[1:], problems) == ([["a.jpg", "a dog"], ["b.jpg", "a dog, wet, runs"]], {})
    path.write_text("caption\nA dog, wet, runs\nA cat\n")
    assert csv_rows.read_rows(path, None)[0][1:] == [["A dog, wet, runs"], ["A cat"]]


@pytest.mark.parametrize("above", ["# made by a shop\n", "Products\n\nMay 2024,,\n", "sep=;\n", ""])
def test_lines_above_the_names_of_columns_are_passed_over(
    bench: Bench, tmp_path: Path, above: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(above + 'id;title;price\n1;red shirt;5\n2;"open;6\n')
    bench.index(TableSource(path, ColumnRoles()))
    assert bench.ids() == ["1"]
    line = above.count("\n") + 3
    assert next(iter(bench.skipped().values())).startswith(f"line {line}: ")


def test_first_line_of_texts_alone_is_the_name_of_their_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("words\nthe title, of a book\na cat\n")
    assert csv_rows.read_rows(path, None, usual=("title",))[0] == [
        ["words"], ["the title, of a book"], ["a cat"],
    ]  # fmt: skip


def test_names_of_rows_may_have_no_name_themselves(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('"id" "title"\n"1" 7 "red"\n"2" 8 "blue"\n'.replace(" ", ","))
    rows, problems, _ = csv_rows.read_rows(path, None)
    assert (rows, problems) == ([["", "id", "title"], ["1", "7", "red"], ["2", "8", "blue"]], {})
