"""The real service under a real uvicorn, in a thread."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from binocle_client import Client
from tests.support import picture_bytes
from tests.support.service import Running, Serve, running

if TYPE_CHECKING:
    from tests.support.shop import Shop


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts services with settings of their own; the same home each time."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(tmp_path / "home", **options))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that a file's tests share, each with collections of its own."""
    with running(tmp_path_factory.mktemp("shared") / "home") as service:
        yield service


@pytest.fixture(scope="module")
def client(service: Running) -> Client:
    return service.client()


@pytest.fixture
def name(service: Running, request: pytest.FixtureRequest) -> str:
    """A fresh collection of the shared service."""
    name = f"c{abs(hash(request.node.nodeid)):x}"
    service.client().put_collection(name)
    return name


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    return [picture_bytes(number) for number in range(20)]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shop"]:
    """Sixty products behind every door; tests only read."""
    from tests.support.shop import NAME, Shop, run_cli, write_shop

    folder = tmp_path_factory.mktemp("shop")
    table = write_shop(folder / "pictures")
    options = ("--id-column", "id", "--image-column", "image", "--text-column", "title")
    code, _, err = run_cli(folder / "home", "index", table, "-c", NAME, *options)
    assert code == 0, err
    with running(folder / "home") as service:
        yield Shop(service, folder / "pictures")
