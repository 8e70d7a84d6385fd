"""What is sent of a picture that was looked up: with a policy, what to do about it, too."""

import logging

import pytest

from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, problem_of

_LINES = {"Content-Type": "application/x-ndjson"}


def test_a_policy_says_what_to_do_at_every_door(
    service: Running, client: Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    record = RecordBody(id="d1", images=[picture(encoded(drawn(1)))])
    assert client.store(name, [record]).failed == 0
    policy = "block near-duplicate 0.95, review copy 0.5"
    part = encoded(drawn(1).crop((60, 40, 240, 180)))
    files = [encoded(drawn(1).resize((160, 120)), "JPEG"), part, encoded(drawn(50))]
    with caplog.at_level(logging.INFO, "binocle.lookups"):
        many = client.lookup_many(name, files, copies_only=True, policy=policy)
    each = list(client.lookup_each(name, files, copies_only=True, policy=policy))
    expected = ["block", "review", "pass"]
    assert [one.answer and one.answer.action for one in many] == expected
    assert [one.answer and one.answer.action for one in each] == expected
    assert client.lookup(name, part, policy=policy).action == "review"
    assert client.lookup(name, part).action is None
    logged = sorted(vars(one)["facts"]["action"] for one in caplog.records)
    assert logged == sorted(expected)
    wrong, path = {"policy": "block copies 0.5"}, f"/v1/collections/{name}"
    asked = {"url": "http://example.org/a.jpg", **wrong}
    answers = [
        service.http().post(f"{path}/lookup", json=asked),
        service.http().post(f"{path}/lookups", json={"pictures": [{}], **wrong}),
        service.http().post(f"{path}/lookups:lines", params=wrong, content="{}", headers=_LINES),
    ]
    assert [problem_of(one, 422, "bad-query")["field"] for one in answers] == ["policy"] * 3
