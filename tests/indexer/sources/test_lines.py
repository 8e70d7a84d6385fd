"""Text corpora."""

from pathlib import Path

from indexer.sources.lines import TextSource
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
