"""Searching and embedding over HTTP."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
import openai
import pytest

from api.http.schemas.answers import BatchOut
from api.http.schemas.common import Problem
from binocle.encoders.colour import ColourEncoder
from binocle_client import Client, ClientError, picture
from binocle_client.records import SearchAnswer
from binocle_client.requests import RecordBody, SearchBody, TermBody
from tests.support.service import Running, problem_of

_RANKINGS = ("image", "text", "keyword")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def fill(client: Client, name: str, pictures: list[bytes]) -> str:
    client.put_collection(name)
    records = [
        RecordBody(id=f"p{n:02}", images=[picture(one)], metadata={"n": n, "odd": n % 2 == 1})
        for n, one in enumerate(pictures)
    ]
    words = ["red", "green", "blue", "yellow", "black"]
    records += [RecordBody(id=word, texts={"caption": f"something {word}"}) for word in words]
    assert client.store(name, records).failed == 0
    return name


@pytest.fixture(scope="module")
def filled(client: Client, pictures: list[bytes]) -> str:
    """Twenty pictures, p00 to p19, in two folders, and five texts; tests only read."""
    return fill(client, "filled", pictures)


@pytest.fixture
def growing(client: Client, name: str, pictures: list[bytes]) -> str:
    """The same, to be changed."""
    return fill(client, name, pictures)


def same(one: Any, other: Any) -> bool:
    return bool(one.hits == other.hits)


def test_words_by_get_and_by_post_find_the_same(
    service: Running, client: Client, filled: str
) -> None:
    found = client.search(filled, "red", limit=5)
    assert (len(found.hits), found.target, found.space, found.exact) == (5, "image", "colour", True)
    assert {"decode", "embed", "search", "total"} <= found.took_ms.keys()
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    url = f"/v1/collections/{filled}/search"
    got = service.http().get(url, params={"q": "red", "limit": 5}).json()
    assert got["hits"] == [asdict(hit) for hit in found.hits]
    parameters: dict[str, Any] = {"q": "red", "where": "odd = true", "target": "image", "limit": 20}
    odd = service.http().get(url, params=parameters).json()["hits"]
    assert len(odd) == 10
    assert all(hit["metadata"]["odd"] for hit in odd)


def test_picture_finds_itself_by_base64_by_upload_and_by_record(
    client: Client, filled: str, pictures: list[bytes]
) -> None:
    by_term = client.search(filled, [TermBody(image=encoded(pictures[7]))])
    assert by_term.hits[0].id == "p07"
    assert by_term.hits[0].similarity == pytest.approx(1, abs=1e-5)
    assert same(by_term, client.search_image(filled, pictures[7]))
    by_record = client.search(filled, [TermBody(record="p07")])
    assert [hit.id for hit in by_record.hits[:9]] == [hit.id for hit in by_term.hits[1:]]
    vector = ColourEncoder().encode_texts(["red"])[0].tolist()
    by_vector = client.search(filled, [TermBody(vector=vector)])
    assert same(by_vector, client.search(filled, "red"))


def test_weights_and_negative_terms_move_the_answer(
    client: Client, filled: str, pictures: list[bytes]
) -> None:
    def rank(terms: list[TermBody]) -> int:
        hits = client.search(filled, terms, limit=20).hits
        return [hit.id for hit in hits].index("p03")

    near, away = TermBody(record="p05"), TermBody(image=encoded(pictures[3]), weight=-2)
    towards = TermBody(image=encoded(pictures[3]), weight=5)
    assert rank([near, towards]) == 0
    assert rank([near, away]) == 18
    terms = [TermBody(text="red", weight=0.001)]
    beside = client.search_image(filled, pictures[3], query=terms, limit=3)
    assert beside.hits[0].id == "p03"
    assert len(beside.hits) == 3


def test_targets_choose_pictures_texts_or_both(client: Client, filled: str) -> None:
    assert client.search(filled, "something red", target="text").hits[0].id == "red"
    both = client.search(filled, "something red", target="any", limit=25).hits
    assert {hit.kind for hit in both} == {"image", "text"}
    assert len({hit.id for hit in both}) == len(both) == 25
    assert client.search(filled, "red", target="text").hits[0].thumbnail is None


def test_batch_answers_as_single_searches_do(
    client: Client, filled: str, pictures: list[bytes]
) -> None:
    searches = [
        SearchBody(query="blue", limit=4),
        SearchBody(query=[TermBody(image=encoded(pictures[2])), TermBody(text="red", weight=-0.5)]),
        SearchBody(query="something green", target="text", exact=True),
        SearchBody(query=[TermBody(record="p01")], filter={"odd": False}),
    ]
    batch = client.search_batch(filled, searches).answers
    assert len(batch) == 4
    for asked, answer in zip(searches, batch, strict=True):
        assert isinstance(answer, SearchAnswer)
        alone = client.search(filled, **asked)
        assert [hit.id for hit in answer.hits] == [hit.id for hit in alone.hits]
        theirs = [hit.score for hit in alone.hits]
        assert [hit.score for hit in answer.hits] == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("target", ["image", "any"])
@pytest.mark.parametrize("condition", [None, {"n": {"gte": 5}}])
def test_pages_never_repeat_and_miss_nothing(
    client: Client, filled: str, target: Any, condition: Any
) -> None:
    options = {"target": target, "filter": condition}
    whole = [hit.id for hit in client.search(filled, "red", limit=100, **options).hits]
    paged, cursor = [], None
    for _ in range(20):
        answer = client.search(filled, "red", limit=4, cursor=cursor, **options)
        paged += [hit.id for hit in answer.hits]
        cursor = answer.cursor
        if cursor is None:
            break
    assert cursor is None
    assert paged == whole
    assert len(whole) == len(set(whole))


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "bad-query", "query"),
        ({"query": ""}, "invalid", "query"),
        ({"query": [{}]}, "bad-query", "query.0"),
        ({"query": [{"text": "a", "record": "b"}]}, "bad-query", "query.0"),
        ({"query": [{"text": "a", "weight": 0}]}, "bad-query", "query.0.weight"),
        ({"query": [{"image": "????"}]}, "invalid", "query.0.image"),
        ({"query": [{"image": "AAAA"}]}, "not-a-picture", "query.0.image"),
        ({"query": [{"vector": [1, 2]}]}, "bad-query", None),
        ({"query": [{"vector": [1e999]}]}, "bad-query", None),
        ({"query": "red", "filter": {"a": {"resembles": 1}}}, "bad-filter", "filter"),
        ({"query": "red", "cursor": "x"}, "bad-cursor", "cursor"),
        ({"query": "red", "mode": "psychic"}, "invalid", "mode"),
        ({"query": "red", "sort": ["-"]}, "bad-query", "sort.0"),
        ({"query": "red", "sort": [{"field": ""}]}, "invalid", "sort.0"),
        ({"query": "red", "facets": ["a", "a:b"]}, "bad-query", "facets.1"),
        ({"query": "red", "facets": ["a:5000"]}, "bad-query", "facets.0"),
        ({"query": "red", "group": "a:b"}, "bad-query", "group"),
        ({"query": "red", "group": {"field": "a", "size": 0}}, "invalid", "group"),
        ({"query": "red", "diversity": 2}, "invalid", "diversity"),
        ({"query": "red", "min_relevance": "much"}, "invalid", "min_relevance"),
        ({"query": "red", "min_relevance": 1.5}, "invalid", "min_relevance"),
        (
            {"query": "red", "weights": {"image": 0, "text": 0, "keyword": 0}},
            "bad-query",
            "weights",
        ),
        ({"query": "red", "weights": {"image": -1}}, "invalid", "weights.image"),
        ({"query": "red", "refine": {"turn": "nobody"}}, "bad-turn", "refine.turn"),
        ({"query": [{"text": "a", "region": "0,0,1,1"}]}, "bad-query", "query.0.region"),
        ({"query": [{"record": "p01", "region": "0,0,2"}]}, "bad-query", "query.0.region"),
        ({"query": [{"record": "p01", "region": "0.5,0,1,1"}]}, "bad-query", "query.0.region"),
        ({"query": [{"url": "http://127.0.0.1/a.jpg"}]}, "bad-url", "query.0.url"),
        ({"query": "red", "limit": 0}, "invalid", "limit"),
        ({"query": "red", "colour": 1}, "invalid", "colour"),
    ],
)
def test_what_cannot_be_understood_is_422_with_its_code(
    service: Running, filled: str, body: Any, code: str, field: str | None
) -> None:
    content = json.dumps(body).replace("Infinity", "1e999")
    answer = service.http().post(f"/v1/collections/{filled}/search", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    if field:
        assert answer.json()["field"].startswith(field)


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({}, "bad-query", "query.q"),
        ({"q": "red", "srot": "price"}, "invalid", "query.srot"),
        ({"q": "red", "sort": "-"}, "bad-query", "query.sort.0"),
        ({"q": "red", "facet": ["a", "a:b"]}, "bad-query", "query.facet.1"),
        ({"q": "red", "group": "a:b"}, "bad-query", "query.group"),
        ({"q": "red", "where": "price <"}, "bad-filter", "query.where"),
        ({"q": "red", "min_relevance": "much"}, "bad-query", "query.min_relevance"),
        ({"q": "red", "cursor": "x"}, "bad-cursor", "query.cursor"),
        ({"q": "red", "mode": "x"}, "invalid", "query.mode"),
    ],
)
def test_parameter_of_a_link_that_cannot_be_understood_is_named(
    service: Running, filled: str, parameters: Any, code: str, field: str
) -> None:
    answer = service.http().get(f"/v1/collections/{filled}/search", params=parameters)
    assert problem_of(answer, 422, code)["field"] == field


@pytest.mark.parametrize(
    ("bad", "status", "code", "field"),
    [
        ({"query": "red", "facets": ["n", "a:b"]}, 422, "bad-query", "facets.1"),
        ({"query": "red", "cursor": "x"}, 422, "bad-cursor", "cursor"),
        ({"query": "red", "limit": 0}, 422, "invalid", "limit"),
        ({"query": "red", "colour": 1}, 422, "invalid", "colour"),
        ({"query": [{"image": "AAAA"}]}, 422, "not-a-picture", "query.0.image"),
        ({"query": [{"record": "nobody"}]}, 404, "not-found", None),
        ("red", 422, "invalid", ""),
    ],
)
def test_one_bad_query_of_a_batch_costs_only_itself(
    service: Running, filled: str, bad: Any, status: int, code: str, field: str | None
) -> None:
    url = f"/v1/collections/{filled}/search"
    searches = [{"query": "red"}, bad, {"query": "blue", "limit": 3}]
    answer = service.http().post(f"{url}/batch", json={"searches": searches})
    assert answer.status_code == 200
    found = answer.json()["answers"]
    alone = [service.http().post(url, json=one).json() for one in (searches[0], searches[2])]
    assert [one["hits"] for one in (found[0], found[2])] == [one["hits"] for one in alone]
    problem = found[1]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert (problem["status"], problem["code"]) == (status, code)
    place = None if field is None else f"searches.1.{field}".rstrip(".")
    assert problem["field"] == place
    assert BatchOut.model_validate(answer.json()).answers[1] == Problem(**problem)


def test_a_record_that_is_not_there_is_not_found(client: Client, filled: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.search(filled, [TermBody(record="nobody")])
    assert (caught.value.status, caught.value.code) == (404, "not-found")


def test_searches_answer_while_records_are_stored(
    service: Running, growing: str, pictures: list[bytes]
) -> None:
    start = threading.Barrier(3)

    def search() -> list[int]:
        client = service.client()
        start.wait(10)
        return [len(client.search(growing, f"red {turn}", limit=20).hits) for turn in range(20)]

    def store() -> int:
        client = service.client()
        start.wait(10)
        records = [RecordBody(id=f"new{n}", images=[picture(pictures[n])]) for n in range(20)]
        return sum(client.store(growing, [one]).stored for one in records)

    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(search), threads.submit(search)]
        assert threads.submit(store).result(30) == 20
        assert all(answer.result(30) == [20] * 20 for answer in answers)
    assert service.client().collection(growing).records == 45


def test_the_openai_package_gets_our_vectors(service: Running, pictures: list[bytes]) -> None:
    url = f"data:image/jpeg;base64,{encoded(pictures[0])}"
    inputs = ["a red flower", url, "blue"]
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="x") as theirs:
        assert "colour" in [model.id for model in theirs.models.list()]
        floats = theirs.embeddings.create(input=inputs, model="colour", encoding_format="float")
        default = theirs.embeddings.create(input=inputs, model="colour")
        raw = theirs.embeddings.create(input="blue", model="colour", encoding_format="base64")
    rows = np.array([one.embedding for one in floats.data], np.float32)
    assert [one.index for one in floats.data] == [0, 1, 2]
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    expected = ColourEncoder().encode_texts(["a red flower", "blue"])
    assert rows[[0, 2]] == pytest.approx(expected, abs=1e-6)
    assert np.array([one.embedding for one in default.data]) == pytest.approx(rows, abs=1e-6)
    numbers: Any = raw.data[0].embedding
    if isinstance(numbers, str):
        numbers = np.frombuffer(base64.b64decode(numbers), "<f4")
    assert np.asarray(numbers) == pytest.approx(rows[2], abs=1e-6)


def test_dimensions_are_those_of_the_model_or_refused(service: Running, client: Client) -> None:
    http, body = service.http(), {"model": "colour", "input": "red"}
    whole = http.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
    same = http.post("/v1/embeddings", json={**body, "dimensions": len(whole)})
    assert same.json()["data"][0]["embedding"] == whole
    for wrong in (len(whole) - 1, len(whole) + 1):
        problem = problem_of(
            http.post("/v1/embeddings", json={**body, "dimensions": wrong}), 422, "invalid"
        )
        assert problem["field"] == "dimensions"
        assert f"ask for {len(whole)}" in problem["detail"]


def test_a_batch_above_its_limit_says_so_wherever_it_is_sent(service: Running, name: str) -> None:
    http, many = service.http(), service.container.settings.max_batch + 1
    url = f"/v1/collections/{name}"
    for path, body in (
        (f"{url}/search/batch", {"searches": [{"query": "red"}] * many}),
        (f"{url}/records", {"records": [{"id": "a", "texts": {"t": "x"}}] * many}),
        ("/v1/embeddings", {"model": "colour", "input": ["red"] * many}),
    ):
        problem = problem_of(http.post(path, json=body), 422, "batch-too-large")
        assert str(many - 1) in problem["detail"], path


def test_embeddings_agree_with_what_a_search_sees(
    client: Client, filled: str, pictures: list[bytes]
) -> None:
    made = client.embed([f"data:image/jpeg;base64,{encoded(pictures[4])}"], "colour").data[0]
    assert isinstance(made.embedding, list)
    hit = client.search(filled, [TermBody(vector=made.embedding)]).hits[0]
    assert hit.id == "p04"
    assert hit.similarity == pytest.approx(1, abs=1e-5)
    with pytest.raises(ClientError) as caught:
        client.embed("x", "nonsense")
    assert (caught.value.status, caught.value.field) == (404, "model")


def test_filter_that_cannot_mean_what_it_says_is_doubted(
    service: Running, client: Client, filled: str
) -> None:
    found = client.search(filled, "red", filter={"colour": "red"})
    assert found.hits == []
    assert len(found.warnings) == 1
    assert "no record has a field 'colour'; there are: " in found.warnings[0]
    assert "odd" in found.warnings[0]
    url = f"/v1/collections/{filled}/search"
    parameters = {"q": "red", "where": 'odd = "yes" or nowhere exists'}
    got = service.http().get(url, params=parameters).json()["warnings"]
    assert len(got) == 2
    assert got[0] == "the field 'odd' holds numbers, and is compared with others"
    both = client.search_batch(
        filled,
        [
            SearchBody(query="red", filter={"odd": True}),
            SearchBody(query="red", filter={"nowhere": 1}),
        ],
    )
    warnings = [one.warnings for one in both.answers if isinstance(one, SearchAnswer)]
    assert [len(one) for one in warnings] == [0, 1]
    assert client.search(filled, "red").warnings == []
    asked = client.search(filled, "red", sort=["prise", "n"], facets=["kolor", "n"], group="prise")
    assert [one.split(";")[0] for one in asked.warnings] == [
        "no record has a field 'prise'",
        "no record has a field 'kolor'",
    ]
