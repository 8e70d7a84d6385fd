"""A home with a collection of uploads and a folder."""

import shutil
from pathlib import Path

import pytest

from tests.support import picture_bytes
from tests.support.sound_collection import fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a collection; tests copy it."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "photos").mkdir()
    for number in range(6):
        (folder / "photos" / f"{number}.jpg").write_bytes(picture_bytes(100 + number))
    fill(folder / "home", folder / "photos")
    return folder / "home"


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "home")
    return tmp_path / "home"
