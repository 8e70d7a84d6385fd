"""Lines within limits, also of what never ends."""

from collections import deque
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.rows import long_lines


def test_lines_that_are_too_long_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lines, "MAX_LINE", 10)
    path = tmp_path / "lines"
    path.write_bytes(b"one\n" + b"x" * 11 + b"\n" + b"y" * 10)
    assert list(long_lines.bounded_lines(path)) == [b"one\n", None, b"y" * 10]
    assert list(long_lines.bounded_texts(path, "utf-8")) == ["one\n", None, "y" * 10]


def test_what_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lines, "MAX_TABLE_BYTES", 40_000_000)
    endless = Path("/dev/zero")
    for lines in (long_lines.bounded_lines(endless), long_lines.bounded_texts(endless, "utf-8")):
        with pytest.raises(SourceError, match="/dev/zero goes on beyond the limit of 40,000,000"):
            deque(lines, maxlen=0)
