"""Questions that go on: refined turns, pages, cursors, and pictures from elsewhere."""

import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.container import Container
from binocle.errors import QueryError, UsageError
from binocle.network.url_fetcher import Fetcher, FetchLimits
from binocle_client import Client
from binocle_client.requests import RecordBody, RefinementBody, TermBody
from search.query.query import Query, Term
from search.query.turns import Refinement
from tests.support.service import Running, problem_of, running
from tests.support.shop import NAME, Shop, products

BY_ID = {str(one["id"]): one for one in products()}
RED = Term(text="red")


def test_turns_of_one_door_are_refined_through_the_others(shop: Shop) -> None:
    first = shop.typed("shoes", "--where", "price exists", "-k", 5)
    turn = str(first["turn"])
    query = Query((Term(text="blue"),), refine=Refinement(turn, swap=(("shoes", "bag"),)))
    ids = [hit.record.id for hit in shop.python(query).hits]
    assert len(ids) == 5  # the limit is as it was
    assert all("price" in BY_ID[one] for one in ids)
    refine = {"turn": turn, "swap": [["shoes", "bag"]]}
    assert [
        one["id"] for one in shop.posted({"query": [{"text": "blue"}], "refine": refine})["hits"]
    ] == ids
    typed = shop.typed("blue", "--refine", turn, "--swap", "shoes", "bag")
    assert [one["id"] for one in typed["hits"]] == ids
    said = "bag instead of shoes"
    linked = shop.linked({"q": said, "refine": turn})["hits"]
    spoken = shop.typed(said, "--refine", turn)["hits"]
    client = shop.service.client()
    told = client.search(NAME, said, refine=RefinementBody(turn=turn)).hits
    assert [one["id"] for one in linked] == [one["id"] for one in spoken]
    assert [one["id"] for one in linked] == [one.id for one in told]
    assert (
        shop.posted({"refine": {"turn": turn}})["hits"]
        == shop.posted({"query": "shoes", "filter": {"price": {"exists": True}}, "limit": 5})[
            "hits"
        ]
    )


def test_refinement_removes_and_replaces_terms_and_drops_the_filter(shop: Shop) -> None:
    client = shop.service.client()
    terms = [TermBody(text="red"), TermBody(record="sku-02")]
    first = client.search(NAME, terms, filter={"color": "Green"}, limit=60)
    assert first.turn is not None

    def refined(**change: Any) -> list[str]:
        refine: Any = {"turn": first.turn, **change}
        return [hit.id for hit in client.search(NAME, refine=refine).hits]

    def alone(*terms: TermBody, **options: Any) -> list[str]:
        return [hit.id for hit in client.search(NAME, list(terms), limit=60, **options).hits]

    green = {"color": "Green"}
    assert refined(remove=["sku-02"]) == alone(terms[0], filter=green)
    assert refined(remove=["red"]) == alone(terms[1], filter=green)
    assert refined(drop_filter=True) == alone(*terms)
    again = client.search(NAME, "blue", refine=RefinementBody(turn=first.turn, replace=True))
    assert [hit.id for hit in again.hits] == alone(TermBody(text="blue"), filter=green)

    def typed(*arguments: str) -> list[str]:
        return [hit["id"] for hit in shop.typed("--refine", str(first.turn), *arguments)["hits"]]

    assert typed("--remove", "sku-02") == refined(remove=["sku-02"])
    assert typed("--drop-filter") == refined(drop_filter=True)
    assert typed("--replace", "blue") == [hit.id for hit in again.hits]
    with pytest.raises(UsageError, match="add --refine TURN"):
        shop.typed("red", "--remove", "x")


def test_words_within_a_text_are_forgotten_and_swapped_through_every_door(shop: Shop) -> None:
    turn = str(shop.typed("red shoes", "-k", 60)["turn"])

    def ids(answer: dict[str, Any]) -> list[str]:
        return [hit["id"] for hit in answer["hits"]]

    red = ids(shop.typed("red", "-k", 60))
    assert ids(shop.typed("--refine", turn, "--remove", "shoes")) == red
    assert ids(shop.typed("--refine", turn, "forget", "the", "shoes")) == red
    assert ids(shop.linked({"q": "forget the shoes", "refine": turn})) == red
    assert ids(shop.posted({"refine": {"turn": turn, "remove": ["Shoes"]}})) == red
    blue = ids(shop.typed("blue shoes", "-k", 60))
    assert ids(shop.typed("--refine", turn, "--swap", "red", "blue")) == blue
    away = ids(shop.typed("red shoes", "--text", "brown", "--not", "black", "-k", 60))
    assert ids(shop.linked({"q": "brown instead of black", "refine": turn})) == away
    assert ids(shop.typed("--refine", turn, "brown instead of black")) == away
    with pytest.raises(QueryError, match="no text with 'green' to swap; it has 'red shoes'"):
        shop.typed("--refine", turn, "--swap", "green", "blue")
    refine = {"turn": turn, "swap": [["green", "blue"]]}
    url = f"/v1/collections/{NAME}/search"
    problem_of(shop.service.http().post(url, json={"refine": refine}), 422, "bad-query")


def test_an_amount_that_is_said_is_of_the_price_through_every_door(shop: Shop) -> None:
    turn = str(shop.typed("shoes", "--where", "color = Red", "-k", 60)["turn"])
    wanted = shop.typed("shoes", "--where", "color = Red and price < 120", "-k", 60)
    ids = [hit["id"] for hit in wanted["hits"]]
    assert 0 < len(ids) < 12
    body = {"query": "under 120", "refine": {"turn": turn}}
    batch = shop.service.http().post(
        f"/v1/collections/{NAME}/search/batch", json={"searches": [body]}
    )
    for answer in (
        shop.typed("--refine", turn, "under 120"),
        shop.linked({"refine": turn, "q": "under 120"}),
        shop.posted(body),
        batch.json()["answers"][0],
    ):
        assert [hit["id"] for hit in answer["hits"]] == ids
        assert answer["looking_for"] == "shoes; where color = Red and price < 120"
    both = shop.linked({"refine": turn, "q": "under 120", "where": "price > 50"})
    assert both["looking_for"].endswith("where color = Red and (price > 50 and price < 120)")
    literal = shop.typed("--refine", turn, "--text", "under 120")
    assert literal["looking_for"] == "shoes, under 120; with shoes and 120; where color = Red"


def test_price_at_the_end_of_a_first_question_is_a_filter_through_every_door(shop: Shop) -> None:
    wanted = [hit["id"] for hit in shop.typed("shoes", "--where", "price < 120")["hits"]]
    line = "shoes; where price < 120"
    batch = shop.service.http().post(
        f"/v1/collections/{NAME}/search/batch", json={"searches": [{"query": "shoes under 120"}]}
    )
    for answer in (
        shop.typed("shoes under 120"),
        shop.typed("shoes", "under", "120"),
        shop.linked({"q": "shoes under 120"}),
        shop.posted({"query": "shoes under 120"}),
        batch.json()["answers"][0],
    ):
        assert ([hit["id"] for hit in answer["hits"]], answer["looking_for"]) == (wanted, line)
    first = shop.posted({"query": "shoes under 120", "limit": 3})
    second = shop.posted({"query": "shoes under 120", "limit": 3, "cursor": first["cursor"]})
    assert [hit["id"] for page in (first, second) for hit in page["hits"]] == wanted[:6]
    both = shop.linked({"q": "shoes under 120", "where": "color = Red"})
    assert both["looking_for"] == "shoes; where color = Red and price < 120"
    literal = shop.posted({"query": [{"text": "shoes under 120"}]})
    assert literal["looking_for"] == "shoes under 120; with shoes and 120"


def test_what_is_said_later_takes_the_place_of_what_it_contradicts(shop: Shop) -> None:
    def chain(*steps: str) -> str:
        """Ask step by step by command and over HTTP; both read it alike."""
        typed = shop.typed(steps[0])
        posted = shop.posted({"query": steps[0]})
        for step in steps[1:]:
            typed = shop.typed("--refine", typed["turn"], step)
            posted = shop.posted({"query": step, "refine": {"turn": posted["turn"]}})
        assert typed["looking_for"] == posted["looking_for"]
        assert typed["hits"]
        return str(typed["looking_for"])

    assert chain("shoes", "under 60", "more than 100") == "shoes; where price > 100"
    assert chain("shoes", "under 60", "under 120") == "shoes; where price < 120"
    assert chain("shoes under 160", "at least 50") == "shoes; where price < 160 and price >= 50"
    assert chain("shoes", "red", "without red") == "shoes; not red"
    assert chain("red shoes", "no red please") == "shoes; not red"


def test_cheapest_first_is_an_order(shop: Shop) -> None:
    turn = shop.typed("shoes")["turn"]
    typed = shop.typed("--refine", turn, "cheapest first")
    posted = shop.posted({"query": "cheapest first", "refine": {"turn": turn}})
    for answer in (typed, posted):
        prices = [hit["metadata"]["price"] for hit in answer["hits"]]
        assert len(prices) > 3
        assert prices == sorted(prices)


def test_a_turn_of_nowhere_is_refused_everywhere(shop: Shop) -> None:
    url = f"/v1/collections/{NAME}/search"
    answer = shop.service.http().post(url, json={"query": "red", "refine": {"turn": "nobody"}})
    assert problem_of(answer, 422, "bad-turn")["field"] == "refine.turn"
    with pytest.raises(QueryError):
        shop.typed("red", "--refine", "nobody")


def test_pages_go_on_through_any_door(shop: Shop) -> None:
    whole = [hit.record.id for hit in shop.python(Query((RED,), limit=60)).hits]
    first = shop.typed("red", "-k", 7, "--beyond")
    on = {"beyond": True, "cursor": first["cursor"]}
    second = shop.posted({"query": "red", "limit": 20, **on})
    on["cursor"] = second["cursor"]
    third = shop.linked({"q": "red", "limit": 33, **on})
    ids = [hit["id"] for page in (first, second, third) for hit in page["hits"]]
    assert ids == whole
    assert third["cursor"] is None
    relevant = shop.posted({"query": "red"})["relevant"]
    assert 0 < relevant < 60
    ended = list(shop.service.client().pages(NAME, "red", limit=3))
    assert relevant <= sum(len(page.hits) for page in ended) < relevant + 3, "pages end with it"
    for passed in (3, 7):
        page = shop.posted({"query": "red", "offset": passed, "limit": 5})
        assert [hit["id"] for hit in page["hits"]] == whole[passed : passed + 5]
    assert shop.posted({"query": "red", "offset": 59})["hits"] == []
    assert len(shop.posted({"query": "red", "offset": 59, "beyond": True})["hits"]) == 1
    both = {"query": "red", "offset": 1, "cursor": first["cursor"]}
    answer = shop.service.http().post(f"/v1/collections/{NAME}/search", json=both)
    assert "cursor" in problem_of(answer, 422, "bad-query")["detail"]
    options: dict[str, Any] = {"sort": ["-price"], "facets": ["color"], "limit": 9}
    pages = list(shop.service.client().pages(NAME, "red", **options))
    sorted_ids = [hit.id for page in pages for hit in page.hits]
    assert sorted_ids == [
        one["id"] for one in shop.linked({"q": "red", "sort": "-price", "limit": 1000})["hits"]
    ]
    assert len(sorted_ids) == len(set(sorted_ids))


def test_urls_are_refused_where_the_operator_has_not_allowed_them(shop: Shop) -> None:
    url = f"/v1/collections/{NAME}/search"
    asked = {"query": [{"text": "red"}, {"url": "http://example.com/a.png"}]}
    problem = problem_of(shop.service.http().post(url, json=asked), 422, "bad-url")
    assert problem["field"] == "query.1.url"
    with pytest.raises(QueryError, match="not allowed"):
        shop.typed("--url", "http://example.com/a.png")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/a.png", "http://[::1]/a.png", "http://169.254.169.254/x"]
)
def test_urls_of_this_machine_are_refused_where_urls_are_allowed(
    tmp_path: Path, address: str
) -> None:
    with running(tmp_path / "home", fetch_urls=True) as service:
        client = service.client()
        client.put_collection("c")
        client.store("c", [RecordBody(id="a", texts={"t": "red"})])
        asked = {"query": [{"url": address}]}
        answer = service.http().post("/v1/collections/c/search", json=asked)
        assert problem_of(answer, 422, "bad-url")["field"] == "query.0.url"


def test_picture_of_a_url_is_looked_for_as_an_uploaded_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(shop.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as elsewhere:
        thread = threading.Thread(target=elsewhere.serve_forever)
        thread.start()
        port = elsewhere.server_address[1]
        limits = FetchLimits(ports=frozenset({port}))
        fetcher = Fetcher(allow=True, limits=limits, is_allowed=lambda _: True)
        monkeypatch.setattr(Container, "fetcher", fetcher)
        vars(shop.service.container).pop("fetcher", None)
        try:
            url = f"http://127.0.0.1:{port}/02.png"
            region = ["--region", "0,0,0.5,1"]
            uploaded = shop.typed("--image", shop.folder / "02.png", *region)
            ids = [hit["id"] for hit in uploaded["hits"]]
            posted = shop.posted({"query": [{"url": url, "region": "0,0,0.5,1"}]})
            assert [hit["id"] for hit in posted["hits"]] == ids
            assert [hit["id"] for hit in shop.typed("--url", url, *region)["hits"]] == ids
            for path, code in (("products.jsonl", "not-a-picture"), ("nowhere", "bad-url")):
                asked = {"query": [{"text": "red"}, {"url": f"http://127.0.0.1:{port}/{path}"}]}
                answer = shop.service.http().post(f"/v1/collections/{NAME}/search", json=asked)
                assert problem_of(answer, 422, code)["field"] == "query.1.url"
        finally:
            elsewhere.shutdown()
            thread.join(10)


@pytest.mark.slow
def test_300_pages_neither_repeat_nor_skip_while_records_are_written(
    service: Running, name: str
) -> None:
    words = ("red", "green", "blue", "yellow", "black")
    client = service.client()
    for start in range(0, 700, 100):
        client.store(name, [
            RecordBody(id=f"r{n:03}", texts={"t": f"{words[n % 5]} thing {n}"}, metadata={"n": n})
            for n in range(start, start + 100)
        ])  # fmt: skip
    done = threading.Event()
    removed: set[str] = set()

    def write() -> int:
        writer = service.client()
        turn = 0
        while not done.wait(0.02):
            turn += 1
            writer.store(name, [RecordBody(id=f"new{turn}", texts={"t": "red thing"})])
            writer.patch(name, f"r{turn % 600:03}", {"n": -turn})
            if turn % 5 == 0 and turn // 5 < 90:
                victim = f"r{610 + turn // 5:03}"
                writer.delete(name, victim)
                removed.add(victim)
        return turn

    thread_result: list[int] = []
    thread = threading.Thread(target=lambda: thread_result.append(write()))
    try:
        ids, pages = scrolled(client, name, after_first=thread.start)
    finally:
        done.set()
        thread.join(30)
    assert pages >= 300
    assert thread_result[0] > 10
    assert len(ids) == len(set(ids))
    at_first = {f"r{n:03}" for n in range(700)}
    assert at_first - removed <= set(ids) <= at_first


def scrolled(
    client: Client, name: str, *, after_first: Callable[[], None] = lambda: None
) -> tuple[list[str], int]:
    ids: list[str] = []
    pages = 0
    for page in client.pages(name, "red thing", limit=2, target="text", beyond=True):
        ids += [hit.id for hit in page.hits]
        pages += 1
        if pages == 1:
            after_first()
    return ids, pages


def test_stale_cursor_has_a_problem_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:
        client = service.client()
        client.put_collection("c")
        client.store("c", [RecordBody(id=f"r{n}", texts={"t": f"red {n}"}) for n in range(20)])
        first = client.search("c", "red", limit=5, beyond=True)
        grouped = {"query": "red", "limit": 5, "group": {"field": "id"}}
        cursor = service.http().post("/v1/collections/c/search", json=grouped).json()["cursor"]
    with running(tmp_path / "home") as service:
        client = service.client()
        client.store("c", [RecordBody(id="later", texts={"t": "red"})])
        answer = service.http().post("/v1/collections/c/search", json={**grouped, "cursor": cursor})
        assert problem_of(answer, 410, "stale-cursor")["field"] == "cursor"
        second = client.search("c", "red", limit=50, beyond=True, cursor=first.cursor)
        seen = [hit.id for page in (first, second) for hit in page.hits]
        assert len(seen) == len(set(seen)) == 21, "others go on behind what was shown"
