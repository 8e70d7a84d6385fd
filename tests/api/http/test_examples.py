"""The examples of docs/http.md are run as they stand there, against a service."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.examples import blocks_of, example_service
from tests.support.service import Running

_NOT_RUN = {
    "...": "names something that only an earlier answer tells",
    "/v1/webhooks": "posts to an address outside",
    "/v1/aliases/shop": "the other examples have a collection of this name",
    "rules:back": "there are no three versions",
    "rules:publish": "names a state that only an earlier answer tells",
}


def commands() -> list[str]:
    """Return what is asked with curl; a command ends with the line that closes its quotes."""
    found: list[str] = []
    for block in blocks_of("sh"):
        begun = ""
        for line in block.splitlines():
            begun += line + "\n"
            try:
                words = shlex.split(begun, comments=True)
            except ValueError:  # a quote is open
                continue
            if words[:1] == ["curl"]:
                found.append(shlex.join(words))
            begun = ""
    return found


_RUN = [one for one in commands() if not any(part in one for part in _NOT_RUN)]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """A service with what the examples speak of, and a folder with their files."""
    folder = tmp_path_factory.mktemp("examples")
    with example_service(folder) as service:
        yield service, folder


def test_what_is_not_run_is_on_the_page() -> None:
    every = commands()
    assert len(_RUN) > 15
    assert [part for part in _NOT_RUN if not any(part in one for one in every)] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("command", _RUN)
def test_an_example_is_answered(asked: tuple[Running, Path], command: str) -> None:
    service, folder = asked
    words = shlex.split(command.replace("localhost:8765", f"127.0.0.1:{service.port}"))
    answer = subprocess.run(
        [*words, "--silent", "--show-error", "--fail-with-body"],
        cwd=folder, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for line in answer.stdout.splitlines():
        assert json.loads(line)


def test_the_python_examples_run(
    asked: tuple[Running, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    url = asked[0].url
    blocks = blocks_of("python")
    assert len(blocks) == 3
    for block in blocks:
        exec(block.replace("http://localhost:8765", url), {})
    assert "sku-" in capsys.readouterr().out
