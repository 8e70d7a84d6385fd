"""A soak of some seconds, through the command."""

import re
import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.model
def test_clients_ask_in_every_way_and_are_answered() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "experiments.speed", "soak", "--minutes", "0.2", "--clients", "3"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    counts = re.findall(r"^(\w+) +(\d{3}) +(\d+)$", shown.stdout, re.MULTILINE)
    assert {status for _, status, _ in counts} <= {"200", "204"}, shown.stdout
    assert {"store", "words", "batch"} <= {kind for kind, _, _ in counts}
    assert re.search(
        r"^median MiB, once warm: first half [\d,]{2,}, second", shown.stdout, re.MULTILINE
    )
