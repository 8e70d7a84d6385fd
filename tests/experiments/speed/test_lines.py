"""The measurement of imports: curl is answered while it sends."""

import json
import shutil
from pathlib import Path

import pytest

from experiments.speed.lines import Import, count, line_of, listed
from tests.support.service import running


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_lines_are_answered_before_the_next_are_sent(tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:
        service.client().put_collection("c")
        sending = Import(service.url)
        for first in (0, 3):
            sending.send([line_of(number) for number in range(first, first + 3)])
            sending.wait_for(first + 3)
        assert 1 <= sending.most_ahead <= 3
        assert json.loads(sending.finish()) == {"lines": 6, "stored": 6, "failed": 0}
        assert count(service.url) == 6
        assert list(listed(service.url)) == [f"r{number}" for number in range(6)]
