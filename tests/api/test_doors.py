"""Python, the command line and HTTP give the same answers to the same questions."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from binocle.errors import FilterError
from search.query.filter_language import parse_where
from search.query.query import Group, Query, Region, Sort, Term, Weights
from tests.support.service import problem_of
from tests.support.shop import COLOURS, NAME, Case, Product, Shop, products, run_cli

PRODUCTS = products()
BY_ID = {str(one["id"]): one for one in PRODUCTS}


RED = Term(text="red")
CASES = {
    "words": Case(Query((RED,)), ["red"], {"query": "red"}, {"q": "red"}),
    "filter": Case(
        Query((RED,), where=parse_where("price < 90 and stock = true"), limit=40),
        ["red", "--where", "price < 90 and stock = true", "-k", 40],
        {"query": "red", "filter": {"price": {"lt": 90}, "stock": True}, "limit": 40},
        {"q": "red", "where": "price < 90 and stock = true", "limit": 40},
        lambda ids: all(BY_ID[one].get("price", 999) < 90 for one in ids),
    ),
    "filter by time": Case(
        Query((RED,), where=parse_where("added in 2024-03 or title contains BAG"), limit=60),
        ["red", "--where", "added in march 2024 or title contains BAG", "-k", 60],
        {
            "query": "red",
            "filter": {"or": [{"added": {"during": "2024-03"}}, {"title": {"contains": "bag"}}]},
            "limit": 60,
        },
        {"q": "red", "where": "added in 2024-03 or title contains bag", "limit": 60},
        lambda ids: 0 < len(ids) < 60,
    ),
    "nothing but a filter": Case(
        Query((), where=parse_where("color = Blue"), limit=60),
        ["--where", "color = Blue", "-k", 60],
        {"filter": {"color": "Blue"}, "limit": 60},
        {"where": "color = Blue", "limit": 60},
        lambda ids: len(ids) == 12,
    ),
    "sort": Case(
        Query((), where=parse_where("color = Blue"), sort=(Sort("price", descending=True),)),
        ["--where", "color = Blue", "--sort", "-price"],
        {"filter": {"color": "Blue"}, "sort": ["-price"]},
        {"where": "color = Blue", "sort": "-price"},
    ),
    "sort by two": Case(
        Query((), sort=(Sort("color"), Sort("price", descending=True)), limit=60),
        ["--sort", "color", "--sort", "-price", "-k", 60],
        {"sort": ["color", {"field": "price", "descending": True}], "limit": 60},
        {"sort": ["color", "-price"], "limit": 60},
        lambda ids: len(ids) == 60,
    ),
    "relevance and cut": Case(
        Query((RED,), min_relevance=0.3, sort=(Sort("relevance"), Sort("price")), limit=60),
        ["red", "--min-relevance", "30%", "--sort", "relevance", "--sort", "price", "-k", 60],
        {"query": "red", "min_relevance": 0.3, "sort": ["relevance", "price"], "limit": 60},
        {"q": "red", "min_relevance": "0.3", "sort": ["relevance", "price"], "limit": 60},
        lambda ids: True,
    ),
    "group": Case(
        Query((RED,), group=Group("style", 2)),
        ["red", "--group-by", "style:2"],
        {"query": "red", "group": {"field": "style", "size": 2}},
        {"q": "red", "group": "style:2"},
        lambda ids: len({BY_ID[one]["style"] for one in ids}) == len(ids),
    ),
    "diversity": Case(
        Query((RED,), diversity=0.7),
        ["red", "--diverse", 0.7],
        {"query": "red", "diversity": 0.7},
        {"q": "red", "diversity": 0.7},
    ),
    "collapse": Case(
        Query((RED,), collapse=True),
        ["red", "--collapse"],
        {"query": "red", "collapse": True},
        {"q": "red", "collapse": True},
    ),
    "model number": Case(
        Query((Term(text="BX-117"),), mode="keyword"),
        ["BX-117", "--mode", "keyword"],
        {"query": "BX-117", "mode": "keyword"},
        {"q": "BX-117", "mode": "keyword"},
        lambda ids: ids[0] == "sku-17",
    ),
    "hybrid": Case(
        Query((Term(text="red BX-117"),), mode="hybrid", target="any"),
        ["red BX-117", "--mode", "hybrid", "--target", "any"],
        {"query": "red BX-117", "mode": "hybrid", "target": "any"},
        {"q": "red BX-117", "mode": "hybrid", "target": "any"},
        lambda ids: ids[0] == "sku-17",
    ),
    "weights": Case(
        Query((RED,), mode="hybrid", weights=Weights(image=0, text=0.5, keyword=2)),
        ["red", "--mode", "hybrid", "--weights", "image=0,text=0.5,keyword=2"],
        {"query": "red", "mode": "hybrid", "weights": {"image": 0, "text": 0.5, "keyword": 2}},
    ),
    "like and unlike": Case(
        Query((Term(record="sku-00"), Term(record="sku-05", weight=2.0),
               Term(record="sku-01", weight=-1.0))),
        ["--like", "sku-00", "--like", "sku-05^2", "--unlike", "sku-01^1"],
        {"query": [{"record": "sku-00"}, {"record": "sku-05", "weight": 2},
                   {"record": "sku-01", "weight": -1}]},
        None,
        lambda ids: BY_ID[ids[0]]["color"] == "Red",
    ),
    "words kept away": Case(
        Query((Term(text="shoes"), Term(text="black", weight=-0.5))),
        ["shoes", "--not", "black^0.5"],
        {"query": [{"text": "shoes"}, {"text": "black", "weight": -0.5}]},
    ),
    "invisible marks": Case(
        Query((RED,)),
        ["\ufeffred\u200b"],
        {"query": [{"text": "\u202ared\u202c"}]},
        {"q": "red\u200e"},
    ),
    "negation": Case(
        Query((Term(text="shoes"), Term(text="black", weight=-1.0))),
        ["shoes but not black"],
        {"query": "shoes but not black"},
        {"q": "shoes but not black"},
        lambda ids: all(BY_ID[one]["color"] != "Black" for one in ids),
    ),
    "optional words": Case(
        Query((Term(text="red shoes for christmas"),), optional=("shoes",), min_relevance=0.1),
        ["red shoes for christmas", "--optional", "shoes", "--min-relevance", "0.1"],
        {"query": "red shoes for christmas", "optional": ["shoes"], "min_relevance": 0.1},
        {"q": "red shoes for christmas", "optional": "shoes", "min_relevance": "0.1"},
        lambda ids: {BY_ID[one]["color"] for one in ids} == {"Red"}
        and len({str(BY_ID[one]["style"]).split("-")[0] for one in ids}) > 1,
    ),
    "region of a record": Case(
        Query((Term(record="sku-02", region=Region(0, 0, 0.5, 1)),)),
        ["--like", "sku-02", "--region", "0,0,0.5,1"],
        {"query": [{"record": "sku-02", "region": "0,0,0.5,1"}]},
        None,
        lambda ids: BY_ID[ids[0]]["color"] == "Blue",
    ),
    "scan": Case(
        Query((RED,), exact=True, target="text"),
        ["red", "--exact", "--target", "text"],
        {"query": "red", "exact": True, "target": "text"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_door_finds_the_same(shop: Shop, case: Case) -> None:
    ids = [hit.record.id for hit in shop.python(case.query).hits]
    assert [hit["id"] for hit in shop.typed(*case.typed)["hits"]] == ids
    assert [hit["id"] for hit in shop.posted(case.body)["hits"]] == ids
    if case.link is not None:
        assert [hit["id"] for hit in shop.linked(case.link)["hits"]] == ids
    assert case.check(ids), ids


def test_both_doors_answer_with_the_same_words(shop: Shop) -> None:
    asked = {"facets": ["color", "price:numbers:4"], "group": "style:2", "mode": "hybrid"}
    typed = shop.typed(
        "red", "--facet", "color", "--facet", "price:numbers:4", "--group-by", "style:2",
        "--mode", "hybrid",
    )  # fmt: skip
    posted = shop.posted({"query": "red", **asked})
    assert posted.keys() - typed.keys() == {"space", "warnings", "took_ms"}
    assert typed.keys() - posted.keys() == {"collection", "model"}
    shown = {"thumbnail", "image", "picture", "texts", "highlights"}
    assert posted["hits"][0].keys() - typed["hits"][0].keys() == shown
    for name in ("facets", "relevant", "no_match", "mode", "target", "exact"):
        assert typed[name] == posted[name], name
    for theirs, ours in zip(typed["hits"], posted["hits"], strict=True):
        for name in ("relevance", "similarity", "score"):
            assert theirs[name] == pytest.approx(ours[name], abs=1e-5)
        for name in ("contributions", "group_value", "group_size"):
            assert (
                json.dumps(theirs[name], sort_keys=True)[:40]
                == (json.dumps(ours[name], sort_keys=True)[:40])
            )
        assert [one["id"] for one in theirs["others"]] == [one["id"] for one in ours["others"]]
    shares = [one["share"] for one in posted["hits"][0]["contributions"]]
    assert sum(shares) == pytest.approx(1, abs=1e-6)


def test_what_goes_by_two_names_is_the_same_under_both(shop: Shop) -> None:
    where = "color in (Red, Blue)"
    short = shop.typed("red", "--where", where, "--group-by", "style", "--diverse", 0.4)["hits"]
    long = shop.typed("red", "--filter", where, "--group", "style", "--diversity", 0.4)["hits"]
    assert [one["id"] for one in short] == [one["id"] for one in long]
    assert {one["metadata"]["color"] for one in short} <= {"Red", "Blue"}
    linked = [shop.linked({"q": "red", name: where})["hits"] for name in ("where", "filter")]
    assert linked[0] == linked[1]
    url = f"/v1/collections/{NAME}/search"
    for wrong in ({"filter": "color ="}, {"filter": where, "where": where}):
        answer = shop.service.http().get(url, params={"q": "red", **wrong})
        assert problem_of(answer, 422, "bad-filter")["field"] == "query.filter"


def test_dates_are_compared_with_times_or_not_at_all(shop: Shop) -> None:
    assert len(shop.typed("--where", "added < yesterday", "-k", 99)["hits"]) == len(PRODUCTS)
    assert shop.posted({"filter": {"added": {"gt": "last month"}}})["hits"] == []
    with pytest.raises(FilterError, match="'added' holds dates, and 'banana' is none"):
        run_cli(shop.service.home, "search", "-c", NAME, "--where", "added < banana")
    url = f"/v1/collections/{NAME}"
    wrong = {"where": "added < banana"}
    assert problem_of(shop.service.http().get(f"{url}/search", params=wrong), 422, "bad-filter")
    assert problem_of(shop.service.http().get(f"{url}/records", params=wrong), 422, "bad-filter")


def passing(condition: str) -> list[Product]:
    tests: dict[str, Callable[[Product], bool]] = {
        "price >= 50": lambda one: one.get("price", -1) >= 50,
        "color in (Red, Blue) and price < 120": lambda one: (
            one["color"] in ("Red", "Blue") and one.get("price", 999) < 120
        ),
        "tags = new": lambda one: "new" in one["tags"],
        "not price exists": lambda one: "price" not in one,
    }
    return [one for one in PRODUCTS if tests[condition](one)]


CONDITIONS = (
    "price >= 50", "color in (Red, Blue) and price < 120", "tags = new", "not price exists",
)  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_that_of_a_table(shop: Shop, condition: str, descending: bool) -> None:
    rows = passing(condition)
    order = "-price" if descending else "price"
    hits = shop.linked({"where": condition, "sort": [order, "id"], "limit": 100})["hits"]
    priced = sorted(
        (one for one in rows if "price" in one),
        key=lambda one: (-one["price"] if descending else one["price"], one["id"]),
    )
    rest = sorted((one for one in rows if "price" not in one), key=lambda one: str(one["id"]))
    assert [hit["id"] for hit in hits] == [one["id"] for one in [*priced, *rest]]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_facets_count_what_a_table_counts(shop: Shop, condition: str) -> None:
    answer = shop.linked({"where": condition, "facet": ["style:100", "tags", "added:month"]})
    rows = passing(condition)
    assert answer["relevant"] == len(rows)
    style, tags, added = answer["facets"]
    assert found(style) == Counter(one["style"] for one in rows)
    own = PRODUCTS if condition.startswith("tags") else rows  # its own filter does not shrink it
    assert found(tags) == Counter(tag for one in own for tag in one["tags"])
    months = Counter(str(one["added"])[:7] for one in rows)
    assert {value[:7]: count for value, count in found(added).items() if count} == months
    assert [one["missing"] for one in answer["facets"]] == [0, 0, 0]


def test_filter_on_a_facets_own_field_does_not_shrink_it(shop: Shop) -> None:
    answer = shop.posted(
        {
            "filter": {"color": ["Red", "Blue"], "price": {"lt": 120}},
            "facets": ["color", "price:numbers:4"],
        }
    )
    color, price = answer["facets"]
    cheap = [one for one in PRODUCTS if one.get("price", 999) < 120]
    assert found(color) == Counter(one["color"] for one in cheap)
    chosen = [one for one in PRODUCTS if one["color"] in ("Red", "Blue")]
    assert sum(found(price).values()) == sum("price" in one for one in chosen)
    assert price["missing"] == sum("price" not in one for one in chosen)
    assert len(price["buckets"]) == 4


def test_groups_are_those_of_a_table(shop: Shop) -> None:
    body = {"filter": {"color": "Red"}, "sort": ["price"], "group": "style:3", "limit": 100}
    hits = shop.posted(body)["hits"]
    red = [one for one in PRODUCTS if one["color"] == "Red"]
    sizes = Counter(one["style"] for one in red)
    assert {hit["group_value"]: hit["group_size"] for hit in hits} == sizes
    for hit in hits:
        members = [hit["id"], *(one["id"] for one in hit["others"])]
        prices = [BY_ID[one].get("price", 1e9) for one in members]
        assert prices == sorted(prices)
        assert {BY_ID[one]["style"] for one in members} == {hit["group_value"]}


def found(facet: dict[str, Any]) -> Counter[str]:
    return Counter({str(one["value"]): one["count"] for one in facet["buckets"]})


def test_parts_of_a_form_ask_as_a_body_does(shop: Shop) -> None:
    data = (shop.folder / "02.png").read_bytes()
    url = f"/v1/collections/{NAME}/search"
    form = {"search": json.dumps({"region": "0,0,0.5,1", "limit": 3})}
    answer = shop.service.http().post(url, files={"image": data}, data=form).json()
    assert [BY_ID[hit["id"]]["color"] for hit in answer["hits"]] == ["Blue"] * 3
    typed = shop.typed("--image", shop.folder / "02.png", "--region", "0,0,0.5,1", "-k", 3)
    assert [one["id"] for one in typed["hits"]] == [one["id"] for one in answer["hits"]]


def test_facets_and_relevance_are_shown_to_a_person(shop: Shop) -> None:
    code, out, _ = run_cli(
        shop.service.home, "search", "-c", NAME, "red", "--facet", "color", "-k", 3
    )
    assert code == 0
    lines = out.splitlines()
    assert len([line for line in lines[:3] if line.count("\t") == 2]) == 3
    assert {line.split("\t")[1] for line in lines[4:]} <= set(COLOURS)
