"""A few trials with faults; ``python -m experiments.faults`` makes as many as one likes."""

from pathlib import Path

import pytest

from experiments.faults.injected import injected_trial
from experiments.faults.warm import WarmProgram, warm_program

pytestmark = pytest.mark.slow


@pytest.mark.long
@pytest.mark.parametrize(("kind", "seed"), [("io", 6), ("io", 23), ("kill", 9), ("kill", 11)])
def test_nothing_acknowledged_is_lost(
    program: WarmProgram, tmp_path: Path, kind: str, seed: int
) -> None:
    result = injected_trial(program, tmp_path / "trial", kind, seed)
    assert result.problems == ()
    assert result.has_fired


def test_nothing_acknowledged_is_lost_where_there_is_no_compiler(tmp_path: Path) -> None:
    with warm_program(tmp_path, None) as program:
        result = injected_trial(program, tmp_path / "trial", "io", 6)
    assert result.problems == ()
    assert result.has_fired
