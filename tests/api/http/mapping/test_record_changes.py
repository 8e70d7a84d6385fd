"""A part of a record is changed without the rest, and only where it is as it was read."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of


@pytest.fixture
def url(service: Running, name: str, pictures: list[bytes]) -> str:
    """A bag with a picture, two texts and metadata."""
    bag = RecordBody(
        id="bag",
        images=[picture(pictures[0])],
        texts={"title": "Red bag", "bullets": ["soft", "small"]},
        metadata={"price": 3, "note": "x"},
    )
    service.client().store(name, [bag])
    return f"/v1/collections/{name}/records/bag"


def patched(service: Running, url: str, **body: Any) -> dict[str, Any]:
    answer = service.http().patch(url, json=body)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def test_texts_are_changed_by_role_and_nothing_else(service: Running, url: str) -> None:
    before = service.http().get(url).json()
    after = patched(service, url, texts={"title": "Blue bag", "bullets": None, "more": ["new"]})
    assert after["texts"] == {"title": ["Blue bag"], "more": ["new"]}
    assert after["metadata"] == before["metadata"]
    assert after["parts"][0] == before["parts"][0], "the picture is the same part"
    name = url.split("/")[3]
    body = {"query": "blue", "mode": "keyword"}
    found = service.http().post(f"/v1/collections/{name}/search", json=body).json()
    assert [hit["id"] for hit in found["hits"]] == ["bag"]


def test_pictures_are_changed_by_role_with_what_they_say_of_themselves(
    service: Running, url: str, pictures: list[bytes]
) -> None:
    before = service.http().get(url).json()
    other = base64.b64encode(pictures[1]).decode()
    both = patched(service, url, images={"detail": [other]}, metadata={"price": None})
    assert [one["role"] for one in both["parts"] if one["picture"]] == ["image", "detail"]
    assert both["metadata"] == {k: v for k, v in before["metadata"].items() if k != "price"}
    only = patched(service, url, images={"image": None})
    assert only["metadata"]["sha256"] != before["metadata"]["sha256"]
    assert only["metadata"]["note"] == "x"
    assert service.http().get(only["image"]).content == pictures[1]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid", "body"),
        ({"texts": {"title": 5}}, "invalid", "texts.title"),
        ({"texts": {"title": " "}}, "invalid", "texts.title"),
        ({"images": {"image": "%"}}, "invalid", "images.image"),
        ({"images": {"image": "bm8="}}, "not-a-picture", None),
        ({"texts": {"title": None, "bullets": []}, "images": {"image": None}}, "usage", None),
        ({"metadata": {"a": {"b": 1}}}, "invalid", "metadata.a"),
        ({"title": "x"}, "invalid", "title"),
    ],
)
def test_what_cannot_be_stored_changes_nothing(
    service: Running, url: str, body: dict[str, Any], code: str, field: str | None
) -> None:
    before = service.http().get(url)
    assert problem_of(service.http().patch(url, json=body), 422, code)["field"] == field
    after = service.http().get(url)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    problem_of(service.http().patch(f"{url}x", json={"texts": {"t": "a"}}), 404, "not-found")


def test_a_change_and_a_removal_may_ask_for_the_record_that_was_read(
    service: Running, url: str
) -> None:
    http = service.http()
    old = http.get(url).headers["etag"]
    change = {"metadata": {"price": 4}}
    new = http.patch(url, json=change, headers={"If-Match": old}).headers["etag"]
    assert new == http.get(url).headers["etag"] != old
    for body in (change, {"texts": {"title": "Green bag"}}):
        answer = http.patch(url, json=body, headers={"If-Match": old})
        assert new in problem_of(answer, 412, "changed")["detail"]
    problem_of(http.delete(url, headers={"If-Match": old}), 412, "changed")
    assert http.get(url).headers["etag"] == new
    assert http.patch(url, json=change, headers={"If-Match": f'"x", {new}'}).status_code == 200
    assert http.delete(url, headers={"If-Match": "*"}).status_code == 204
    problem_of(http.delete(url, headers={"If-Match": "*"}), 404, "not-found")


def test_of_many_changes_at_once_none_is_lost(service: Running, url: str) -> None:
    def add(number: int) -> int:
        answer = service.http().patch(url, json={"texts": {f"r{number}": f"text {number}"}})
        return answer.status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(add, range(4))) == [200] * 4
    assert {f"r{number}" for number in range(4)} <= service.http().get(url).json()["texts"].keys()
