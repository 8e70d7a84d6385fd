"""Connections that stall end, there are only so many, and none keeps others out."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from api.http import connection
from api.http.runtime import incoming
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array
from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, Serve, problem_of

_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


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


@pytest.mark.parametrize("begun", [b"", _HEAD, b"GET /hea"])
def test_head_that_never_ends_is_ended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_PATIENCE_S", 0.5)
    service = serve()
    with connected(service) as sock:
        started = time.monotonic()
        sock.sendall(begun)
        if begun:
            drip(sock, b"X-A: " + b"a" * 1000, 0.05)
        assert all_of(sock).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started < 5


def test_body_of_an_answered_request_does_not_hold_the_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_PATIENCE_S", 0.5)
    service = serve()
    with connected(service) as sock:
        started = time.monotonic()
        sock.sendall(b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n")
        drip(sock, b"a" * 9000, 0.05)
        assert all_of(sock).startswith(b"HTTP/1.1 405 ")
        assert time.monotonic() - started < 5


def test_request_that_takes_longer_than_a_head_may_is_answered(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_PATIENCE_S", 0.3)
    encode_texts = ColourEncoder.encode_texts

    def slowly(encoder: ColourEncoder, texts: Sequence[str]) -> Float32Array:
        time.sleep(1.0)
        return encode_texts(encoder, texts)

    monkeypatch.setattr(ColourEncoder, "encode_texts", slowly)
    service = serve()
    body = {"model": "colour", "input": "red"}
    for _ in range(2):
        assert service.http().post("/v1/embeddings", json=body).status_code == 200


@pytest.mark.parametrize("patience", ["PIECE_PATIENCE_S", "BODY_PATIENCE_S", "MIN_BYTES_PER_S"])
def test_body_that_comes_too_slowly_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, patience: str
) -> None:
    """Whether it stops, or drips, or comes in pieces for ever."""
    monkeypatch.setattr(incoming, patience, 0.7)
    if patience == "MIN_BYTES_PER_S":
        monkeypatch.setattr(incoming, patience, 10_000)
        monkeypatch.setattr(incoming, "PIECE_PATIENCE_S", 1.0)
    service = serve()
    service.client().put_collection("c")
    with connected(service) as sock:
        started = time.monotonic()
        sock.sendall(
            b"POST /v1/collections/c/search HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
        )
        if patience != "PIECE_PATIENCE_S":
            drip(sock, b" " * 9000, 0.05)
        answer = all_of(sock)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"too-slow"' in answer
        assert time.monotonic() - started < 8


def test_client_that_does_not_take_its_answer_is_left(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "TAKE_PATIENCE_S", 0.5)
    service = serve()
    client = service.client()
    client.put_collection("c")
    big = picture_bytes(1, format="BMP", size=(2500, 2500))
    assert client.store("c", [RecordBody(id="x", images=[picture(big)])]).stored == 1
    assert client.image("c", "x") == big
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect(("127.0.0.1", service.port))
        sock.sendall(b"GET /v1/collections/c/records/x/image HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(3)
        assert len(all_of(sock)) < len(big)


def test_beyond_the_most_connections_idle_ones_make_room(serve: Serve) -> None:
    service = serve(max_connections=20)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(service)) for _ in range(60)]
        for _ in range(5):
            assert service.http().get("/healthz").status_code == 200
        assert idle[0].recv(100).startswith(b"HTTP/1.1 503 ")
        time.sleep(0.2)
        ended = 0
        for sock in idle:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                ended += sock.recv(1000, socket.MSG_PEEK) is not None
        assert 60 - ended <= 20


@pytest.mark.parametrize("order", [0, 1])
def test_length_told_in_two_ways_is_refused(service: Running, order: int) -> None:
    lengths = [b"Content-Length: 6\r\n", b"Transfer-Encoding: chunked\r\n"]
    both = lengths[order] + lengths[1 - order]
    with connected(service) as sock:
        sock.sendall(
            b"POST /v1/collections HTTP/1.1\r\nHost: localhost\r\n" + both + b"\r\n"
            b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        answer = all_of(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad-request"' in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_answer_that_does_not_begin_in_time_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Semaphore(0)
    encode_texts = ColourEncoder.encode_texts

    def slowly(encoder: ColourEncoder, texts: Sequence[str]) -> Float32Array:
        begun.release()
        time.sleep(0.4)
        return encode_texts(encoder, texts)

    monkeypatch.setattr(ColourEncoder, "encode_texts", slowly)
    service = serve(request_timeout_s=1.0, encode_batch=1)
    body = {"model": "colour", "input": [f"red {number}" for number in range(100)]}
    started = time.monotonic()
    problem = problem_of(service.http().post("/v1/embeddings", json=body), 503, "deadline")
    assert "1 s" in problem["detail"]
    assert time.monotonic() - started < 6
    time.sleep(1)
    worked = begun._value
    assert worked < 10, "it goes on though nobody waits"
