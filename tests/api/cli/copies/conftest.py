"""A data home with pictures, one of them twice."""

import shutil
from pathlib import Path

import pytest

from tests.support.drawn_folder import index_drawn


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_drawn(tmp_path_factory.mktemp("indexed"))


@pytest.fixture
def home(indexed: Path, tmp_path: Path) -> Path:
    """A data home with a collection of four pictures, one of them twice."""
    return shutil.copytree(indexed, tmp_path / "home")
