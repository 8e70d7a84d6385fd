"""Deliveries: signed, only to public addresses, again until they are taken, over restarts too."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.http.runtime.background.deliveries import Deliveries, Sender, signature_of
from api.http.runtime.background.webhooks import Delivery, Webhook, Webhooks
from binocle.errors import UrlError
from tests.api.http.runtime.background.conftest import OpenState
from tests.support.receiver import Receiver, receiver

__all__ = ["receiver"]

_PATIENCE_S = 90.0
_EVENTS = ("job.done", "job.failed", "job.cancelled")


@pytest.fixture
def webhooks(tmp_path: Path, open_state: OpenState) -> Iterator[Webhooks]:
    file = open_state(tmp_path)
    yield Webhooks(file)
    file.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr("api.http.runtime.background.deliveries.DELAYS_S", (0.01, 0.01))
    monkeypatch.setattr("api.http.runtime.background.deliveries._LOOK_EVERY_S", 0.05)


def made(webhooks: Webhooks, receiver: Receiver) -> Webhook:
    return webhooks.add(receiver.url, events=_EVENTS, collections=None, owner="")


def sent(
    webhooks: Webhooks, sender: Sender, webhook: Webhook, is_entitled: Callable[[Webhook], bool]
) -> Delivery:
    """Have a test event sent until it has ended."""
    deliveries = Deliveries(webhooks, sender, is_entitled)
    deliveries.start()
    delivery_id = webhooks.enqueue_test(webhook.id)
    deliveries.wake()
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        [found] = [one for one in webhooks.deliveries(webhook.id) if one.id == delivery_id]
        if found.state != "waiting":
            break
        assert time.monotonic() < deadline
        time.sleep(0.01)
    deliveries.close()
    return found


def anybody(_: Webhook) -> bool:
    return True


def test_signature_is_that_of_standard_webhooks() -> None:
    # The example of https://github.com/standard-webhooks/standard-webhooks, whose libraries
    # take it; made anew here from its parts.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    content = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    expected = b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    signature = signature_of(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == f"v1,{expected}" == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_event_arrives_signed_and_once_where_it_is_taken(
    webhooks: Webhooks, receiver: Receiver
) -> None:
    webhook = made(webhooks, receiver)
    found = sent(webhooks, receiver.sender(), webhook, anybody)
    assert (found.state, found.status, found.attempts, found.error) == ("delivered", 204, 1, None)
    [(headers, body)] = receiver.got
    assert headers["host"] == f"receiver.example:{receiver.port}"
    assert headers["webhook-id"] == found.id
    moment = int(headers["webhook-timestamp"])
    assert abs(time.time() - moment) < 60
    assert headers["webhook-signature"] == signature_of(webhook.secret, found.id, moment, body)
    event = json.loads(body)
    assert (event["type"], event["data"]) == ("test", {"webhook": webhook.id})
    assert event["timestamp"].startswith("20")


def test_refused_event_is_sent_again_with_its_id_until_it_has_failed_for_good(
    webhooks: Webhooks, receiver: Receiver
) -> None:
    webhook = made(webhooks, receiver)
    receiver.statuses = [500, 302]
    found = sent(webhooks, receiver.sender(), webhook, anybody)
    assert (found.state, found.attempts) == ("delivered", 3)
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {found.id}
    assert len({body for _, body in receiver.got}) == 1
    receiver.statuses = [301, 404, 503]
    lost = sent(webhooks, receiver.sender(), webhook, anybody)
    assert (lost.state, lost.attempts, lost.status) == ("failed", 3, 503)
    assert lost.error == "answered with status 503"
    assert len(receiver.got) == 6  # redirects were not followed


def test_receiver_that_has_gone_ends_its_webhook(webhooks: Webhooks, receiver: Receiver) -> None:
    webhook = made(webhooks, receiver)
    receiver.statuses = [410]
    found = sent(webhooks, receiver.sender(), webhook, anybody)
    assert (found.state, found.attempts) == ("failed", 1)
    assert "410 Gone" in str(webhooks.find(webhook.id).ended)


def test_nobody_is_told_for_a_key_that_is_revoked(webhooks: Webhooks, receiver: Receiver) -> None:
    webhook = made(webhooks, receiver)
    found = sent(webhooks, receiver.sender(), webhook, lambda _: False)
    assert (found.state, found.attempts) == ("failed", 0)
    assert "revoked" in str(found.error)
    assert "revoked" in str(webhooks.find(webhook.id).ended)
    assert receiver.got == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "192.168.0.1"], ["::1"], []],
)
def test_only_public_addresses_are_connected_to(
    webhooks: Webhooks, receiver: Receiver, addresses: list[str]
) -> None:
    sender = Sender(ports=frozenset([receiver.port]), resolve=lambda _host, _port: addresses)
    found = sent(webhooks, sender, made(webhooks, receiver), anybody)
    assert (found.state, found.status) == ("failed", None)
    assert "no public address" in str(found.error)
    assert receiver.got == []


def test_name_is_resolved_once_for_a_connection(webhooks: Webhooks, receiver: Receiver) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    sender = receiver.sender(resolve=resolve)
    assert sent(webhooks, sender, made(webhooks, receiver), anybody).state == "delivered"
    assert asked == ["receiver.example"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://a.example/", "no http or https URL"),
        ("http://a.example:22/", "allowed are 80 and 443"),
        ("http://u:p@a.example/", "user name or a password"),
        ("nothing", "no http or https URL"),
        ("https://10.0.0.1/x", "10.0.0.1 is no public address"),
        ("http://[::1]/", "::1 is no public address"),
        ("http://localhost/x", "localhost is no public address"),
    ],
)
def test_url_that_can_never_be_sent_to_is_refused(url: str, why: str) -> None:
    with pytest.raises(UrlError, match=why):
        Sender().check(url)


def test_what_is_due_is_sent_by_the_next_service(
    tmp_path: Path, open_state: OpenState, receiver: Receiver
) -> None:
    file = open_state(tmp_path)
    first = Webhooks(file)
    webhook = made(first, receiver)
    due = first.enqueue_test(webhook.id)
    file.close()
    again = open_state(tmp_path)
    webhooks = Webhooks(again)
    found = sent(webhooks, receiver.sender(), webhook, anybody)
    assert {headers["webhook-id"] for headers, _ in receiver.got} >= {due, found.id}
    again.close()
