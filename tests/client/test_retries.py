"""Both clients ask a full service again, and a broken connection where that does no harm."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from binocle_client import Client, ClientError
from tests.client.awaited import awaited

_FULL = b"HTTP/1.1 503 Full\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_MODELS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b'{"object":"list","data":[]}'
_JOB = (
    b'{"id":"j","kind":"index","collection":"c","source":"s","state":"%s","done":%d,"total":2,'
    b'"counts":{},"warnings":[],"error":null}'
)
_EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"


def event(state: bytes, done: int) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (state, _JOB % (state, done))


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve connections with one answer each and end them; yield the address and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    request = b""
                    while b"\r\n\r\n" not in request and (piece := connection.recv(65536)):
                        request += piece  # what is left unread would reset the connection
                    asked.append(request)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(10)
        assert not thread.is_alive(), "it was asked less often than it has answers"


@contextmanager
def opened(kind: str, url: str, **options: Any) -> Iterator[Client]:
    with Client(url, **options) if kind == "Client" else awaited(url, **options) as client:
        yield client


pytestmark = pytest.mark.parametrize("kind", ["Client", "AsyncClient"])


def test_a_full_service_and_a_broken_connection_are_asked_again(kind: str) -> None:
    with answering(_FULL, b"", _MODELS) as (url, asked), opened(kind, url) as client:
        assert client.models().data == []
    assert len(asked) == 3


def test_what_could_be_done_twice_is_not_asked_again(kind: str) -> None:
    with answering(b"") as (url, _), opened(kind, url) as client:
        with pytest.raises(ClientError) as refused:
            client.start_duplicates("c")
        assert (refused.value.status, refused.value.code) == (0, "unreachable")


def test_it_is_given_up_after_as_many_times_as_was_said(kind: str) -> None:
    with answering(_FULL, _FULL) as (url, _), opened(kind, url, retries=1) as client:
        with pytest.raises(ClientError) as refused:
            client.models()
        assert (refused.value.status, refused.value.code) == (503, "no-problem")


def test_events_go_on_over_broken_connections_and_nothing_is_told_twice(kind: str) -> None:
    waiting, half = event(b"waiting", 0), event(b"running", 1)
    answers = (
        _EVENTS + waiting + half[:40],
        _EVENTS + waiting + half,
        _FULL,
        _EVENTS + half + event(b"done", 2),
    )
    with answering(*answers) as (url, _), opened(kind, url) as client:
        told = [(one.state, one.done) for one in client.job_events("c", "j")]
    assert told == [("waiting", 0), ("running", 1), ("done", 2)]


def test_events_that_always_break_are_given_up(kind: str) -> None:
    with answering(_EVENTS, _EVENTS) as (url, _), opened(kind, url, retries=1) as client:
        with pytest.raises(ClientError) as refused:
            list(client.job_events("c", "j"))
        assert (refused.value.status, refused.value.code) == (0, "unreachable")
