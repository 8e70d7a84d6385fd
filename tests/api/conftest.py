"""The real service under a real uvicorn, in a thread."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from api.cli.serve import config_of
from api.container import Container
from api.http.app import create_app
from api.keys import KeyRing
from api.settings import read_settings
from binocle_client import Client
from tests.support import picture_bytes

if TYPE_CHECKING:
    from tests.api.shop import Shop


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    url: str
    home: Path
    stack: ExitStack

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def keys(self) -> KeyRing:
        return KeyRing(self.home / "keys.json")

    def client(self, key: str | None = None) -> Client:
        return self.stack.enter_context(Client(self.url, key))

    def http(self, key: str | None = None) -> httpx.Client:
        headers = {"X-API-Key": key} if key else {}
        return self.stack.enter_context(
            httpx.Client(base_url=self.url, headers=headers, timeout=30)
        )


@contextmanager
def running(home: Path, **options: object) -> Iterator[Running]:
    container = Container(
        read_settings(**{"home": home, "workers": 2, "model": "colour", **options})
    )
    server = uvicorn.Server(config_of(create_app(container), log_level="warning"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with ExitStack() as stack:
        try:
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                time.sleep(0.01)
            yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", home, stack)
        finally:
            stack.close()
            server.should_exit = True
            thread.join(30)
            listener.close()
    assert not thread.is_alive()


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert (problem["status"], problem["code"]) == (status, code)
    return problem


Serve = Callable[..., Running]


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


@pytest.fixture
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
    from tests.api.shop import NAME, Shop, run_cli, write_shop

    folder = tmp_path_factory.mktemp("shop")
    table = write_shop(folder / "pictures")
    options = ("--id-column", "id", "--image-column", "image", "--text-column", "title")
    code, _, err = run_cli(folder / "home", "index", table, "-c", NAME, *options)
    assert code == 0, err
    with running(folder / "home") as service:
        yield Shop(service, folder / "pictures")
