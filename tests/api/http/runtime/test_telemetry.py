"""Spans of requests reach a collector over OTLP, without addresses and without words."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from api.http.runtime.telemetry import trace
from tests.support.service import running


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Give the address of a collector of traces, and what comes to it."""
    came: list[ExportTraceServiceRequest] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            came.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", came
        server.shutdown()


def facts(span: Span) -> dict[str, object]:
    return {
        one.key: one.value.string_value or one.value.int_value or None for one in span.attributes
    }


@pytest.mark.parametrize("names", ["", "http"])  # of the attributes: the old ones, the new ones
def test_spans_tell_what_the_access_log_tells_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    if names == "":
        monkeypatch.delenv("OTEL_SEMCONV_STABILITY_OPT_IN", raising=False)
    else:
        monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", names)
    with collector() as (address, came):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        with running(tmp_path / "home", telemetry=True) as service:
            http = service.http(service.keys.add("web", "write", None))
            http.put("/v1/collections/shop")
            found = http.get("/v1/collections/shop/search", params={"q": "my private words"})
            http.get("/v1/collections/shop/records/confidential")
            http.get("/nowhere/private")
    spans = [
        span
        for request in came
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert len(spans) == 4
    one = next(span for span in spans if span.name.endswith("/search"))
    assert one.name == "GET /v1/collections/{name}/search"
    told = facts(one)
    assert told["binocle.key"] == "web"
    assert told["binocle.collection"] == "shop"
    assert told["binocle.request_id"] == found.headers["x-request-id"]
    status = told.get("http.status_code") or told["http.response.status_code"]
    assert status == 200
    everything = repr(came)
    assert "private" not in everything
    assert "confidential" not in everything
    resource = {
        one.key: one.value.string_value for one in came[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "binocle"


def test_a_collector_that_never_answers_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        app = FastAPI()
        end = trace(app)
        TestClient(app).get("/")
        begun = time.monotonic()
        end()
        assert time.monotonic() - begun < 5, "its own limit is ten seconds and more"
