"""A folder of drawn pictures, indexed by the command, and commands run in this process."""

from pathlib import Path

import pytest

from api.cli import main
from tests.support.drawings import drawn, encoded


def index_drawn(place: Path) -> Path:
    """Index a folder of four pictures, one of them twice; return the data home."""
    folder = place / "drawn"
    folder.mkdir()
    for seed in range(4):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    (folder / "2-small.jpg").write_bytes(encoded(drawn(2).resize((160, 120)), "JPEG"))
    assert run("--home", place / "home", "index", folder, "--model", "colour") == 0
    return place / "home"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main([str(one) for one in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code
