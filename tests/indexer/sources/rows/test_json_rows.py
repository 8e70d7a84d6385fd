"""A line of JSON that is none, or too much, costs only itself."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.rows import json_rows, long_lines
from indexer.sources.rows.json_rows import read_json, read_json_lines
from indexer.sources.table import ColumnRoles, TableSource
from tests.support import Bench
from tests.support.processor_time import seconds

BAD = {
    1: b'{"id": "r1", "text',
    2: b"[1]",
    3: b'{"id": "r3", "text": "x \\ud800"}',
    4: b'{"id": "r\\ud8004", "text": "x"}',
    5: b'{"id": "r5", "text": "x", "k\\ud800": 1}',
    6: b'{"id": "r6", "text": "x", "k": {"z": ["\\ud800"]}}',
    7: b'{"id": "r7", "k": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
    8: b'{"id": "r8", "text": "x", "n": ' + b"9" * 5000 + b"}",
    9: b'{"id": "r9", "text": "%s"}' % (b"y" * 2000),
}


def test_bad_line_costs_itself(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lines, "MAX_LINE", 9000)
    lines = [json.dumps({"id": f"r{one}", "text": f"red {one}"}).encode() for one in range(12)]
    for number, line in BAD.items():
        lines[number] = line
    lines[9] = lines[9].replace(b"y", b"yyyyyyyy")
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join(lines))
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (3, len(BAD))
    assert bench.ids() == ["r0", "r10", "r11"]
    reasons = bench.skipped()
    assert reasons["#2"].startswith("line 2: no JSON")
    assert reasons["#3"] == "line 3: not a JSON object"
    assert all("half a character" in reasons[f"#{number}"] for number in (4, 5, 6, 7))
    assert "nested deeper than 50 levels" in reasons["#8"]
    assert "line 10: it is longer than the limit" in reasons["#10"]


def test_brackets_in_texts_are_not_nested(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    texts = ["[" * 51, "{" * 60 + '"\\' + "[" * 60, '\\"' * 40 + "[" * 99, "a ☃ [" * 51]
    rows = [json.dumps({"id": f"r{one}", "text": text}) for one, text in enumerate(texts)]
    deep = '{"text": "]]]]", "x": ' + "[" * 50 + '"]]"' + "]" * 50 + "}"
    path.write_text("\n".join([*rows, deep]))
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (4, 1)
    assert "nested deeper than 50 levels" in bench.skipped()["#5"]
    for text in texts:
        assert bench.collection.record(f"r{texts.index(text)}").parts[0].text == text


def test_text_that_does_not_end_is_looked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": "a", "text": "red"}\n{"text": "' + '[\\"' * 200_000)
    assert seconds(lambda: read_json_lines(path)) < 2


def test_different_fields_have_a_limit(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "_MAX_COLUMNS", 5)
    path = tmp_path / "t.jsonl"
    rows = [{"id": f"r{one}", "text": "red", f"field{one}": one} for one in range(6)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    tally = bench.index(TableSource(path, ColumnRoles())).tally
    assert (tally.added, tally.skipped) == (3, 3)
    assert "more different fields than the limit of 5" in bench.skipped()["#6"]


def test_many_different_fields_cost_the_rows_without_them_nothing(tmp_path: Path) -> None:
    rows = [{"id": one, "text": "red"} for one in range(10_000)]
    wide = [{f"{row}-{one}": 1 for one in range(400)} for row in range(20)]
    took = []
    for some in (rows, wide + rows):
        path = tmp_path / "t.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in some))
        took.append(seconds(partial(read_json_lines, path)))
    assert took[1] < 4 * took[0]  # 1.5; 30 where all names are gone through for each row


def test_cells_and_bytes_have_limits(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix, data in (
        ("jsonl", '{"id": 1, "text": "red"}\n' * 9),
        ("csv", "id,text\n1,r\n2,g\n"),
    ):
        path = tmp_path / f"t.{suffix}"
        path.write_text(data)
        for name, what in (
            ("MAX_CELLS", "more cells than"),
            ("MAX_TABLE_BYTES", "bytes, more than"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(long_lines, name, 4)
                with pytest.raises(SourceError, match=f"{what} the limit of 4; split it"):
                    bench.index(TableSource(path, ColumnRoles()))


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("cp1252", None),
        ("cp1250", "cp1250"),
    ],
)
def test_lines_are_read_in_the_encoding_they_are_in(
    tmp_path: Path, encoding: str, declared: str | None
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "Größe"}\n{"text": "größer"}\n\x00\n', encoding=encoding)
    rows, names, problems = read_json_lines(path, declared)
    assert (rows, names) == ([{"text": "Größe"}, {"text": "größer"}, {}], ["text"])
    assert list(problems) == [2]


@pytest.mark.parametrize(
    ("text", "rows", "problem"),
    [
        ('[{"id": 1, "t": "a"}, {"id": 2}]', [{"id": 1, "t": "a"}, {"id": 2}], ""),
        ('\ufeff\n[{"id": "ä"}]', [{"id": "ä"}], ""),
        ('{"count": 1, "data": [{"id": 1}]}', [{"id": 1}], ""),
        ('{"id": 1}\n{"id": 2}\n', [{"id": 1}, {"id": 2}], ""),
        ('[{"id": 1}, 5, {"id": 2}]', [{"id": 1}, {}, {"id": 2}], "item 2: not a JSON object"),
        ('[{"id": 1}, {"id": ', [{"id": 1}, {}], "item 2: no JSON (.*); what is behind it cannot"),
        ("[" * 100_000, [{}], "item 1: no JSON"),
    ],
)
def test_list_of_objects_is_a_table(
    tmp_path: Path, text: str, rows: list[dict[str, object]], problem: str
) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, encoding="utf-8")
    found, _, problems = read_json(path)
    assert list(found) == rows
    told = [one.message for one in problems.values()]
    assert re.match(problem, told[0]) if problem else not told


@pytest.mark.parametrize("text", ['"x"', '{"a": [{}], "b": [{}]}', '{"a": 1, "b": [1]}'])
def test_json_without_one_list_of_objects_is_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(SourceError, match="is no table: a file of JSON is a list of objects"):
        read_json(path)


def test_objects_in_lists_say_what_each_of_them_does(bench: Bench, tmp_path: Path) -> None:
    row = {
        "id": "shirt",
        "title": "Shirt",
        "variants": [
            {"sku": "S", "price": 5, "options": ["red", "small"], "stock": {"here": 3}},
            {"sku": "M", "price": 6.5, "options": ["red", "wide"]},
        ],
        "sizes": [["S", "M"], ["L"]],
        "outline": [[0.5, 1.5], [2.5, 3.5]],
    }
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(row))
    bench.index(TableSource(path, ColumnRoles()))
    assert bench.collection.record("shirt").metadata == {
        "title": "Shirt",
        "variants.sku": ["S", "M"],
        "variants.price": [5, 6.5],
        "variants.options": ["red", "small", "red", "wide"],
        "variants.stock.here": [3],
        "sizes": ["S", "M", "L"],
    }
