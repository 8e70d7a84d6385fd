"""The real service under a real uvicorn, in a thread or in a process of its own."""

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.cli.serve import config_of
from api.container import Container
from api.http.app import create_app
from api.http.runtime.service import Service
from api.keys.key_ring import KeyRing
from api.settings import read_settings
from binocle_client import Client
from tests.support import shared_decoders


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    url: str
    container: Container
    stack: ExitStack
    application: Service

    @property
    def home(self) -> Path:
        return self.container.settings.home

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
            httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False)
        )


@contextmanager
def running(home: Path, **options: object) -> Iterator[Running]:
    container = Container(
        read_settings(**{"home": home, "workers": 2, "model": "colour", **options}),
        open_decoders=shared_decoders,
    )
    app = create_app(container)
    server = uvicorn.Server(config_of(app, container.settings, log_level="warning"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with ExitStack() as stack:
        try:
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                time.sleep(0.01)
            yield Running(
                f"http://127.0.0.1:{listener.getsockname()[1]}", container, stack, app.state.service
            )
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


def index_source(client: Client, source: Path) -> Any:
    """Have a source indexed into the collection ``c``; return the job when it has ended."""
    return client.wait_for_job("c", client.start_job("c", source=str(source)).id)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def served(
    home: Path,
    port: int,
    *options: str,
    verify: ssl.SSLContext | None = None,
    log: Path = Path(os.devnull),
    program: Sequence[str] = ("-m", "api.cli.main"),
    **settings: str,
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if "BINOCLE" not in name}
    with log.open("wb") as log_file:
        process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", str(port), *options],
            env={
                **environment,
                "BINOCLE_HOME": str(home),
                "BINOCLE_MODEL": "colour",
                **{f"BINOCLE_{name.upper()}": value for name, value in settings.items()},
            },
            stderr=log_file,
            stdout=subprocess.DEVNULL,
        )
    try:
        ready(process, port, verify)
        yield process
    finally:
        process.kill()
        process.wait(30)


def ready(
    process: "subprocess.Popen[bytes]", port: int, verify: ssl.SSLContext | None = None
) -> str:
    """Wait until a service answers; return its address."""
    url = f"{'https' if verify else 'http'}://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while True:
        assert process.poll() is None, "the service ended"
        assert time.monotonic() < deadline, "the service does not answer"
        try:
            if httpx.get(f"{url}/readyz", verify=verify or True).is_success:
                return url
        except httpx.TransportError:
            time.sleep(0.05)
