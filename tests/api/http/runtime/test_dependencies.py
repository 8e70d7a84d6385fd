"""What a key may see, and for how long."""

import threading
from pathlib import Path

import pytest

from api.container import Container
from tests.support.begun_requests import give, opened, told
from tests.support.service import Serve, problem_of


def test_backup_key_neither_reads_nor_writes(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("a")
    http = service.http(service.keys.add("nightly", "backup", None))
    for method, path in (
        ("GET", "/a"), ("GET", "/a/search?q=x"), ("GET", "/a/records"), ("PUT", "/b"),
        ("DELETE", "/a"), ("DELETE", "/a/records/x"),
    ):  # fmt: skip
        answer = http.request(method, f"/v1/collections{path}")
        problem_of(answer, 403, "key-not-allowed")
    for path in ("/v1/models", "/metrics"):
        problem_of(http.get(path), 403, "key-not-allowed")
    assert http.get("/v1/collections").json() == {"collections": []}


def test_key_sees_nothing_of_collections_it_is_not_for(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("mine")
    with service.container.open_collection("hidden", create=True) as hidden:
        hidden.claim_space(service.container.encoder("mini").space)
    key = service.keys.add("web", "read", ("mine",))
    whole = service.http(service.keys.add("all", "read", None))
    http = service.http(key)
    for path in ("/metrics", "/readyz", "/v1/models", "/v1/collections"):
        told = http.get(path)
        assert told.status_code == 200
        assert "hidden" not in told.text
        assert "mini" not in told.text, path
    assert http.get("/readyz").json()["collections"] == 1
    assert service.http().get("/readyz").json() == {"ready": True}
    problem_of(service.http("bnc_wrong").get("/readyz"), 401, "no-key")
    assert 'binocle_records{collection="mine"} 0.0' in http.get("/metrics").text
    assert 'binocle_records{collection="hidden"} 0.0' in whole.get("/metrics").text
    body = {"model": "mini", "input": "a"}
    problem_of(http.post("/v1/embeddings", json=body), 404, "unknown-model")
    assert whole.post("/v1/embeddings", json=body).status_code == 200


def test_what_goes_on_for_long_ends_with_its_key(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, goes_on = serve(sources=(tmp_path,)), threading.Event()
    service.client().put_collection("c")
    (tmp_path / "a.csv").write_text("id,text\n1,a\n")
    monkeypatch.setattr(Container, "indexer", lambda *_args, **_more: goes_on.wait(30))
    job = service.client().start_job("c", source=str(tmp_path / "a.csv"))
    keys = service.keys
    watching = service.http(keys.add("w", "read", None))
    with watching.stream("GET", f"/v1/collections/c/jobs/{job.id}/events") as answer:
        events = answer.iter_lines()
        assert next(events).startswith("event: ")
        keys.revoke("w")
        assert "event: failed" not in list(events)  # it ended before the job
    goes_on.set()
    line = b'{"image": "####"}\n'
    with opened(service, "c/lookups:lines", keys.add("l", "read", None)) as looking:
        give(looking, line)
        told(looking, b'"code":"invalid"')
        keys.revoke("l")
        give(looking, line)
        told(looking, b'"code":"no-key"')
