"""A catalogue in a file, and one in memory: what every catalogue must do is tried with both."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from binocle.catalog.base import Catalog
from binocle.catalog.sqlite import SqliteCatalog
from tests.support.memory_catalog.catalog import MemoryCatalog

OPENERS: dict[str, Callable[[Path], Catalog]] = {"sqlite": SqliteCatalog, "memory": MemoryCatalog}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Catalog]:
    return OPENERS[request.param]


@pytest.fixture
def catalog(opener: Callable[[Path], Catalog], tmp_path: Path) -> Iterator[Catalog]:
    with closing(opener(tmp_path / "catalog.sqlite")) as opened:
        yield opened
