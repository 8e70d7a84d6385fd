"""Clients that speak to a service byte by byte, and badly."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from tests.support.service import Running


@contextlib.contextmanager
def connected(service: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as sock:
        yield sock


def all_of(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            answer += piece
    return answer


def drip(sock: socket.socket, data: bytes, every_s: float) -> None:
    """Send byte by byte, until that is no longer possible."""

    def send() -> None:
        for number in range(len(data)):
            try:
                sock.sendall(data[number : number + 1])
            except OSError:
                return
            time.sleep(every_s)

    threading.Thread(target=send, daemon=True).start()
