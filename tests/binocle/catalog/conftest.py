"""A catalogue in a file, one in PostgreSQL, one in memory: what each must do is tried with all."""

from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from binocle.catalog.base import Catalog
from binocle.catalog.postgresql.catalog import PostgresCatalog
from binocle.catalog.sqlite import SqliteCatalog
from tests.support.memory_catalog.catalog import MemoryCatalog
from tests.support.postgres_server import PostgresServer

Opener = Callable[[Path], Catalog]
OPENERS: dict[str, Opener] = {"sqlite": SqliteCatalog, "memory": MemoryCatalog}


@pytest.fixture(scope="session")
def postgres(server: PostgresServer) -> Callable[[Path], PostgresCatalog]:
    def opened(path: Path) -> PostgresCatalog:
        schema = f"of_{sha256(bytes(path)).hexdigest()[:16]}"
        return PostgresCatalog(sa.make_url(server.address), schema, busy_timeout_s=0.5)

    return opened


@pytest.fixture(params=[*OPENERS, pytest.param("postgresql", marks=pytest.mark.slow)])
def opener(request: pytest.FixtureRequest) -> Opener:
    if request.param == "postgresql":
        found: Opener = request.getfixturevalue("postgres")
        return found
    return OPENERS[request.param]


@pytest.fixture
def catalog(opener: Opener, tmp_path: Path) -> Iterator[Catalog]:
    with closing(opener(tmp_path / "catalog.sqlite")) as opened:
        yield opened
