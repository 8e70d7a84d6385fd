"""Webhooks over HTTP: a real service, a real receiver, and who may have them."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest

from api.http.runtime.background.deliveries import signature_of
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.receiver import Receiver, receiver
from tests.support.service import Running, Serve, problem_of

__all__ = ["receiver"]


@pytest.fixture
def told(serve: Serve, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A service that may connect to the receiver, which has no public address."""
    sender = "api.http.runtime.background.background.Sender"
    monkeypatch.setattr(sender, receiver.sender)
    service = serve(webhooks=True)
    fill(service.client())
    return service


def fill(client: Client) -> None:
    for name in ("c", "other"):
        client.put_collection(name)
        client.store(name, [RecordBody(id="a", images=[picture(picture_bytes(1))])])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_end_of_a_job_is_told_signed_and_listed(told: Running, receiver: Receiver) -> None:
    client = told.client()
    client.put_alias("shop", "c")
    made = client.add_webhook(receiver.url, events=["job.done"], collections=["shop"])
    job = client.wait_for_job("c", client.start_duplicates("c").id)
    client.wait_for_job("other", client.start_duplicates("other").id)  # of nobody's interest
    until(lambda: [one.state for one in client.deliveries(made.id)] == ["delivered"])
    [(headers, body)] = receiver.got
    event = json.loads(body)
    assert (event["type"], event["data"]["id"]) == ("job.done", job.id)
    seen = told.http().get(f"/v1/collections/c/jobs/{job.id}").json()
    assert event["data"] == seen | {"collection": "shop"}  # the name the webhook was made for
    moment = int(headers["webhook-timestamp"])
    signature = signature_of(made.secret, headers["webhook-id"], moment, body)
    assert headers["webhook-signature"] == signature
    assert [one.id for one in client.deliveries(made.id)] == [headers["webhook-id"]]
    assert client.test_webhook(made.id).type == "test"
    until(lambda: len(receiver.got) == 2)
    assert [one.id for one in client.webhooks()] == [made.id]
    assert made.secret not in told.http().get("/v1/webhooks").text
    client.remove_webhook(made.id)
    assert client.webhooks() == []


def test_only_who_may_write_to_its_collections_has_a_webhook(
    told: Running, receiver: Receiver
) -> None:
    keys, body = told.keys, {"url": receiver.url}
    reader = told.http(keys.add("r", "read", None))
    own = told.http(keys.add("w", "write", ("c",)))
    every = told.http(keys.add("all", "write", None))
    mine = {**body, "collections": ["c"]}
    problem_of(reader.post("/v1/webhooks", json=mine), 403, "key-not-allowed")
    problem = problem_of(own.post("/v1/webhooks", json=body), 403, "key-not-allowed")
    assert "name those to be told of: c" in problem["detail"]
    theirs = {**body, "collections": ["c", "other"]}
    problem_of(own.post("/v1/webhooks", json=theirs), 403, "key-not-allowed")
    hook = own.post("/v1/webhooks", json=mine).json()["id"]
    other = every.post("/v1/webhooks", json=body).json()["id"]
    assert [one["id"] for one in own.get("/v1/webhooks").json()["webhooks"]] == [hook]
    assert len(every.get("/v1/webhooks").json()["webhooks"]) == 2
    assert reader.get("/v1/webhooks").json() == {"webhooks": []}
    for method, end in (("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        problem_of(own.request(method, f"/v1/webhooks/{other}{end}"), 404, "not-found")
    keys.revoke("w")
    until(lambda: every.post("/v1/collections/c/duplicates").status_code == 202)
    until(lambda: every.get("/v1/webhooks").json()["webhooks"][0]["ended"] is not None)
    problem_of(every.post(f"/v1/webhooks/{hook}/test"), 409, "webhook-ended")
    until(lambda: len(receiver.got) == 1)  # the other one's


def test_wrong_webhooks_are_refused(told: Running, receiver: Receiver, serve: Serve) -> None:
    http = told.http()
    post = partial(http.post, "/v1/webhooks")
    for url in ("ftp://a.example", "http://a.example:22/", "http://u@a.example/", "x", ""):
        answer = post(json={"url": url})
        assert answer.status_code == 422, url
        assert answer.json()["field"] == "url"
    problem_of(post(json={"url": receiver.url, "events": []}), 422, "invalid")
    problem_of(post(json={"url": receiver.url, "events": ["job.begun"]}), 422, "invalid")
    problem_of(post(json={"url": receiver.url, "collections": []}), 422, "invalid")
    strange = post(json={"url": receiver.url, "collections": ["c", "nobody"]})
    assert "'nobody'" in problem_of(strange, 404, "not-found")["detail"]
    problem_of(http.post("/v1/webhooks/nobody/test"), 404, "not-found")
    for _ in range(32):
        assert post(json={"url": receiver.url}).status_code == 201
    problem = problem_of(post(json={"url": receiver.url}), 422, "usage")
    assert "remove one first" in problem["detail"]


def test_webhooks_are_the_operators_to_allow(serve: Serve, receiver: Receiver) -> None:
    http = serve().http()
    problem = problem_of(
        http.post("/v1/webhooks", json={"url": receiver.url}), 403, "webhooks-not-allowed"
    )
    assert "BINOCLE_WEBHOOKS" in problem["detail"]
    assert http.get("/v1/webhooks").json() == {"webhooks": []}
