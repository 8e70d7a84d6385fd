"""What records say cannot command a terminal; files and pipes get it as it is."""

import gc
import logging
import sys

import pytest

from api.terminal import LogLines, leave, say

_HOSTILE = "a\x1b]0;title\x07 \x9b31m \u202egnp.exe\u2066\u200f\x7f"
_SHOWN = "a�]0;title� �31m �gnp.exe���"


@pytest.mark.parametrize("is_error", [False, True])
def test_a_terminal_is_shown_what_would_command_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_error: bool
) -> None:
    stream = sys.stderr if is_error else sys.stdout
    say(_HOSTILE, err=is_error)
    monkeypatch.setattr(stream, "isatty", lambda: True)
    say(_HOSTILE, err=is_error)
    say(_HOSTILE.encode(), err=is_error, nl=False)
    say("two\nlines\tof א שלום 👩\u200d🔬", err=is_error)
    told = capsys.readouterr()
    piped, *shown = (told.err if is_error else told.out).split("\n")
    assert piped == _HOSTILE
    assert shown == [_SHOWN, _SHOWN + "two", "lines\tof א שלום 👩\u200d🔬", ""]


def test_a_log_on_a_terminal_likewise(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("n", logging.WARNING, "", 1, "%s", (_HOSTILE,), None)
    assert LogLines().format(record) == _HOSTILE
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert LogLines().format(record) == _SHOWN


def test_a_process_that_ends_is_not_searched_for_garbage() -> None:
    try:
        with pytest.raises(SystemExit) as ended:
            leave(3, at_once=False)
        assert (ended.value.code, gc.get_freeze_count() > 10_000) == (3, True)
    finally:
        gc.unfreeze()
