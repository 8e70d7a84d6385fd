"""A home with a collection of uploads and a folder, with all its caches."""

import shutil
from pathlib import Path

import pytest

from tests.support import picture_bytes
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``home`` and ``photos``; tests copy the home."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "photos").mkdir()
    for number in range(6):
        (folder / "photos" / f"{number}.jpg").write_bytes(picture_bytes(100 + number))
    fill(folder / "home", folder / "photos")
    assert run_cli(folder / "home", "search", "red", "-c", NAME)[0] == 0
    return folder


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled / "home", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "collections" / NAME
