"""Collections and records over HTTP."""

import base64
import http.client
import json
from typing import Any

import pytest

from binocle_client import Client, ClientError, picture
from binocle_client.records import StoredRecord
from binocle_client.requests import RecordBody
from tests.support.service import Running


def stored(client: Client, name: str, *records: RecordBody) -> None:
    outcome = client.store(name, records)
    assert outcome.failed == 0, outcome


def refused(status: int, call: Any, *arguments: Any, **options: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **options)
    assert caught.value.status == status, caught.value
    return caught.value


def texts(count: int) -> list[RecordBody]:
    return [
        RecordBody(id=f"t{number:02}", texts={"title": f"text {number}"}, metadata={"n": number})
        for number in range(count)
    ]


def every_record(client: Client, name: str, **options: Any) -> list[StoredRecord]:
    found, cursor = [], None
    for _ in range(100):
        page = client.records(name, cursor=cursor, **options)
        found += page.records
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


def test_collection_is_made_once_told_of_and_removed(client: Client) -> None:
    made = client.put_collection("life", "colour")
    assert (made.records, made.model, made.parts) == (0, "colour", {"image": 0, "text": 0})
    assert client.put_collection("life") == client.put_collection("life", "colour") == made
    stored(client, "life", *texts(2))
    assert client.put_collection("life").records == 2
    assert "life" in [one.name for one in client.collections().collections]
    client.delete_collection("life")
    assert refused(404, client.collection, "life").code == "not-found"
    refused(404, client.delete_collection, "life")
    refused(404, client.search, "life", "red")
    client.put_collection("life")
    assert client.records("life").records == []


def test_unknown_model_is_refused_and_makes_nothing(client: Client) -> None:
    assert refused(404, client.put_collection, "other", "no/such").code == "unknown-model"
    refused(404, client.collection, "other")


@pytest.mark.parametrize(
    "path", ["..", "%2e%2e", "..%2f..%2fetc", ".hidden", "a%2f..%2fb", "%00", "a" * 65, "a%0a", "~"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_names_cannot_lead_out_of_the_home(service: Running, path: str, method: str) -> None:
    before = sorted(service.home.parent.rglob("*"))
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request(method, f"/v1/collections/{path}")
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert answer.status in (404, 405, 422), (answer.status, body)
    assert sorted(service.home.parent.rglob("*")) == before


def test_records_come_as_base64_as_objects_and_with_texts(
    client: Client, name: str, pictures: list[bytes]
) -> None:
    plain = base64.b64encode(pictures[0]).decode()
    stored(
        client,
        name,
        RecordBody(id="plain", images=[plain]),
        RecordBody(id="url", images=[f"data:image/jpeg;base64,{plain}"]),
        RecordBody(
            id="both/ø ?#%.jpg",
            images=[picture(pictures[1], role="front"), picture(pictures[2], role="back")],
            texts={"title": "a red thing", "tags": ["one", "two"]},
            metadata={"price": 1.5, "new": True, "width": 1},
            uri="https://shop.example/1",
        ),
    )
    assert client.image(name, "plain") == client.image(name, "url") == pictures[0]
    both = client.record(name, "both/ø ?#%.jpg")
    assert [(part.kind, part.role, part.text) for part in both.parts] == [
        ("image", "front", None),
        ("image", "back", None),
        ("text", "title", "a red thing"),
        ("text", "tags", "one"),
        ("text", "tags", "two"),
    ]
    assert both.uri == "https://shop.example/1"
    assert both.metadata.items() >= {"price": 1.5, "new": True, "width": 1, "height": 64}.items()
    assert client.image(name, both.id) == pictures[1]


def test_multipart_records_name_their_files(
    service: Running, client: Client, name: str, pictures: list[bytes]
) -> None:
    records = [
        {"id": "a", "images": [{"file": "one"}]},
        {"id": "b", "images": [{"file": "missing"}]},
        {"id": "c", "images": [{"file": "two", "role": "front"}, {"file": "one"}]},
    ]
    answer = service.http().post(
        f"/v1/collections/{name}/records",
        data={"records": json.dumps({"records": records})},
        files={"one": ("x.jpg", pictures[0]), "two": ("y.jpg", pictures[1])},
    )
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["stored", "failed", "stored"]
    assert "missing" in results[1]["error"]["detail"]
    assert client.image(name, "c") == pictures[1]


def test_storing_again_replaces(client: Client, name: str, pictures: list[bytes]) -> None:
    stored(client, name, RecordBody(id="x", images=[picture(pictures[0])], metadata={"a": 1}))
    stored(client, name, RecordBody(id="x", images=[picture(pictures[1])], metadata={"b": 2}))
    assert client.collection(name).parts == {"image": 1, "text": 0}
    assert client.image(name, "x") == pictures[1]
    metadata = client.record(name, "x").metadata
    assert metadata["b"] == 2
    assert "a" not in metadata


def test_one_bad_record_does_not_harm_its_neighbours(
    client: Client, name: str, pictures: list[bytes]
) -> None:
    both: Any = {"data": "AAAA", "file": "x"}
    outcome = client.store(
        name,
        [
            RecordBody(id="good", images=[picture(pictures[0])]),
            RecordBody(id="text", images=[picture(b"this is no picture")]),
            RecordBody(id="base64", images=["!!!!"]),
            RecordBody(id="empty"),
            RecordBody(id="both", images=[both]),
            RecordBody(id="also", images=[picture(pictures[1])]),
        ],
    )
    assert [one.error.code if one.error else one.status for one in outcome.results] == [
        "stored", "not-a-picture", "invalid", "empty", "invalid", "stored",
    ]  # fmt: skip
    assert (outcome.stored, outcome.failed) == (2, 4)
    assert [one.id for one in client.records(name).records] == ["good", "also"]


def test_of_two_records_with_one_id_in_a_call_the_later_stays(client: Client, name: str) -> None:
    pair = [RecordBody(id="x", texts={"t": word}) for word in ("first", "second")]
    stored(client, name, *pair)
    assert [part.text for part in client.record(name, "x").parts] == ["second"]


def test_patch_sets_and_null_removes(client: Client, name: str) -> None:
    stored(client, name, *texts(1))
    changed = client.patch(name, "t00", {"n": None, "color": "Red"})
    assert changed.metadata == client.record(name, "t00").metadata == {"color": "Red"}
    assert [one.id for one in client.records(name, "color = Red").records] == ["t00"]
    assert refused(404, client.patch, name, "nobody", {"a": 1}).code == "not-found"


def test_deleted_record_is_nowhere(client: Client, name: str) -> None:
    stored(client, name, *texts(3))
    client.delete(name, "t01")
    refused(404, client.record, name, "t01")
    refused(404, client.delete, name, "t01")
    assert [one.id for one in client.records(name).records] == ["t00", "t02"]
    assert "t01" not in [hit.id for hit in client.search(name, "text 1").hits]


def test_id_of_dots_is_no_folder(client: Client, name: str) -> None:
    stored(client, name, RecordBody(id="..", texts={"t": "dots"}), *texts(1))
    assert client.record(name, "..").id == ".."
    client.delete(name, "..")
    assert client.collection(name).records == 1


@pytest.mark.parametrize("record_id", ["album/image", "album/thumbnail", "album/image/image"])
def test_ids_that_would_name_a_picture_s_path_are_refused(
    service: Running, name: str, record_id: str
) -> None:
    body = {"records": [{"id": record_id, "texts": {"t": "a"}}]}
    (result,) = service.http().post(f"/v1/collections/{name}/records", json=body).json()["results"]
    assert (result["id"], result["status"]) == (record_id, "failed")
    detail = "id must not end in /image or /thumbnail"
    assert result["error"] == {"code": "invalid", "detail": detail}


@pytest.mark.parametrize("limit", [1, 7, 25, 1000])
def test_pages_hold_every_record_once_in_order(client: Client, name: str, limit: int) -> None:
    stored(client, name, *texts(25))
    found = every_record(client, name, limit=limit)
    assert [one.id for one in found] == [f"t{number:02}" for number in range(25)]


def test_list_is_filtered_as_typed_and_as_json(client: Client, name: str) -> None:
    stored(client, name, *texts(25))
    typed = every_record(client, name, where="n >= 10 and n < 20", limit=3)
    assert [one.metadata["n"] for one in typed] == list(range(10, 20))
    condition = {"n": {"gte": 10, "lt": 20}}
    assert every_record(client, name, filter=condition, limit=4) == typed
    both = every_record(client, name, filter=condition, where="n in (3, 12)")
    assert [one.id for one in both] == ["t12"]
    assert refused(422, client.records, name, "n <").code == "bad-filter"
    assert refused(422, client.records, name, cursor="nonsense").code == "bad-cursor"


def test_call_of_many_texts_is_taken_by_an_idle_service(service: Running, name: str) -> None:
    records = [
        RecordBody(id=f"w{number}", texts={"title": [f"{number} {word}" for word in "abcd"]})
        for number in range(256)
    ]
    with Client(service.url, retries=0) as client:
        stored(client, name, *records)


def test_call_of_many_pictures_is_taken_by_an_idle_service(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    records = [
        RecordBody(id=f"p{number}", images=[picture(one) for one in pictures[:15]])
        for number in range(20)
    ]
    with Client(service.url, retries=0) as client:
        stored(client, name, *records)


def test_a_record_of_another_shape_costs_itself_only(service: Running, name: str) -> None:
    good = {"id": "good", "texts": {"t": "x"}}
    bad = [{"id": "bad", "texts": 5}, {"texts": {"t": "x"}}, "no record", {"id": "b/image"}]
    body = {"records": [good, *bad]}
    out = service.http().post(f"/v1/collections/{name}/records", json=body).json()
    assert (out["stored"], out["failed"]) == (1, 4)
    assert [one["id"] for one in out["results"]] == ["good", "bad", "", "", "b/image"]
    assert out["results"][1]["error"]["detail"] == "texts must be a JSON object"
