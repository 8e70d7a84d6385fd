"""Webhooks as they are kept: what they are told of, and deliveries given to one at a time."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.aliases import AliasError
from api.http.runtime.background.job import Job
from api.http.runtime.background.job_store import JobStore
from api.http.runtime.background.webhooks import KEPT_DELIVERIES, Webhook, Webhooks
from api.service_state.state import ServiceState
from tests.api.http.runtime.background.conftest import OpenState

_EVENTS = ("job.done", "job.failed")


@pytest.fixture
def file(tmp_path: Path, open_state: OpenState) -> Iterator[ServiceState]:
    file = open_state(tmp_path)
    yield file
    file.close()


@pytest.fixture
def webhooks(file: ServiceState) -> Webhooks:
    return Webhooks(file, {"front": "c"}.get)  # type: ignore[arg-type]


def made(webhooks: Webhooks, *collections: str) -> Webhook:
    url = "https://a.example/"
    return webhooks.add(url, events=_EVENTS, collections=collections or None, owner="")


def test_webhook_is_told_of_its_collections_and_events_by_alias_too(
    webhooks: Webhooks, file: ServiceState
) -> None:
    every, front, other = made(webhooks), made(webhooks, "front"), made(webhooks, "other")
    ended = made(webhooks)
    webhooks.end(ended.id, "it was enough")
    for state in ("done", "cancelled"):
        job = Job("j", "index", "c", "photos")
        job.end(state)
        with file.using() as database:
            webhooks.enqueue_job(database, job.out())
    told = {one.webhook.id: json.loads(one.body) for one in webhooks.claim(8)}
    assert told.keys() == {every.id, front.id}
    assert told[front.id]["type"] == "job.done"
    assert [told[one.id]["data"]["collection"] for one in (front, every)] == ["front", "c"]
    assert webhooks.deliveries(other.id) == webhooks.deliveries(ended.id) == []
    webhooks.remove(every.id)
    assert webhooks.deliveries(every.id) == []
    assert len({one.secret for one in (every, front, other)}) == 3


def test_name_that_stands_for_nothing_costs_only_itself(file: ServiceState) -> None:
    def resolve(name: str) -> str:
        raise AliasError(f"{name!r} is a collection and an alias")

    webhooks = Webhooks(file, resolve)
    every, own, _strange = made(webhooks), made(webhooks, "shop", "c"), made(webhooks, "shop")
    store = JobStore(file, webhooks.enqueue_job)
    job = Job("j", "index", "c", "photos")
    store.add(job)
    job.end("done")
    store.save(job)
    kept = store.find("j")
    assert kept is not None
    assert kept.state == "done"
    assert {one.webhook.id for one in webhooks.claim(8)} == {every.id, own.id}


def test_the_last_deliveries_are_kept_and_all_that_are_due(webhooks: Webhooks) -> None:
    webhook = made(webhooks)
    for _ in range(KEPT_DELIVERIES + 2):
        webhooks.enqueue_test(webhook.id)
        [due] = webhooks.claim(1)
        webhooks.note(due, status=200, error=None, again_in_s=None)
    waiting = [webhooks.enqueue_test(webhook.id) for _ in range(3)]
    listed = webhooks.deliveries(webhook.id, 1000)
    assert [one.id for one in listed[:3]] == waiting[::-1]
    assert len(listed) == KEPT_DELIVERIES + 3


def test_delivery_is_given_to_one_at_a_time_and_again_when_it_was_lost(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = made(webhooks)
    first, second = (webhooks.enqueue_test(webhook.id) for _ in range(2))
    assert [one.id for one in webhooks.claim(8)] == [first]
    assert webhooks.claim(8, [webhook.id]) == []
    assert [one.id for one in webhooks.claim(8)] == [second]
    assert webhooks.claim(8) == []
    moment = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: moment)
    assert [one.id for one in webhooks.claim(8)] == [first]
