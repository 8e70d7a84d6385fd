"""Bodies that come too slowly or are told in two ways, and answers that begin too late."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.http.runtime import incoming
from api.http.runtime.incoming import Incoming
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array
from binocle_client import picture
from binocle_client.requests import RecordBody
from search.ranking.result_list import ResultList
from tests.support.service import Running, Serve, problem_of
from tests.support.sockets import all_of, connected, drip


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


def test_searches_of_a_batch_end_where_nobody_waits_for_them(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, pictures: list[bytes]
) -> None:
    """Those of the batch that is being worked on, too."""
    looked = threading.Semaphore(0)
    append = ResultList.append

    def slowly(listing: ResultList, *arguments: Any) -> None:
        looked.release()
        time.sleep(0.1)
        append(listing, *arguments)

    service = serve(request_timeout_s=0.5)
    client = service.client()
    client.put_collection("c")
    client.store("c", [RecordBody(id="x", images=[picture(pictures[0])])])
    monkeypatch.setattr(ResultList, "append", slowly)
    body = {"searches": [{"query": f"red {number}"} for number in range(30)]}
    answer = service.http().post("/v1/collections/c/search/batch", json=body)
    problem_of(answer, 503, "deadline")
    time.sleep(2)
    assert 0 < looked._value < 15, "it goes on though nobody waits"


def test_a_piece_that_came_while_the_service_stood_still_is_not_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that sleeps, or is very busy, finds what has come and that it is late at once."""
    monkeypatch.setattr(incoming, "PIECE_PATIENCE_S", 0.1)

    async def taken(piece: Message | None) -> Message:
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        async def receive() -> Message:
            await arrived.wait()
            assert piece is not None
            return piece

        scope = {"method": "POST", "path": "/", "headers": [(b"content-length", b"1")]}
        body = Incoming(receive, scope, 1000, 60)
        if piece is not None:
            loop.call_later(0.05, arrived.set)
        loop.call_soon(time.sleep, 0.3)  # both are due then
        return await body._next()

    whole = {"type": "http.request", "body": b"x", "more_body": False}
    assert asyncio.run(taken(whole)) == whole
    with pytest.raises(HTTPException) as refused:
        asyncio.run(taken(None))
    assert refused.value.status_code == 408
