"""``binocle watch`` until it is told to stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import picture_bytes
from tests.support.shop import run_cli

_AT_NORMAL_PRIORITY = """
import os, sys
os.nice = lambda _: 0  # tests keep all cores busy, and what makes way for them ends after a minute
from api.cli import main
main.main(sys.argv[1:])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_pictures_follow_until_ctrl_c(tmp_path: Path, number: signal.Signals) -> None:
    home, photos = tmp_path / "home", tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(picture_bytes(1))
    environment = {name: value for name, value in os.environ.items() if "BINOCLE" not in name}
    with subprocess.Popen(
        [sys.executable, "-c", _AT_NORMAL_PRIORITY, "watch", str(photos), "-c", "photos"],
        env={**environment, "BINOCLE_HOME": str(home), "BINOCLE_MODEL": "colour"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "1 added" in process.stdout.readline()
        (photos / "b.jpg").write_bytes(picture_bytes(2))
        assert "1 added" in process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("\nstopped; what was found is kept\n")
    assert "Error" not in err


def test_a_collection_without_folders_is_told(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("red\nblue\n")
    assert run_cli(tmp_path / "home", "index", tmp_path / "words.txt")[0] == 0
    code, _, err = run_cli(tmp_path / "home", "watch")
    assert code == 2
    assert "name folders" in err
