"""The service as a whole: problems, limits, hostile clients, health."""

import json
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from binocle import __version__
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support.service import Running, Serve, problem_of, running

_SMALL_BODY = 64 * 1024


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no-such-path"),
        ("GET", "/v1/collections/nobody", 404, "not-found"),
        ("GET", "/v1/collections/-bad", 422, "invalid"),
        ("POST", "/v1/collections", 405, "method-not-allowed"),
        ("DELETE", "/healthz", 405, "method-not-allowed"),
        ("GET", "/v1/collections/nobody/search", 404, "not-found"),
    ],
)
def test_problems_have_one_shape(
    service: Running, method: str, path: str, status: int, code: str
) -> None:
    problem_of(service.http().request(method, path), status, code)


def test_a_wrong_path_or_method_is_told_what_there_is(service: Running) -> None:
    asked = service.http().request
    gone = problem_of(asked("GET", "/v1/colections"), 404, "no-such-path")
    assert gone["detail"] == "there is no path /v1/colections; /openapi.json lists them"
    wrong = problem_of(asked("PUT", "/v1/collections/a/search"), 405, "method-not-allowed")
    assert wrong["detail"] == "PUT is not taken here; GET, POST is"


def test_problem_names_the_field(service: Running, name: str) -> None:
    url = f"/v1/collections/{name}"
    answer = service.http().get(f"{url}/records", params={"limit": 0})
    assert "limit" in problem_of(answer, 422, "invalid")["field"]
    answer = service.http().patch(f"{url}/records/a", json={"texts": {"title": ""}})
    assert problem_of(answer, 422, "invalid")["field"] == "texts.title"


def test_longest_filter_that_is_allowed_is_answered(service: Running, name: str) -> None:
    document = '{"a": "%s"}' % ("\U0001f339" * 3_990)
    answer = service.http().get(f"/v1/collections/{name}/records", params={"filter": document})
    assert answer.status_code == 200
    assert answer.json()["records"] == []


def test_every_answer_has_security_headers(service: Running) -> None:
    for path in ("/healthz", "/v1/collections", "/nowhere", "/v1/collections/nobody"):
        headers = service.http().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("route", ["records", "search", "search/batch", "jobs"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_body_over_the_limit_is_413(serve: Serve, route: str, is_chunked: bool) -> None:
    service = serve(max_body_bytes=_SMALL_BODY)
    service.client().put_collection("c")
    body = json.dumps({"query": "a" * _SMALL_BODY}).encode()

    def chunks() -> Iterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    answer = service.http().post(
        f"/v1/collections/c/{route}",
        content=chunks() if is_chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert ("transfer-encoding" in answer.request.headers) == is_chunked
    problem_of(answer, 413, "body-too-large")
    assert service.http().get("/healthz").status_code == 200


def bomb() -> bytes:
    """Return a PNG of a few bytes that says it is 100,000 x 100,000 pixels."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_hostile_pictures_fail_alone(client: Client, name: str, pictures: list[bytes]) -> None:
    hostile = {
        "truncated": pictures[0][:300],
        "header": pictures[0][:20],
        "bomb": bomb(),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "zeros": bytes(5000),
    }
    records = [RecordBody(id=key, images=[picture(data)]) for key, data in hostile.items()]
    good = RecordBody(id="good", images=[picture(pictures[1])])
    outcome = client.store(name, [*records, good])
    assert [one.status for one in outcome.results] == ["failed"] * len(hostile) + ["stored"]
    codes = {one.id: one.error.code for one in outcome.results if one.error}
    assert codes["bomb"] == "too-large"
    assert codes["truncated"] in ("truncated", "unreadable")
    assert set(codes.values()) <= {"truncated", "unreadable", "too-large", "not-a-picture"}
    for data in hostile.values():
        with pytest.raises(ClientError) as caught:
            client.search_image(name, data)
        assert caught.value.status in (413, 422)
    assert client.search_image(name, pictures[1]).hits[0].id == "good"


def test_client_that_stalls_holds_up_nobody(service: Running, client: Client, name: str) -> None:
    head = f"POST /v1/collections/{name}/records HTTP/1.1\r\n"
    head += "Host: localhost\r\nContent-Length: 9000\r\n"
    stalled = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(20)]
    try:
        for connection in stalled:
            connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n{")
        assert client.store(name, [RecordBody(id="x", texts={"t": "red"})]).stored == 1
        assert len(client.search(name, "red").hits) == 1
    finally:
        for connection in stalled:
            connection.close()
    assert client.collection(name).records == 1


def test_health_and_readiness_tell_what_is_there(serve: Serve) -> None:
    service = serve()
    http = service.http()
    assert http.get("/healthz").json() == {"status": "ok", "version": __version__}
    assert http.get("/readyz").json() == {"ready": True, "collections": 0, "models": []}
    service.client().put_collection("c")
    assert http.get("/readyz").json() == {"ready": True, "collections": 1, "models": ["colour"]}


def test_metrics_count_routes_not_paths(serve: Serve) -> None:
    service = serve()
    client, http = service.client(), service.http()
    client.put_collection("c")
    client.store("c", [RecordBody(id="x", texts={"t": "red"})])
    client.search("c", "red")
    for number in range(5):
        http.get(f"/nowhere/{number}")
        http.request(f"ODD{number}", "/healthz")
    text = http.get("/metrics").text
    assert 'binocle_records{collection="c"} 1.0' in text
    assert 'route="/v1/collections/{name}/search"' in text
    assert 'binocle_stage_seconds_count{stage="embed"} 1.0' in text
    assert "binocle_encode_batch_size" in text
    assert "nowhere" not in text
    assert "ODD" not in text


def test_docs_need_nothing_from_elsewhere(service: Running) -> None:
    page = service.http().get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://fastapi.tiangolo.com/img/favicon.png", "")


def open_files(folder: Path) -> list[str]:
    """Return the files below a folder that this process has open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = descriptor.readlink()
            if target.is_relative_to(folder):
                found.append(target.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_files_of_idle_collections_are_closed_and_opened_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    client = service.client()
    for name in ("a", "b", "c"):
        client.put_collection(name)
        client.store(name, [RecordBody(id="x", texts={"t": "red"})])
        assert len(client.search(name, "red").hits) == 1
    assert open_files(service.home / "collections")
    application = service.application
    monkeypatch.setattr("api.http.runtime.service._IDLE_S", 0.0)
    application.rest_idle()
    assert open_files(service.home / "collections") == []
    for name in ("a", "b", "c"):
        client.store(name, [RecordBody(id="y", texts={"t": "red"})])
        assert len(client.search(name, "red").hits) == 2
    monkeypatch.setattr("api.http.runtime.service._IDLE_S", 300.0)
    monkeypatch.setattr("api.http.runtime.service._MAX_AWAKE", 1)
    application.rest_idle()
    assert open_files(service.home / "collections" / "a") == []
    assert open_files(service.home / "collections" / "c")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_figures_of_collections_are_no_use_of_them(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    client, http = service.client(), service.http()
    client.put_collection("c")
    client.store("c", [RecordBody(id="x", texts={"t": "red"})])
    time.sleep(0.5)
    for path in ("/metrics", "/readyz", "/v1/collections"):
        assert http.get(path).status_code == 200
    monkeypatch.setattr("api.http.runtime.service._IDLE_S", 0.5)
    service.application.rest_idle()
    assert open_files(service.home / "collections") == []
    monkeypatch.setattr("api.http.runtime.service._IDLE_S", 300.0)
    for path in ("/metrics", "/readyz", "/v1/collections"):
        assert http.get(path).status_code == 200
    assert open_files(service.home / "collections")
    service.application.rest_idle()
    assert open_files(service.home / "collections") == []
    assert len(client.search("c", "red").hits) == 1
    http.get("/metrics")
    service.application.rest_idle()
    assert open_files(service.home / "collections")


def test_what_killed_processes_left_half_written_goes_with_a_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as service:
        service.client().put_collection("c")
    folder = home / "collections" / "c"
    (folder / "thumbnails" / "ab").mkdir(parents=True)
    old = [home / "keys.json.1.1.tmp", folder / "thumbnails" / "ab" / "x.jpg.1.1.tmp"]
    young = folder / "image.faiss.1.1.tmp"
    for path in (*old, young):
        path.write_bytes(b"half")
    for path in old:
        os.utime(path, (1e9, 1e9))
    with running(home):
        assert [path for path in old if path.exists()] == []
        assert young.exists()
