"""A client that goes away stops costing, and harms nobody."""

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest

from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array
from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.support.service import Running, Serve

_EMBEDDED = r'binocle_encode_batch_size_sum\{kind="text"\} (\S+)'
_WORDS = " ".join(f"word{number}" for number in range(2000))


def metric(service: Running, pattern: str) -> float:
    found = re.search(pattern, service.http().get("/metrics").text)
    return float(found[1]) if found else 0.0


def gone(service: Running, route: str) -> float:
    return metric(service, rf'binocle_requests_total\{{.*route="{route}",status="499"\}} (\S+)')


def wait_until(condition: object, timeout_s: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def request(method: str, path: str, body: bytes = b"", *, sent: int | None = None) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body[:sent]


@contextmanager
def asking(service: Running, data: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(data)
        yield connection


def texts(count: int) -> list[str]:
    """Texts that take some milliseconds each."""
    return [f"{number} {_WORDS}" for number in range(count)]


def costly(count: int) -> bytes:
    return json.dumps({"model": "colour", "input": texts(count)}).encode()


@pytest.fixture
def slow(serve: Serve) -> Running:
    """A service that embeds one text after the other."""
    service = serve(encode_batch=1)
    service.client().put_collection("c")
    service.client().store("c", [RecordBody(id="red", texts={"t": "red"})])
    return service


def test_what_waits_for_a_client_that_went_is_never_embedded(
    slow: Running, caplog: pytest.LogCaptureFixture
) -> None:
    before = metric(slow, _EMBEDDED)
    with asking(slow, request("POST", "/v1/embeddings", costly(200))):
        wait_until(lambda: metric(slow, _EMBEDDED) > before)
    wait_until(lambda: gone(slow, "/v1/embeddings") == 1)
    embedded = metric(slow, _EMBEDDED)
    assert embedded < before + 200
    assert len(slow.client().search("c", "red").hits) == 1
    assert metric(slow, _EMBEDDED) <= embedded + 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_query_whose_client_went_while_it_waited_is_never_embedded(
    slow: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = metric(slow, _EMBEDDED)
    answers: list[httpx.Response] = []
    begun, released = threading.Event(), threading.Event()
    encode_texts = ColourEncoder.encode_texts

    def held(encoder: ColourEncoder, texts: Sequence[str]) -> Float32Array:
        begun.set()
        assert released.wait(60)
        return encode_texts(encoder, texts)

    monkeypatch.setattr(ColourEncoder, "encode_texts", held)

    def embed() -> None:
        body = costly(150)
        with httpx.Client(base_url=slow.url, timeout=60) as http:
            headers = {"Content-Type": "application/json"}
            answers.append(http.post("/v1/embeddings", content=body, headers=headers))

    thread = threading.Thread(target=embed)
    thread.start()
    assert begun.wait(30)
    with asking(slow, request("GET", "/v1/collections/c/search?q=blue+dog")):
        wait_until(lambda: metric(slow, r'binocle_encode_queue\{kind="text"\} (\S+)') > 0)
    wait_until(lambda: gone(slow, "/v1/collections/{name}/search") == 1)
    assert thread.is_alive(), "the query did not have to wait, so this shows nothing"
    released.set()
    thread.join(60)
    assert answers[0].status_code == 200
    assert metric(slow, _EMBEDDED) == before + 150


def test_client_that_goes_in_the_middle_of_a_body_is_no_error(
    slow: Running, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/v1/embeddings", "/v1/collections/c/records", "/v1/collections/c/search"):
        with asking(slow, request("POST", path, costly(2), sent=100)):
            time.sleep(0.1)
        route = path.replace("/c/", "/{name}/")
        wait_until(lambda route=route: gone(slow, route) == 1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_store_whose_client_went_is_done_wholly_or_not_at_all(
    slow: Running, pictures: list[bytes]
) -> None:
    client = slow.client()
    for number in range(12):
        records = [
            RecordBody(id=f"{number}-{one}", images=[picture(pictures[one])], texts={"t": "red"})
            for one in range(3)
        ]
        document = {"records": records}
        with asking(
            slow, request("POST", "/v1/collections/c/records", json.dumps(document).encode())
        ):
            time.sleep(0.004 * number)
    client.store("c", [RecordBody(id="last", texts={"t": "red"})])
    time.sleep(0.5)
    for number in range(12):
        there = []
        for one in range(3):
            answer = slow.http().get(f"/v1/collections/c/records/{number}-{one}")
            if answer.status_code == 404:
                continue
            record = client.record("c", f"{number}-{one}")
            assert [part.kind for part in record.parts] == ["image", "text"]
            assert client.image("c", record.id) == pictures[one]
            there.append(one)
        assert len(there) in (0, 3)


def test_client_that_asks_again_on_one_connection_is_answered_each_time(slow: Running) -> None:
    one = request("GET", "/v1/collections/c/search?q=red") + request("GET", "/healthz")
    with asking(slow, one) as connection:
        connection.settimeout(10)
        answer = b""
        while b'"status":"ok"' not in answer and (piece := connection.recv(65536)):
            answer += piece
    assert b'"hits":[' in answer
    assert answer.count(b"HTTP/1.1 200") == 2
