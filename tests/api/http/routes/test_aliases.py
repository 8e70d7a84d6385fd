"""Aliases over HTTP: every route takes them, and a switch loses no request and no page."""

import base64
import re
import threading
import time

import pytest

from api.aliases import Aliases
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, Serve, problem_of


def fill(client: Client, name: str, count: int, first: int = 0) -> None:
    client.put_collection(name)
    records = [
        RecordBody(
            id=f"sku-{number}",
            images=[picture(picture_bytes(number))],
            texts={"title": f"red bag of {name}"},
        )
        for number in range(first, first + count)
    ]
    assert client.store(name, records).failed == 0


@pytest.fixture
def shops(serve: Serve) -> Running:
    """Collections ``one`` and ``two``, and the alias ``shop`` of the first."""
    service = serve()
    client = service.client()
    fill(client, "one", 4)
    fill(client, "two", 4)
    client.put_alias("shop", "one")
    return service


def test_routes_take_an_alias_and_answer_in_its_name(shops: Running) -> None:
    client, http = shops.client(), shops.http()
    hits = http.get("/v1/collections/shop/search?q=red").json()["hits"]
    assert hits[0]["texts"] == {"title": ["red bag of one"]}
    assert hits[0]["thumbnail"].startswith("/v1/collections/shop/records/")
    assert http.get(hits[0]["thumbnail"]).status_code == 200
    record = http.get("/v1/collections/shop/records/sku-1").json()
    assert record["image"].startswith("/v1/collections/shop/")
    more = http.post("/v1/collections/shop/recommend", json={"more_of": ["sku-1"]}).json()["hits"]
    assert more[0]["image"].startswith("/v1/collections/shop/records/")
    assert client.store("shop", [RecordBody(id="new", texts={"title": "blue bag"})]).stored == 1
    assert client.record("one", "new").texts == {"title": ["blue bag"]}
    told = client.collection("shop")
    assert (told.name, told.alias_of, told.aliases, told.records) == ("shop", "one", ["shop"], 5)
    assert client.put_collection("shop").alias_of == "one"
    assert [one.name for one in client.collections().collections] == ["one", "two"]
    job = client.wait_for_job("shop", client.start_duplicates("shop").id)
    assert (job.state, job.collection) == ("done", "one")


def test_pages_go_on_in_the_collection_they_began_in(shops: Running) -> None:
    client = shops.client()
    first = client.search("shop", "red bag", limit=2, beyond=True)
    listed = client.records("shop", limit=2)
    assert b"one" not in base64.urlsafe_b64decode((listed.cursor or "") + "==")
    client.put_alias("shop", "two")
    rest = client.records("shop", limit=9, cursor=listed.cursor).records
    assert [one.id for one in (*listed.records, *rest)] == [f"sku-{n}" for n in range(4)]
    assert {one.texts["title"][0] for one in rest} == {"red bag of one"}
    with pytest.raises(ClientError, match="of another collection"):
        client.records("two", cursor=listed.cursor)
    again = client.search("shop", "red bag", limit=2, beyond=True, cursor=first.cursor)
    titles = {hit.texts["title"][0] for hit in (*first.hits, *again.hits)}
    assert titles == {"red bag of one"}
    assert not {hit.id for hit in first.hits} & {hit.id for hit in again.hits}
    refined = client.search("shop", refine={"turn": first.turn or ""})
    assert refined.hits[0].texts == {"title": ["red bag of one"]}
    assert client.search("shop", "red bag").hits[0].texts == {"title": ["red bag of two"]}
    client.delete_collection("one")
    with pytest.raises(ClientError, match="its collection was removed") as stale:
        client.records("shop", cursor=listed.cursor)
    assert stale.value.code == "stale-cursor"
    with pytest.raises(ClientError, match="of another collection; start again"):
        client.search("shop", "red bag", limit=2, beyond=True, cursor=first.cursor)


def test_picture_of_a_page_from_before_a_switch_is_still_had(shops: Running) -> None:
    client, http = shops.client(), shops.http()
    client.delete("two", "sku-0")  # so that parts have other numbers there
    fill(client, "two", 1)
    [hit] = client.search("shop", filter={"id": "sku-0"}).hits
    assert hit.image is not None
    before = http.get(hit.image)
    client.put_alias("shop", "two")
    after = http.get(hit.image)
    assert (after.status_code, after.content) == (200, before.content)
    assert "immutable" in after.headers["cache-control"]
    wrong = hit.image.replace("v=", "v=0123456789ab")[: len(hit.image)]
    assert http.get(wrong).status_code == 404


def test_switching_under_load_fails_no_request(shops: Running) -> None:
    http, ended = shops.http(), threading.Event()
    seen: list[tuple[int, str]] = []

    def ask() -> None:
        while not ended.is_set():
            answer = http.get("/v1/collections/shop/search?q=red&fields=texts")
            seen.append((answer.status_code, answer.json()["hits"][0]["texts"]["title"][0][-3:]))

    thread = threading.Thread(target=ask)
    thread.start()
    elsewhere = Aliases(shops.home)  # as another process switches
    for target in ("two", "one", "two"):
        time.sleep(0.15)
        elsewhere.put("shop", target)
        asked = http.get("/v1/collections/shop/search?q=red&fields=texts").json()
        assert asked["hits"][0]["texts"]["title"] == [f"red bag of {target}"]
    ended.set()
    thread.join()
    assert {status for status, _ in seen} == {200}
    assert {where for _, where in seen} == {"one", "two"}


def test_key_names_the_alias_it_may_use_and_opens_nothing_else(shops: Running) -> None:
    reader = shops.http(shops.keys.add("front", "read", ("shop",)))
    writer = shops.http(shops.keys.add("writer", "write", ("shop",)))
    deployer = shops.http(shops.keys.add("deploy", "write", ("shop", "two")))
    hits = reader.get("/v1/collections/shop/search?q=red").json()["hits"]
    assert reader.get(hits[0]["thumbnail"]).status_code == 200
    problem_of(reader.get("/v1/collections/one"), 403, "key-not-allowed")
    assert [one["name"] for one in reader.get("/v1/collections").json()["collections"]] == ["shop"]
    assert [one["name"] for one in reader.get("/v1/aliases").json()["aliases"]] == ["shop"]
    body = {"collection": "two"}
    for refused in (reader, writer):  # it would open what the key is not for
        problem_of(refused.put("/v1/aliases/shop", json=body), 403, "key-not-allowed")
    problem_of(reader.delete("/v1/aliases/shop"), 403, "key-not-allowed")
    assert deployer.put("/v1/aliases/shop", json=body).json()["collection"] == "two"
    problem_of(deployer.put("/v1/aliases/other", json=body), 403, "key-not-allowed")
    own = shops.http(shops.keys.add("own", "read", ("two",)))
    problem_of(own.get("/v1/collections/shop"), 403, "key-not-allowed")
    assert own.get("/v1/aliases").json() == {"aliases": []}
    assert own.get("/v1/collections/two").json()["aliases"] == []


def test_key_of_an_alias_is_not_told_what_it_stands_for(shops: Running) -> None:
    secret = shops.keys.add("front", "write", ("shop",))
    front, http = shops.client(secret), shops.http(secret)
    told = front.collection("shop")
    assert (told.name, told.alias_of) == ("shop", None)
    assert [one.collection for one in front.aliases().aliases] == [None]
    job = front.start_duplicates("shop")
    assert front.wait_for_job("shop", job.id).collection == "shop"
    for answer in (
        http.get("/v1/jobs"),
        http.get("/v1/jobs?collection=shop"),
        http.get("/v1/collections/shop/jobs"),
        http.get(f"/v1/collections/shop/jobs/{job.id}/events"),
        http.get(f"/v1/collections/shop/duplicates/{job.id}/report"),
        http.get("/v1/collections/shop/rules/draft"),
        http.get("/v1/collections/shop/records/nobody"),
    ):
        assert "shop" in answer.text
        assert not re.search(r"""'one'|"one"|/one/|in one<""", answer.text)
    boss = shops.client(shops.keys.add("boss", "admin", None))
    assert boss.jobs().jobs[0].collection == boss.collection("shop").alias_of == "one"


def test_wrong_switches_are_refused_with_what_to_do(shops: Running) -> None:
    http = shops.http()
    conflicts = [
        http.put("/v1/aliases/one", json={"collection": "two"}),
        http.put("/v1/aliases/other", json={"collection": "shop"}),
        http.put("/v1/aliases/shop", json={"collection": "two", "expected": "two"}),
        http.delete("/v1/collections/one"),
        http.delete("/v1/collections/shop"),
    ]
    for answer in conflicts:
        assert str(shops.home) not in problem_of(answer, 409, "alias-conflict")["detail"]
    problem_of(http.put("/v1/aliases/shop", json={"collection": "nobody"}), 404, "not-found")
    problem_of(http.delete("/v1/aliases/nobody"), 404, "not-found")
    problem_of(http.put("/v1/aliases/.x", json={"collection": "two"}), 422, "invalid")
    problem_of(http.put("/v1/aliases/shop", json={}), 422, "invalid")
    assert http.get("/v1/aliases").json()["aliases"][0]["collection"] == "one"
    assert http.delete("/v1/aliases/shop").status_code == 204
    problem_of(http.get("/v1/collections/shop"), 404, "not-found")
