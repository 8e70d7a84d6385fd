"""``binocle train`` as a person and as a program meet it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli.main import cli
from binocle.errors import ModelError
from tests.support.training import draw_pairs

pytestmark = [pytest.mark.model, pytest.mark.slow]


def train(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["train", *map(str, arguments), "--device", "cpu"])


@pytest.mark.long
def test_an_interrupt_saves_the_state_and_names_resume(small_model: Path, tmp_path: Path) -> None:
    table = draw_pairs(tmp_path / "drawn", 60)
    out = tmp_path / "tuned"
    kept = {name: value for name, value in os.environ.items() if "BINOCLE" not in name}
    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "api.cli.main",
                "train",
                str(table),
                "--from",
                str(small_model),
            ),
            *("--out", str(out), "--epochs", "999", "--patience", "999", "--batch", "16"),
        ],
        env={**kept, "BINOCLE_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    while not (out / "checkpoint.pt").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after step" in errors.splitlines()[-1]
    assert "--resume to go on" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    other = train(table, "--from", small_model, "--out", out, "--resume", "--batch", 16)
    assert "changed since: recipe" in str(other.exception)


def test_json_tells_what_came_of_it(small_model: Path, tmp_path: Path) -> None:
    table = draw_pairs(tmp_path / "drawn", 65)
    (table.parent / "images" / "000.png").write_bytes(b"no picture")
    out = tmp_path / "tuned"
    done = train(table, "--from", small_model, "--out", out, "--epochs", 2, "--no-flip", "--json")
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (answer["trained_pictures"], answer["held_back_pictures"], answer["skipped"]) == (
        44, 20, 1,
    )  # fmt: skip
    assert answer["recipe"]["flip"] is False
    assert len(answer["before"]["text_to_image"]) == len(answer["after"]["image_to_text"]) == 3


def test_sentences_tell_recall_before_and_after(small_model: Path, tmp_path: Path) -> None:
    table = draw_pairs(tmp_path / "drawn", 60)
    out = tmp_path / "tuned"
    done = train(table, "--from", small_model, "--out", out, "--epochs", 1, "--lr", 1e-9)
    assert done.exit_code == 0, done.output
    said = done.stdout
    assert "trained on 40 pictures with 80 texts, measured on 20 others" in said
    assert "before  text→image " in said
    assert "its weights were kept" in said
    assert f"--model {out}" in said


def test_a_model_without_weights_is_refused_before_any_folder_is_made(tmp_path: Path) -> None:
    table = draw_pairs(tmp_path / "drawn", 60)
    refused = train(table, "--from", "colour", "--out", tmp_path / "out")
    assert isinstance(refused.exception, ModelError)
    assert not (tmp_path / "out").exists()
