"""Fixtures that many tests want."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Bench, picture_bytes


@pytest.fixture(scope="session", autouse=True)
def own_priority() -> Iterator[None]:
    """``binocle index`` makes way for others; run in this process it would slow all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: 0)
        yield


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
