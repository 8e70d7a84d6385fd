"""Connections that stall end, there are only so many, and none keeps others out."""

import contextlib
import socket
import time
from collections.abc import Sequence

import pytest

from api.http import connection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array
from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Serve
from tests.support.sockets import all_of, connected, drip

_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


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
        sock.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n")
        drip(sock, b"a" * 9000, 0.05)
        assert all_of(sock).startswith(b"HTTP/1.1 404 ")
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
