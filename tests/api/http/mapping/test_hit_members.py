"""Hits can be shown as they come: the picture that matched, the texts, what was found in them."""

import gzip
from typing import Any

import pytest

from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, problem_of


@pytest.fixture(scope="module")
def shop(client: Client) -> str:
    """A product with two pictures, whose table has sizes of its own; a text; tests only read."""
    client.put_collection("shown")
    records = [
        RecordBody(
            id="sku/1",
            metadata={"width": "45 cm", "height": "30 cm", "price": 19.5, "note": "a red strap"},
            images=[
                picture(picture_bytes(1, size=(40, 30))),
                picture(picture_bytes(2, size=(50, 80))),
            ],
            texts={"title": "Red bag", "bullets": ["soft", "red lining"]},
        ),
        RecordBody(id="words", texts={"title": "only words, and green ones"}),
    ]
    assert client.store("shown", records).failed == 0
    return "shown"


def ask(service: Running, name: str, **body: Any) -> list[dict[str, Any]]:
    answer = service.http().post(f"/v1/collections/{name}/search", json=body)
    assert answer.status_code == 200, answer.text
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def test_a_hit_has_the_picture_that_matched_whatever_its_table_says_of_sizes(
    service: Running, shop: str
) -> None:
    data = picture_bytes(2, size=(50, 80))
    answer = service.http().post(f"/v1/collections/{shop}/search", files={"image": data})
    hit = answer.json()["hits"][0]
    assert (hit["picture"]["width"], hit["picture"]["height"]) == (50, 80)
    assert hit["picture"]["colour"].startswith("#")
    assert hit["metadata"]["width"] == "45 cm"
    assert service.http().get(hit["image"]).content == data
    assert f"part={hit['part']['id']}&v={hit['picture']['version']}" in hit["thumbnail"]


def test_a_hit_found_by_its_text_shows_the_records_first_picture(
    service: Running, shop: str
) -> None:
    hits = ask(service, shop, query="red bag", target="text", mode="keyword")
    assert hits[0]["kind"] == "text"
    assert hits[0]["picture"]["width"] == 40
    bare = ask(service, shop, query="green words", target="text", mode="keyword")[0]
    assert (bare["picture"], bare["thumbnail"], bare["image"]) == (None, None, None)


def test_texts_come_by_role_and_words_are_marked_in_texts_and_fields(
    service: Running, shop: str
) -> None:
    hit = ask(service, shop, query="red", mode="hybrid", limit=1)[0]
    assert hit["texts"] == {"title": ["Red bag"], "bullets": ["soft", "red lining"]}
    marked = {
        (one["kind"], one["name"]): [each["text"] for each in one["pieces"] if each["matched"]]
        for one in hit["highlights"]
    }
    assert marked == {
        ("text", "title"): ["Red"], ("text", "bullets"): ["red"], ("field", "note"): ["red"],
    }  # fmt: skip
    assert ask(service, shop, query="red", mode="semantic", limit=1)[0]["highlights"] == []


def test_fields_choose_what_comes(service: Running, shop: str) -> None:
    chosen = ["thumbnail", "texts.title", "metadata.price", "metadata.none"]
    hit = ask(service, shop, query="red", limit=1, fields=chosen)[0]
    assert hit == {
        "id": "sku/1", "thumbnail": hit["thumbnail"], "texts": {"title": ["Red bag"]},
        "metadata": {"price": 19.5}, "others": [],
    }  # fmt: skip
    whole = ask(service, shop, query="red", limit=1, fields=["metadata", "metadata.price"])[0]
    assert len(whole["metadata"]) > 4
    url = f"/v1/collections/{shop}/search"
    got = service.http().get(url, params={"q": "red", "fields": ["picture", "relevance"]}).json()
    assert got["hits"][0].keys() == {"id", "picture", "relevance", "others"}


@pytest.mark.parametrize("field", ["price", "metadata.", "picture.width", ".", "others.id"])
def test_what_hits_do_not_have_is_refused_by_its_name(
    service: Running, shop: str, field: str
) -> None:
    http, url = service.http(), f"/v1/collections/{shop}/search"
    problem = problem_of(
        http.post(url, json={"query": "red", "fields": ["id", field]}), 422, "invalid"
    )
    assert problem["field"] == "fields.1"
    assert "metadata.price" in problem["detail"]
    batch = {"searches": [{"query": "red"}, {"query": "red", "fields": [field]}]}
    good, bad = http.post(f"{url}/batch", json=batch).json()["answers"]
    assert good["hits"]
    assert bad["field"] == "searches.1.fields.0"


def test_answers_are_packed_for_who_takes_it_and_pictures_are_not(
    service: Running, shop: str
) -> None:
    http, url = service.http(), f"/v1/collections/{shop}/search?q=red"
    with http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    plain = http.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed)[:100] == plain.content[:100]
    image = http.get(f"/v1/collections/{shop}/records/sku%2F1/image")
    assert "content-encoding" not in image.headers
