"""Bytes of texts as text."""

import pytest

from binocle.errors import UsageError
from indexer.sources.encodings import checked_encoding, decoded
from tests.support.processor_time import seconds

TEXT = "Größe café"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
def test_text_is_what_was_written(encoding: str) -> None:
    assert decoded(TEXT.encode(encoding)) == TEXT


def test_texts_beyond_ascii_are_told_quickly() -> None:
    data = "红色的鞋子和蓝色的包".encode() * 200_000
    assert seconds(lambda: decoded(data)) < 0.1


def test_declared_encoding_goes_behind_a_mark() -> None:
    assert decoded("赤い".encode("shift-jis"), "shift-jis") == "赤い"
    assert decoded(TEXT.encode("utf-16"), "shift-jis") == TEXT


def test_unknown_encodings_are_named() -> None:
    assert checked_encoding(None) is None
    assert checked_encoding("shift-jis") == "shift-jis"
    for name in ("klingon", "hex"):
        with pytest.raises(UsageError, match=name):
            checked_encoding(name)
