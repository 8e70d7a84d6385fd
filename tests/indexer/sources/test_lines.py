"""Text corpora."""

from pathlib import Path

import pytest

from indexer.sources.lines import TextSource
from indexer.sources.rows import long_lines
from tests.support import Bench


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


def test_long_line_costs_itself(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lines, "MAX_LINE", 100)
    path = tmp_path / "t.txt"
    path.write_bytes(b"\xef\xbb\xbfred\n" + b"x" * 1000 + b"\n\ngreen\x0cblue\r\n" + b"y" * 101)
    tally = bench.index(TextSource(path)).tally
    assert (tally.added, tally.skipped) == (3, 2)
    assert bench.ids() == ["t.txt#1", "t.txt#4", "t.txt#5"]
    assert bench.skipped().keys() == {"2", "6"}
