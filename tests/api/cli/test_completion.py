"""Completion in a real bash: commands, and collections without reading any."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from api.cli.main import main; main()"


def run(home: Path, *arguments: str, **variables: str) -> str:
    environment = {**os.environ, "BINOCLE_HOME": str(home), **variables}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(tmp_path: Path, shell: str) -> None:
    said = run(tmp_path, "completion", shell)
    assert f"_BINOCLE_COMPLETE={shell}_complete" in said
    if path := shutil.which(shell):
        checked = subprocess.run(
            [path, "-n"], input=said, text=True, capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stderr


def test_completing_brings_no_engine(tmp_path: Path) -> None:
    code = (
        "import sys; from api.cli.main import cli;"
        "from click.shell_completion import BashComplete;"
        "BashComplete(cli, {}, 'binocle', '_').get_completions(['info', '-c'], 'p');"
        "print([one for one in ('sqlalchemy', 'rich', 'numpy', 'torch') if one in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "BINOCLE_HOME": str(tmp_path)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
