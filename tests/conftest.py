"""Fixtures that many tests want."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.support import Bench, close_shared_decoders, write_photos
from tests.support.buckets import Buckets, buckets
from tests.support.command_line import CommandLine, warm_command_line
from tests.support.longest_first import dealt
from tests.support.postgres_server import PostgresServer, postgres_server, programs_with_pgvector

gc.disable()  # while thousands of modules and tests are read, nothing of which is garbage


@pytest.hookimpl(trylast=True)  # of the tests that are left
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = [one for one in items if one.get_closest_marker("long")]
    others = [one for one in items if not one.get_closest_marker("long")]
    items[:] = dealt(long, others, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    gc.freeze()  # what was imported stays: to look through it again and again takes long
    gc.set_threshold(20_000)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def own_priority() -> Iterator[None]:
    """``binocle index`` makes way for others; run in this process it would slow all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: 0)
        yield


@pytest.fixture(autouse=True)
def no_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A browser of tests before leaves its event loop running, beside which no other can."""
    loop = asyncio._get_running_loop()
    if loop is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(scope="session", autouse=True)
def one_decoder() -> Iterator[None]:
    """Commands decode in one process unless a test says otherwise: each takes long to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BINOCLE_WORKERS", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """HTTP clients trust one of the usual authorities: to read all takes each of them 30 ms."""
    certificate = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----")
    path = tmp_path_factory.mktemp("authority") / "one.pem"
    path.write_text(certificate[0] + certificate[1], "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def ended_decoders() -> Iterator[None]:
    yield
    close_shared_decoders()


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line, whose imports are done."""
    with warm_command_line(tmp_path_factory.mktemp("warm")) as command_line:
        yield command_line


@pytest.fixture(scope="session")
def store() -> Iterator[Buckets]:
    """An object store that speaks S3."""
    with buckets() as store:
        yield store


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with postgres_server() as started:
        yield started


@pytest.fixture(scope="session")
def vector_server() -> Iterator[PostgresServer]:
    """A PostgreSQL with pgvector."""
    with postgres_server(programs_with_pgvector()) as started:
        yield started


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "collection")
    yield bench
    bench.collection.close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty pictures in two folders."""
    return write_photos(tmp_path / "photos")
