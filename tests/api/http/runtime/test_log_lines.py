"""The log tells who did what, and nothing that is nobody's business."""

import hashlib
import json
import logging
import time
from typing import Any

import pytest

from api.http.runtime.log_lines import configure_logs
from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve

_NAMES = ("binocle.access", "binocle.audit", "binocle.lookups", "binocle.login")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in _NAMES:
        caplog.set_level(logging.INFO, name)
    return caplog


def facts(logged: pytest.LogCaptureFixture, event: str, count: int) -> list[dict[str, Any]]:
    """Return the lines of a kind; one is written just after its answer."""
    deadline = time.monotonic() + 10
    while True:
        told = [getattr(record, "facts", {}) for record in logged.records]
        found = [one for one in told if one.get("event") == event]
        if len(found) >= count or time.monotonic() > deadline:
            assert len(found) == count
            return found
        time.sleep(0.01)


def test_every_request_has_a_line_with_the_name_of_its_key(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    service = serve()
    secret = service.keys.add("web", "write", None)
    http = service.http(secret)
    http.put("/v1/collections/c")
    answer = http.get("/v1/collections/c/search", params={"q": "my private words"})
    http.post("/v1/collections/c/search", json={"query": [{"text": "my private words"}]})
    line = facts(logged, "access", 3)[1]
    assert line["route"] == "/v1/collections/{name}/search"
    assert (line["method"], line["status"], line["key"]) == ("GET", 200, "web")
    assert (line["collection"], line["client"]) == ("c", "127.0.0.1")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["ms"] > 0
    assert "private" not in logged.text
    assert secret not in logged.text


def test_words_that_were_searched_for_are_told_where_the_operator_asks_for_them(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    http = serve(log_queries=True).http()
    http.put("/v1/collections/c")
    http.get("/v1/collections/c/search", params={"q": "red\nbag"})
    terms = [{"text": "a dog"}, {"vector": [1.0] * 512, "weight": -1}, {"text": "a lake"}]
    searches = [{"query": terms}, {"query": "cat"}, {"filter": {"n": 1}}]
    http.post("/v1/collections/c/search/batch", json={"searches": searches})
    lines = facts(logged, "access", 3)
    assert [line.get("query") for line in lines] == [None, "red\nbag", "a dog + a lake; cat; "]
    assert 'query="red\\nbag"' in logged.text, "it stays in its line"


def test_what_changes_something_is_audited_done_or_refused(
    serve: Serve, logged: pytest.LogCaptureFixture, pictures: list[bytes]
) -> None:
    service = serve()
    http = service.http(service.keys.add("boss", "admin", None))
    client = service.client(service.keys.add("maker", "write", None))
    client.put_collection("c")
    client.store("c", [RecordBody(id="x", images=[picture(pictures[0])], texts={"t": "secret"})])
    client.patch("c", "x", {"colour": "confidential"})
    client.delete("c", "x")
    http.post("/v1/keys", json={"name": "web", "scope": "read"})
    http.delete("/v1/keys/web")
    reader = service.http(service.keys.add("reader", "read", None))
    reader.delete("/v1/collections/c")
    reader.get("/v1/collections/c/search?q=dog")
    audit = facts(logged, "audit", 7)
    assert [(one["key"], one["method"], one["status"]) for one in audit] == [
        ("maker", "PUT", 200), ("maker", "POST", 200), ("maker", "PATCH", 200),
        ("maker", "DELETE", 204), ("boss", "POST", 201), ("boss", "DELETE", 204),
        ("reader", "DELETE", 403),
    ]  # fmt: skip
    assert (audit[1]["stored"], audit[1]["failed"]) == (1, 0)
    assert audit[3]["record_id"] == "x"
    assert (audit[4]["subject"], audit[5]["key_name"]) == ("web", "web")
    assert [one.get("collection") for one in audit] == ["c"] * 4 + [None] * 2 + ["c"]
    assert "secret" not in logged.text
    assert "confidential" not in logged.text


def test_who_looked_what_up_with_which_verdict_has_a_line(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    service = serve()
    client = service.client(service.keys.add("web", "write", None))
    client.put_collection("c")
    stored, other = encoded(drawn(1)), encoded(drawn(50))
    assert client.store("c", [RecordBody(id="a", images=[picture(stored)])]).failed == 0
    client.lookup_many("c", [stored, other], copies_only=True)
    known, unknown = sorted(facts(logged, "lookup", 2), key=lambda one: str(one["verdict"]))[::-1]
    assert (known["verdict"], known["record"], known["confidence"]) == ("same-file", "a", 1.0)
    assert known["sha256"] == hashlib.sha256(stored).hexdigest()
    assert (known["key"], known["collection"], known["client"]) == ("web", "c", "127.0.0.1")
    assert unknown["verdict"] == "none"
    assert unknown["sha256"] == hashlib.sha256(other).hexdigest()


def test_keys_that_are_refused_have_a_line(serve: Serve, logged: pytest.LogCaptureFixture) -> None:
    service = serve()
    secret = service.keys.add("web", "read", None)
    service.http().get("/v1/collections")
    service.http(secret[:-1]).get("/v1/collections")
    lines = facts(logged, "login", 2)
    assert [one["refused"] for one in lines] == [
        "an API key is needed", "the API key is not known",
    ]  # fmt: skip
    assert {one["client"] for one in lines} == {"127.0.0.1"}
    assert secret[:-1] not in logged.text


@pytest.mark.parametrize("name", ["v1", "collections", "records", "c"])
def test_route_is_the_same_whatever_a_collection_is_called(
    service: Running, logged: pytest.LogCaptureFixture, name: str
) -> None:
    http = service.http()
    http.put(f"/v1/collections/{name}")
    http.get(f"/v1/collections/{name}/records/records/{name}/x")
    http.post(f"/v1/collections/{name}/fields/x/y")
    http.request("PUT", f"/v1/collections/{name}/search")
    http.get(f"/v1/{name}")
    routes = [line["route"] for line in facts(logged, "access", 5)]
    assert routes[:2] == ["/v1/collections/{name}", "/v1/collections/{name}/records/{record_id}"]
    assert routes[3] == "/v1/collections/{name}/search"
    assert routes[4] == ("/v1/collections" if name == "collections" else "none")
    told = service.application.metrics.text({}, is_whole=True).decode()
    for route in filter(lambda route: "{" in route, routes):
        assert f'route="{route}"' in told
    assert f'route="/v1/collections/{name}' not in told
    assert 'route="/{name}' not in told


def test_nobody_writes_a_line_of_his_own(
    service: Running, logged: pytest.LogCaptureFixture
) -> None:
    service.http().delete("/v1/collections/c%0aaccess%20status=200")
    service.http().delete("/v1/collections/nobody/records/x%0aaudit%20key=boss")
    for record in logged.records:
        assert "\n" not in record.getMessage()


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_are_text_or_json(capfd: pytest.CaptureFixture[str], form: Any) -> None:
    root = logging.getLogger()
    before = [(handler, handler.formatter) for handler in root.handlers]
    handler = logging.StreamHandler()
    root.addHandler(handler)
    levels = {name: logging.getLogger(name).level for name in (*_NAMES, "uvicorn.error")}
    try:
        configure_logs(form)
        extra = {"facts": {"event": "access", "key": "web"}}
        logging.getLogger("binocle.access").info("access key=web", extra=extra)
        try:
            raise ValueError("no")
        except ValueError:
            logging.getLogger("api").exception("it failed")
    finally:
        root.removeHandler(handler)
        for one, formatter in before:
            one.setFormatter(formatter)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    told = capfd.readouterr().err
    if form == "text":
        assert "INFO binocle.access: access key=web" in told
        return
    first, second = (json.loads(line) for line in told.splitlines())
    assert (first["event"], first["key"], first["level"]) == ("access", "web", "info")
    assert second["message"] == "it failed"
    assert "ValueError" in second["exception"]
