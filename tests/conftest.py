"""Fixtures that many tests want."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Bench, picture_bytes


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collection")
    yield bench
    bench.collection.close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty pictures in two folders."""
    folder = tmp_path / "photos"
    for number in range(20):
        path = folder / ("2019" if number % 2 else "2020") / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(number))
    return folder
