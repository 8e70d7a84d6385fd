"""Requests whose bodies come a piece at a time, while they are answered already."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.service import Running


@contextmanager
def opened(service: Running, path: str, key: str = "") -> Iterator[socket.socket]:
    """Give a connection on which a body of unknown length has begun.

    Args:
        service: Where to.
        path: What of ``/v1/collections/`` it is for; it takes lines.
        key: To ask with; an Authorization header without one beside it does not count.
    """
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        head = (
            f"POST /v1/collections/{path} HTTP/1.1\r\nHost: localhost\r\n"
            f"X-API-Key: {key}\r\nAuthorization: Bearer \r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(head.encode())
        yield connection


def give(connection: socket.socket, data: bytes) -> None:
    """Send a piece of the body."""
    connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def told(connection: socket.socket, wanted: bytes) -> bytes:
    """Return what was answered once something stands in it."""
    answer = b""
    while wanted not in answer:
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece
    return answer
