"""Processes of the program: their codes, what they print, standing still and being ended."""

from pathlib import Path

import pytest

from experiments.faults.warm import WarmProgram

pytestmark = pytest.mark.slow


def test_command_ends_with_its_code_and_what_it_printed(
    program: WarmProgram, tmp_path: Path
) -> None:
    child = program.start(["info", "-c", "none"], tmp_path / "home")
    assert child.wait() == 1
    assert "there is no collection 'none'" in child.printed()
    assert program.start(["--version"], tmp_path / "home").wait() == 0


def test_process_stands_still_until_it_goes_on_or_is_ended(
    program: WarmProgram, tmp_path: Path
) -> None:
    child = program.start(["follow", str(tmp_path / "nothing")], tmp_path / "home")
    assert not child.is_stopped()
    child.stop()
    assert child.is_stopped()
    assert child.code() is None
    child.resume()
    child.end()
    assert child.wait() == -9
