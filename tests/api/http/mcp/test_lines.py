"""Nothing that a record says ends its line."""

import json

from hypothesis import given
from hypothesis import strategies as st

from api.http.mcp.lines import line_of, shortened


@given(st.text())
def test_a_line_is_one_line_and_the_same_value(text: str) -> None:
    line = line_of({"a": [text]})
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert json.loads(line) == {"a": [text]}


def test_what_people_write_stays_readable() -> None:
    assert line_of("Rotes Kleid, 红色") == '"Rotes Kleid, 红色"'


def test_long_texts_are_cut() -> None:
    assert shortened("a\n b", 10) == "a b"
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
