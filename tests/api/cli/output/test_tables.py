"""Tables on a terminal: what records say is shown, and never obeyed."""

import pytest

from api.cli.output.tables import print_rich_table
from api.terminal import without_controls


def test_what_records_say_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_rich_table(["id", "text"], [["a", "x\x1b]0;title\x07y \x9b31mz"], ["Zoë", "one\ntwo"]])
    lines = capsys.readouterr().out
    assert "x�]0;title�y �31mz" in lines
    assert not {"\x1b", "\x07", "\x9b"} & set(lines)
    assert "Zoë" in lines
    assert without_controls("one\ntwo\tthree") == "one\ntwo\tthree"
