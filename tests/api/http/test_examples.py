"""The examples of docs/http.md are run as they stand there, against a service."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from binocle_client import picture
from binocle_client.requests import MetadataValue, RecordBody
from tests.support import ROOT, picture_bytes
from tests.support.service import Running, running

_PAGE = (ROOT / "docs" / "http.md").read_text("utf-8")
_NOT_RUN = {
    "...": "names something that only an earlier answer tells",
    "/v1/webhooks": "posts to an address outside",
    "/v1/aliases/shop": "the other examples have a collection of this name",
    "rules:back": "there are no three versions",
    "rules:publish": "names a state that only an earlier answer tells",
}


def commands_of(page: str) -> list[str]:
    """Return what is asked with curl; a command ends with the line that closes its quotes."""
    commands: list[str] = []
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        begun = ""
        for line in block.splitlines():
            begun += line + "\n"
            try:
                words = shlex.split(begun, comments=True)
            except ValueError:  # a quote is open
                continue
            if words[:1] == ["curl"]:
                commands.append(shlex.join(words))
            begun = ""
    return commands


_RUN = [one for one in commands_of(_PAGE) if not any(part in one for part in _NOT_RUN)]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """A service with what the examples speak of, and a folder with their files."""
    folder = tmp_path_factory.mktemp("examples")
    for number, name in enumerate(("beach.jpg", "bag.jpg")):
        (folder / name).write_bytes(picture_bytes(number))
    lines = [{"id": "sku-1", "texts": {"title": "Red bag"}}, {"id": "sku-2", "texts": []}]
    (folder / "products.ndjson").write_text("\n".join(map(json.dumps, lines)))
    ids = ["10008", *(f"sku-{n}" for n in range(1, 41))]
    with running(folder / "home") as service:
        client = service.client()
        for name in ("photos", "shop", "outlet"):
            client.put_collection(name)
            records = [record_of(one, n) for n, one in enumerate(ids)]
            assert client.store(name, records).failed == 0
        yield service, folder


def record_of(name: str, number: int) -> RecordBody:
    metadata: dict[str, MetadataValue | None] = {
        "price": 5.0 * number, "color": "red", "style": f"s{number % 3}", "stock": True,
        "brand": "Nike", "sales": number, "discontinued": 10 < number <= 16 or number > 34,
    }  # fmt: skip
    texts = {"title": f"Red bag {number}, a dog at the lake"}
    return RecordBody(
        id=name, images=[picture(picture_bytes(number % 20))], texts=texts, metadata=metadata
    )


def test_what_is_not_run_is_on_the_page() -> None:
    every = commands_of(_PAGE)
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
    blocks = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block.replace("http://localhost:8765", url), {})
    assert "sku-" in capsys.readouterr().out
