"""A real receiver of webhooks."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.http.runtime.background.deliveries import Sender


class Receiver:
    """A real receiver, which answers as it is told, one status after the other."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("Location", receiver.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://receiver.example:{self.port}/hook?token=t"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sender(self, **options: Any) -> Sender:
        chosen: dict[str, Any] = {
            "ports": frozenset([self.port]),
            "is_allowed": lambda _: True,
            "resolve": lambda _host, _port: ["127.0.0.1"],
            **options,
        }
        return Sender(**chosen)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
