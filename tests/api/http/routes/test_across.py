"""One search over several collections: in order, paged and counted as if they were one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from binocle_client import Client, ClientError
from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of, running
from tests.support.shop import run_cli

COLOURS = ("red", "blue", "green")


def records(name: str, count: int) -> list[RecordBody]:
    return [
        RecordBody(
            id=f"{name}-{number}",
            texts={"title": f"{COLOURS[number % 3]} bag number {number} of {name}"},
            metadata={"color": COLOURS[number % 3], "price": 10 * number + len(name), "shop": name},
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Collections ``big`` and ``small``, ``words`` of another space, the alias ``front``."""
    with running(tmp_path_factory.mktemp("across") / "home") as service:
        client = service.client()
        for name, count in (("big", 30), ("small", 9)):
            client.put_collection(name)
            assert client.store(name, records(name, count)).failed == 0
        text = service.home / "t.txt"
        text.write_text("a crimson leather bag\na blue bag\nan old boat\n")
        assert run_cli(service.home, "index", text, "-c", "words", "--model", "mini")[0] == 0
        client.put_alias("front", "big")
        yield service


@pytest.fixture
def client(shops: Running) -> Client:
    return shops.client()


def test_hits_say_their_collection_and_counts_are_summed(client: Client) -> None:
    options: Any = {"limit": 20, "facets": ["color", "price"]}
    found = client.search_across(["big", "small"], "red bag", **options)
    assert {hit.collection for hit in found.hits} == {"big", "small"}
    assert all(hit.collection == hit.metadata["shop"] for hit in found.hits)
    apart = {name: client.search(name, "red bag", **options) for name in ("big", "small")}
    own = {name: one.relevant for name, one in apart.items()}
    assert found.relevant == sum(one or 0 for one in own.values())
    assert [(share.collection, share.relevant) for share in found.collections] == list(own.items())
    assert [share.hits for share in found.collections] == [
        sum(hit.collection == name for hit in found.hits) for name in own
    ]
    color, price = found.facets
    counts = {
        colour: sum(
            bar.count
            for one in apart.values()
            for bar in one.facets[0].buckets
            if bar.value == colour
        )
        for colour in COLOURS
    }
    assert {bar.value: bar.count for bar in color.buckets} == {
        colour: count for colour, count in counts.items() if count
    }
    assert sum(bar.count for bar in color.buckets) == found.relevant
    assert sum(bar.count for bar in price.buckets) == found.relevant
    assert 1 < len(price.buckets) <= 10


@pytest.mark.parametrize("sort", [(), ("-price",), ("color", "price")])
def test_pages_show_each_hit_once_in_the_order_of_one_page(
    client: Client, sort: tuple[str, ...]
) -> None:
    names, options = ["big", "small"], {"beyond": True, "sort": list(sort)}
    whole = client.search_across(names, "bag", limit=100, **options)  # type: ignore[arg-type]
    seen, cursor, relevant = [], None, set()
    while True:
        page = client.search_across(names, "bag", limit=7, cursor=cursor, **options)  # type: ignore[arg-type]
        seen += [(hit.collection, hit.id) for hit in page.hits]
        relevant.add((page.relevant, page.relevant_error))
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.hits) == 7
    assert len(set(seen)) == len(seen) == len(whole.hits)
    assert seen == [(hit.collection, hit.id) for hit in whole.hits]
    assert len(relevant) == 1
    if sort == ("-price",):
        prices = [float(hit.metadata["price"]) for hit in whole.hits]  # type: ignore[arg-type]
        assert prices == sorted(prices, reverse=True)


def test_pages_stay_as_they_began_while_a_collection_is_written_to(client: Client) -> None:
    client.put_collection("moving")
    client.store("moving", records("moving", 12))
    names = ["big", "moving"]
    first = client.search_across(names, "bag", limit=5, beyond=True)
    client.store("moving", [RecordBody(id="new", texts={"title": "bag bag bag"})])
    seen, cursor = [hit.id for hit in first.hits], first.cursor
    while cursor:
        page = client.search_across(names, "bag", limit=50, beyond=True, cursor=cursor)
        seen += [hit.id for hit in page.hits]
        cursor = page.cursor
    assert len(seen) == len(set(seen)) == 42
    client.delete_collection("moving")


def test_name_of_a_collection_and_an_alias_costs_only_itself(
    client: Client, shops: Running
) -> None:
    folder = shops.home / "collections" / "front"
    folder.mkdir()
    try:
        found = client.search_across(["front", "small"], "red bag")
        shown = run_cli(shops.home, "search", "red bag", "-c", "front,small", "--json")
    finally:
        folder.rmdir()
    front, small = found.collections
    assert front.error is not None
    assert front.error.code == "alias-conflict"
    assert small.hits == len(found.hits) > 0
    assert shown[0] == 0
    assert "is a collection and an alias" in shown[2] + shown[1]


def test_groups_of_one_value_are_one_over_all_pages(client: Client) -> None:
    names, options = ["big", "small"], {"group": "color:3"}
    apart: Any = [client.search(name, "bag", **options).hits for name in names]  # type: ignore[arg-type]
    sizes = {
        color: sum(hit.group_size for own in apart for hit in own if hit.group_value == color)
        for color in COLOURS
    }
    whole = client.search_across(names, "bag", **options)  # type: ignore[arg-type]
    assert {hit.group_value: hit.group_size for hit in whole.hits} == sizes
    assert all(len(hit.others) == 2 for hit in whole.hits)
    for hit in whole.hits:
        several = [hit, *hit.others]
        assert len({one.id for one in several}) == 3
        assert all(one.metadata["shop"] == one.collection for one in several)
        assert {one.metadata["color"] for one in several} == {hit.group_value}
    cheapest = client.search_across(names, "bag", sort=["price"], **options)  # type: ignore[arg-type]
    assert {one.collection for hit in cheapest.hits for one in [hit, *hit.others]} == set(names)
    seen, cursor = [], None
    for _ in range(6):
        page = client.search_across(names, "bag", limit=1, cursor=cursor, **options)  # type: ignore[arg-type]
        seen += [(hit.collection, hit.id, hit.group_size) for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [(hit.collection, hit.id, hit.group_size) for hit in whole.hits]


def test_refinement_goes_on_in_each_collection(client: Client) -> None:
    names, options = ["big", "small"], {"facets": ["shop:values:1"], "limit": 5}
    first = client.search_across(names, "bag", **options)  # type: ignore[arg-type]
    told = client.search_across(names, "but red", refine={"turn": first.turn or ""})
    apart: Any = [
        client.search(name, "but red", refine={"turn": client.search(name, "bag").turn or ""})
        for name in names
    ]
    assert told.relevant == sum(one.relevant for one in apart)
    assert len(told.hits) == 5
    assert {hit.metadata["color"] for hit in told.hits} == {"red"}
    assert [len(facet.buckets) for facet in told.facets] == [1]
    third = client.search_across(
        names, filter={"price": {"lt": 50}}, refine={"turn": told.turn or ""}
    )
    assert third.hits[0].metadata["color"] == "red"
    assert all(float(hit.metadata["price"]) < 50 for hit in third.hits)  # type: ignore[arg-type]
    more = client.search_across([*names, "words"], "red", refine={"turn": first.turn or ""})
    error = more.collections[2].error
    assert error is not None
    assert error.code == "bad-turn"


def test_spaces_may_differ_and_each_embeds_in_its_own(client: Client) -> None:
    found = client.search_across(["words", "front"], "a crimson bag", limit=40)
    spaces = {share.collection: share.space for share in found.collections}
    assert spaces["front"] == "colour"
    assert "mini" in (spaces["words"] or "")
    assert {hit.collection for hit in found.hits} == {"words", "front"}
    crimson = next(hit for hit in found.hits if hit.collection == "words")
    assert "crimson" in next(iter(crimson.texts.values()))[0]


def test_collection_that_cannot_answer_costs_only_itself(client: Client) -> None:
    names = ["big", "nobody", "small"]
    found = client.search_across(names, [{"record": "small-0"}], limit=5)
    errors = {share.collection: share.error for share in found.collections}
    assert errors["small"] is None
    assert errors["nobody"] is not None
    assert errors["nobody"].code == "not-found"
    assert errors["big"] is not None
    assert "small-0" in str(errors["big"].detail)
    assert {hit.collection for hit in found.hits} == {"small"}
    with pytest.raises(ClientError, match="no collection 'nobody'"):
        client.search_across(["nobody"], "bag")
    with pytest.raises(ClientError, match="like") as caught:
        client.search_across(["big", "small"], "bag", filter={"price": {"like": 3}})
    assert caught.value.status == 422


def test_key_has_to_be_for_each_collection(shops: Running) -> None:
    home = shops.stack.enter_context(running(shops.home.parent / "keyed"))
    client = home.client()
    for name in ("big", "small", "words"):
        client.put_collection(name)
        client.store(name, records(name, 2))
    client.put_alias("front", "big")
    some = home.client(home.keys.add("some", "read", ("front", "small")))
    found = some.search_across(["front", "small"], "red bag")
    assert {hit.collection for hit in found.hits} == {"front", "small"}
    for names in (["front", "words"], ["big", "small"], ["nobody", "small"], ["front", "big"]):
        with pytest.raises(ClientError, match="may not read") as caught:
            some.search_across(names, "red bag")
        assert caught.value.code == "key-not-allowed"


def test_wrong_requests_name_what_is_wrong(shops: Running, client: Client) -> None:
    http = shops.http()

    def refused(code: str, **body: object) -> str:
        asked = {"collections": ["big", "small"], "query": "x", **body}
        problem = problem_of(http.post("/v1/search", json=asked), 422, code)
        return f"{problem['field']}: {problem['detail']}"

    assert "collections" in refused("invalid", collections=[])
    assert "collections" in refused("invalid", collections=["c"] * 17)
    assert refused("invalid", collections=["big", "front"]).startswith("collections.1: 'front' is")
    assert refused("invalid", collections=["big", "big"]).startswith("collections.1")
    assert "collapse is of one collection; leave it out" in refused("invalid", collapse=True)
    assert refused("invalid", diversity=1.5).startswith("diversity")
    assert refused("bad-query", group="color:0").startswith("group: a group shows 1 to 100")
    assert refused("bad-turn", refine={"turn": "x"}).startswith("refine: the turn is damaged")
    turn = client.search("big", "bag").turn
    assert "or of one collection" in refused("bad-turn", refine={"turn": turn})
    turn = client.search_across(["words"], "bag").turn
    assert "in other collections (words)" in refused("bad-turn", refine={"turn": turn})
    assert refused("invalid", offset=1001).startswith("offset")
    assert refused("bad-cursor", cursor="x").startswith("cursor: the cursor is damaged")
    cursor = client.search_across(["big", "words"], "bag", limit=3, beyond=True).cursor
    assert "other collections" in refused("bad-cursor", cursor=cursor)
    assert "another query" in refused("bad-cursor", cursor=cursor, collections=["big", "words"])
    assert refused("invalid", fields=["nothing"]).startswith("fields.0")


def test_offset_and_fields_are_those_of_one_answer(shops: Running, client: Client) -> None:
    names = ["big", "small"]
    whole = client.search_across(names, "bag", limit=10)
    later = client.search_across(names, "bag", limit=6, offset=4, fields=["metadata.price"])
    assert [hit.id for hit in later.hits] == [hit.id for hit in whole.hits[4:]]
    assert all(set(hit.metadata) <= {"price"} and not hit.texts for hit in later.hits)
    assert all(hit.collection for hit in later.hits)
    asked = {"collections": [*names, "nobody"], "query": "bag", "fields": ["metadata.price"]}
    told = shops.http().post("/v1/search", json=asked).json()
    assert {frozenset(hit) for hit in told["hits"]} == {
        frozenset(("id", "collection", "metadata", "others"))
    }
    assert told["collections"][2]["error"]["type"] == "about:blank"


def test_command_line_searches_several_and_goes_on(shops: Running) -> None:
    def typed(*arguments: object) -> Any:
        code, out, err = run_cli(shops.home, "search", "bag", "--json", "--beyond", *arguments)
        assert code == 0, err
        return json.loads(out)

    first = typed("-c", "front,small", "-k", 5)
    again = typed("-c", "front,small", "-k", 5, "--cursor", first["cursor"])
    seen = [(hit["collection"], hit["id"]) for hit in (*first["hits"], *again["hits"])]
    assert len(set(seen)) == 10
    told = shops.client().search_across(["front", "small"], "bag", limit=10, beyond=True).hits
    assert seen == [(hit.collection, hit.id) for hit in told]
    grouped = typed("-c", "front,small", "--group", "color:2")
    told = shops.client().search_across(["front", "small"], "bag", group="color:2").hits
    assert [
        [(one["collection"], one["id"]) for one in (hit, *hit["others"])] for hit in grouped["hits"]
    ] == [[(one.collection, one.id) for one in (hit, *hit.others)] for hit in told]
    refined = typed("red", "-c", "front,small", "--refine", grouped["turn"])
    assert refined["hits"][0]["group_value"] == "red"
    code, out, err = run_cli(shops.home, "search", "bag", "-c", "front,nobody", "-k", 2)
    assert code == 0
    assert "front" in out
    assert "Error: nobody: there is no collection 'nobody'" in err
    code, _, err = run_cli(shops.home, "search", "bag", "-c", "big,small", "--sheet", "x.html")
    assert (code, "one collection" in err) == (2, True)
