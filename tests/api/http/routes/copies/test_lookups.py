"""Reverse lookup of many pictures at once: an outcome each, and a bad one costs itself."""

import base64
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from binocle.network.url_fetcher import Fetcher, FetchLimits
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, problem_of, running

_LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def stored(client: Client, name: str) -> str:
    """Two pictures in a collection."""
    records = [RecordBody(id=f"d{n}", images=[picture(encoded(drawn(n)))]) for n in (1, 2)]
    assert client.store(name, records).failed == 0
    return name


def small(number: int) -> bytes:
    return encoded(drawn(number).resize((160, 120)), "JPEG")


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_each_of_many_pictures_has_its_outcome(service: Running, stored: str) -> None:
    asked = [
        {"image": in_base64(small(1)), "name": "one"},
        {"image": in_base64(b"no picture"), "name": "two"},
        {"image": "####"},
        {"url": "http://example.org/a.jpg"},
        {},
        {"image": in_base64(encoded(drawn(50)))},
    ]
    path = f"/v1/collections/{stored}/lookups"
    answer = service.http().post(path, json={"pictures": asked, "copies_only": True})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [one["number"] for one in results] == [1, 2, 3, 4, 5, 6]
    assert [one["name"] for one in results][:2] == ["one", "two"]
    assert [one["error"] and one["error"]["code"] for one in results] == [
        None, "not-a-picture", "invalid", "bad-url", "invalid", None,
    ]  # fmt: skip
    found = [(one["answer"]["verdict"], len(one["answer"]["candidates"])) for one in results[::5]]
    assert found == [("near-duplicate", 1), ("none", 0)]
    assert "not allowed" in results[3]["error"]["detail"]


@pytest.mark.parametrize("path", ["lookups", "lookups:lines"])
def test_a_damaged_hash_list_refuses_each_picture_and_says_why(
    service: Running, stored: str, path: str
) -> None:
    kept = service.home / "collections" / stored / "shared.hashes.csv"
    kept.write_text("hash,label,sha256:00\n")
    url, asked = f"/v1/collections/{stored}/{path}", {"image": in_base64(small(1))}
    try:
        if path == "lookups":
            answer = service.http().post(url, json={"pictures": [asked]})
        else:
            answer = service.http().post(url, content=json.dumps(asked), headers=_LINES)
    finally:
        kept.unlink()
    told = answer.json()
    (outcome,) = told["results"] if path == "lookups" else [told]
    assert outcome["error"]["code"] == "damaged-list"
    said = f"the hash list 'shared' of the collection '{stored}' is damaged (it is not what its "
    assert outcome["error"]["detail"].startswith(said)


def test_files_of_a_form_are_looked_up_in_their_order(service: Running, stored: str) -> None:
    files = [("image", (f"{n}.jpg", small(n))) for n in (2, 1)]
    path, options = f"/v1/collections/{stored}/lookups", {"lookups": '{"copies_only": true}'}
    results = service.http().post(path, files=files, data=options).json()["results"]
    assert [one["answer"]["candidates"][0]["id"] for one in results] == ["d2", "d1"]
    problem_of(service.http().post(path, json={"pictures": [{}] * 65}), 422, "invalid")
    problem_of(service.http().post(path, json={"pictures": []}), 422, "invalid")


def test_lines_are_answered_with_a_line_each(service: Running, stored: str) -> None:
    lines = [
        json.dumps({"image": in_base64(small(2)), "name": "second"}),
        "",
        "no json",
        '{"colour": 1}',
        json.dumps({"image": in_base64(small(1))}),
    ]
    path = f"/v1/collections/{stored}/lookups:lines?copies_only=true&limit=1"
    answer = service.http().post(path, content="\n".join(lines), headers=_LINES)
    assert answer.headers["content-type"] == "application/x-ndjson"
    outcomes = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["number"] for one in outcomes] == [1, 3, 4, 5]
    assert outcomes[0]["name"] == "second"
    assert [one["error"]["code"] for one in outcomes[1:3]] == ["invalid", "invalid"]
    assert [one["answer"]["candidates"][0]["id"] for one in outcomes[::3]] == ["d2", "d1"]
    problem_of(service.http().post(path, json={}), 422, "invalid")


def test_client_looks_many_up(client: Client, stored: str) -> None:
    good, bad = client.lookup_many(stored, [small(1), b"no picture"], copies_only=True)
    assert good.answer is not None
    assert good.answer.verdict == "near-duplicate"
    assert (bad.answer, bad.error and bad.error["code"]) == (None, "not-a-picture")


def test_a_picture_at_a_url_is_looked_up(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(small(1))
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with (
        running(tmp_path / "home", fetch_urls=True) as service,
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as elsewhere,
    ):
        threading.Thread(target=elsewhere.serve_forever).start()
        port = elsewhere.server_address[1]
        limits = FetchLimits(ports=frozenset({port}))
        fetcher = Fetcher(allow=True, limits=limits, is_allowed=lambda _: True)
        vars(service.container)["fetcher"] = fetcher
        client, http = service.client(), service.http()
        client.put_collection("c")
        record = RecordBody(id="d1", images=[picture(encoded(drawn(1)))])
        assert client.store("c", [record]).failed == 0
        path, url = "/v1/collections/c/lookup", f"http://127.0.0.1:{port}/1.jpg"
        try:
            found = http.post(path, json={"url": url, "copies_only": True}).json()
            lost = http.post(path, json={"url": f"http://127.0.0.1:{port}/2.jpg"})
        finally:
            elsewhere.shutdown()
        assert [one["id"] for one in found["candidates"]] == ["d1"]
        assert problem_of(lost, 422, "bad-url")["field"] == "url"
        both = {"url": url, "image": in_base64(small(1))}
        problem_of(http.post(path, json=both), 422, "invalid")
