"""Recommendations are searches by records, within a budget, without what was seen, and why."""

from typing import Any

import pytest

from binocle_client import Client
from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of
from tests.support.shop import NAME, Shop, products

_URL = f"/v1/collections/{NAME}/recommend"
_ROWS = {str(one["id"]): one for one in products()}


def _recommend(shop: Shop, **body: Any) -> dict[str, Any]:
    answer = shop.service.http().post(_URL, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _ids(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["hits"]]


def test_it_is_the_search_by_these_records(shop: Shop) -> None:
    found = _recommend(shop, more_of=["sku-00", "sku-02"], less_of=["sku-03"], limit=20)
    query = [{"record": "sku-00"}, {"record": "sku-02"}, {"record": "sku-03", "weight": -1}]
    searched = shop.posted({"query": query, "limit": 20})
    changing = ("took_ms", "turn", "cursor")
    for name in searched.keys() - set(changing):
        assert found[name] == searched[name], name
    assert not {"sku-00", "sku-02", "sku-03"} & set(_ids(found)), "they are known already"


def test_more_of_a_colour_is_of_that_colour_and_less_of_one_is_not(shop: Shop) -> None:
    reds = _ids(_recommend(shop, more_of=["sku-00"], limit=8))
    assert {_ROWS[one]["color"] for one in reds} == {"Red"}
    found = _recommend(shop, more_of=["sku-00", "sku-01"], less_of=["sku-06"], limit=8)
    assert "Green" not in {_ROWS[one]["color"] for one in _ids(found)}


def test_what_was_seen_or_is_beyond_the_budget_is_not_shown(shop: Shop) -> None:
    first = _recommend(shop, more_of=["sku-00"], limit=5)
    second = _recommend(shop, more_of=["sku-00"], seen=_ids(first), limit=60)
    assert not set(_ids(first)) & set(_ids(second))
    assert len(_ids(second)) == 60 - 1 - 5
    affordable = {one for one, row in _ROWS.items() if row.get("price", 999) <= 60}
    for budget in (60, {"field": "price", "at_most": 60}):
        found = _recommend(shop, more_of=["sku-00"], budget=budget, limit=60)
        assert set(_ids(found)) == affordable - {"sku-00"}
        assert found["looking_for"] == "like sku-00; where price <= 60"
    stocked = {one for one in affordable if _ROWS[one]["stock"]}
    found = _recommend(shop, more_of=["sku-00"], budget=60, filter={"stock": True}, limit=60)
    assert set(_ids(found)) == stocked - {"sku-00"}


def test_each_hit_has_its_reason(shop: Shop) -> None:
    found = _recommend(shop, more_of=["sku-00", "sku-02"], less_of=["sku-01"], limit=12)
    assert [one["id"] for one in found["because"]] == _ids(found)
    for reason in found["because"]:
        if _ROWS[reason["id"]]["color"] in ("Red", "Blue"):
            assert _ROWS[reason["like"]]["color"] == _ROWS[reason["id"]]["color"]
            assert reason["similarity"] > 0.9
    assert all(one["contributions"] for one in found["hits"])


def test_unknown_ids_cost_only_themselves(shop: Shop) -> None:
    found = _recommend(
        shop, more_of=["none", "sku-00"], less_of=["sku-01", "less"], seen=["old", "sku-05"]
    )
    assert found["unknown"] == ["none", "less", "old"]
    assert "sku-05" not in _ids(found)
    assert len(_ids(found)) == 10


def test_pages_do_not_repeat_and_groups_show_one_of_each(shop: Shop) -> None:
    body = {"more_of": ["sku-00"], "limit": 7, "beyond": True, "seen": ["sku-05"]}
    page = _recommend(shop, **body)
    shown = _ids(page)
    while page["cursor"]:
        page = _recommend(shop, **body, cursor=page["cursor"])
        shown += _ids(page)
    assert sorted(shown) == sorted(_ROWS.keys() - {"sku-00", "sku-05"})
    styles = [
        _ROWS[one]["style"] for one in _ids(_recommend(shop, more_of=["sku-00"], group="style"))
    ]
    assert len(styles) == len(set(styles))


def test_fields_choose_what_comes(shop: Shop) -> None:
    found = _recommend(shop, more_of=["sku-00"], fields=["metadata.price", "kind"], limit=2)
    assert {name for one in found["hits"] for name in one} == {"id", "others", "metadata", "kind"}
    assert len(found["because"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "said"),
    [
        ({}, 422, "invalid", "more_of", "required"),
        ({"more_of": []}, 422, "invalid", "more_of", "must not be empty"),
        ({"more_of": ["a", "b"]}, 404, "not-found", "more_of", "'a', 'b'"),
        ({"more_of": ["sku-00"], "less_of": ["sku-00"]}, 422, "invalid", "less_of", "'sku-00'"),
        ({"more_of": ["sku-00"], "budget": {"field": "color", "at_most": 5}}, 422, "usage",
         "budget", "'color' holds no numbers; of numbers are"),
        ({"more_of": ["sku-00"], "budget": "cheap"}, 422, "invalid", "budget", "must be"),
        ({"more_of": ["sku-00"], "prize": 3}, 422, "invalid", "prize", "not known here"),
        ({"more_of": ["sku-00"], "fields": ["x"]}, 422, "invalid", "fields.0", "hits have no x"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    shop: Shop, body: dict[str, Any], status: int, code: str, field: str, said: str
) -> None:
    problem = problem_of(shop.service.http().post(_URL, json=body), status, code)
    assert problem["field"] == field
    assert said in problem["detail"]


@pytest.mark.parametrize("budget", ["1e400", '{"field": "price", "at_most": -1e400}'])
def test_a_budget_is_a_number_that_there_is(shop: Shop, budget: str) -> None:
    sent = f'{{"more_of": ["sku-00"], "budget": {budget}}}'
    answer = shop.service.http().post(
        _URL, content=sent, headers={"content-type": "application/json"}
    )
    problem = problem_of(answer, 422, "invalid")
    assert "a finite number" in problem["detail"]
    assert problem["field"].startswith("budget")


def test_without_a_price_the_budget_needs_a_field(
    service: Running, client: Client, name: str
) -> None:
    records = [
        RecordBody(id=str(size), texts={"title": f"bag {size}"}, metadata={"size": size})
        for size in range(3)
    ]
    client.store(name, records)
    http, url = service.http(), f"/v1/collections/{name}/recommend"
    problem = problem_of(http.post(url, json={"more_of": ["0"], "budget": 1}), 422, "usage")
    assert "of: size" in problem["detail"]
    found = client.recommend(name, ["0"], budget={"field": "size", "at_most": 1})
    assert [one.id for one in found.hits] == ["1"]
    assert [(one.id, one.like) for one in found.because] == [("1", "0")]
