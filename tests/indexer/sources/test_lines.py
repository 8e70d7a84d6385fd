"""Text corpora."""

from pathlib import Path

import pytest

from binocle.errors import SourceError
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
    assert (tally.added, tally.skipped) == (2, 2)
    assert bench.ids() == ["t.txt#1", "t.txt#4"]
    assert bench.skipped().keys() == {"2", "5"}


TEXTS = ["Größe café", "rotes Hemd"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-32", "mac"]
)
def test_texts_in_any_usual_encoding(bench: Bench, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.txt"
    end = "\r" if encoding == "mac" else "\r\n"
    codec = "utf-8" if encoding == "mac" else encoding
    path.write_bytes("".join(one + end for one in TEXTS).encode(codec))
    bench.index(TextSource(path))
    found = [bench.collection.record(one).parts[0].text for one in bench.ids()]
    assert found == TEXTS
    assert TextSource(path).open(f"{path}#L1") == TEXTS[0].encode()


def test_encoding_may_be_declared(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes("赤いシャツ\n".encode("shift-jis"))
    bench.index(TextSource(path, "shift-jis"))
    assert bench.collection.record("t.txt#1").parts[0].text == "赤いシャツ"


def test_damage_makes_no_other_encoding_of_utf_8(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes("Größe\ncafé\n".encode() + b"bad \xff\n")
    bench.index(TextSource(path))
    texts = [bench.collection.record(one).parts[0].text for one in bench.ids()]
    assert texts == ["Größe", "café", "bad \ufffd"]


def test_lines_end_where_their_ends_are(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("one\u2028two\x0cthree\x85four\nfive\n", encoding="utf-8")
    bench.index(TextSource(path))
    assert bench.ids() == ["t.txt#1", "t.txt#2"]


def test_zero_bytes_in_a_text_are_dropped(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"a dog\na \x00cat\n\x00\nein Hund\n" + b"more words\n" * 200)
    bench.index(TextSource(path))
    texts = [text for _, text in TextSource(path)._read()][:3]
    assert texts == ["a dog", "a cat", "ein Hund"]
    binary = tmp_path / "b.txt"
    binary.write_bytes(b"\x7fELF" + bytes(200))
    with pytest.raises(SourceError, match=r"b\.txt is a binary file, not a text"):
        TextSource(binary).count()
