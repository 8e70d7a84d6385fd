"""Ranking rules over HTTP: a draft is tried, published and gone back from, by whoever may write."""

from collections.abc import Iterator
from typing import Any

import pytest

from binocle_client import Client, ClientError
from binocle_client.requests import RecordBody, RulesBody
from tests.support.service import Running, Serve, problem_of, running

TITLES = ("red sofa", "red couch", "red lamp", "blue sofa", "红色运动鞋", "红色跑鞋")
RULES: RulesBody = {
    "synonyms": [{"words": ["sofa", "couch"]}, {"words": ["运动鞋", "跑鞋"]}],
    "curations": [{"query": "red sofa", "pin": ["s2"], "hide": ["s1"], "until": "2999-01-01"}],
    "boosts": [{"name": "popular", "field": "sales", "pivot": 2, "weight": 5}],
}
SEARCH = {"query": "red sofa", "mode": "keyword"}
URL = "/v1/collections/shop"


def records() -> list[RecordBody]:
    return [
        RecordBody(id=f"s{number}", texts={"title": title}, metadata={"sales": number})
        for number, title in enumerate(TITLES)
    ]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("rules") / "home", log_queries=True) as service:
        service.client().put_collection("shop")
        service.client().store("shop", records())
        yield service


def ids(answer: Any) -> list[str]:
    return [hit["id"] for hit in answer.json()["hits"]]


def test_draft_is_tried_published_and_gone_back_from(service: Running, client: Client) -> None:
    http = service.http()
    before = ids(http.post(f"{URL}/search", json=SEARCH))
    version = client.rules("shop").version
    draft = client.put_rules_draft("shop", RULES)
    assert (draft.version, draft.warnings, draft.rules) == (0, [], client.rules_draft("shop").rules)
    assert draft.rules["curations"][0]["until"] == "2999-01-01"
    assert ids(http.post(f"{URL}/search", json=SEARCH)) == before
    for answered in (
        http.post(f"{URL}/search?with=DRAFT", json=SEARCH),
        http.post(f"{URL}/search", json={**SEARCH, "rules": "draft"}),
        http.get(f"{URL}/search?q=red+sofa&mode=keyword&rules=draft"),
    ):
        found = ids(answered)
        assert (found[0], "s1" in found) == ("s2", False)
    batch = http.post(f"{URL}/search/batch?with=draft", json={"searches": [SEARCH]}).json()
    assert batch["answers"][0]["hits"][0]["id"] == "s2"
    trial = client.try_rules("shop", ["red sofa", "nothing like it"], recorded=5)
    assert trial.tried[0].after[0] == "s2"
    assert [one.query for one in trial.tried][:2] == ["red sofa", "nothing like it"]
    assert len({one.query for one in trial.tried}) == len(trial.tried)
    published = client.publish_rules("shop", "sofas", etag=draft.etag)
    assert (published.version, published.note) == (version + 1, "sofas")
    answer = client.search("shop", "red sofa", mode="keyword")
    assert answer.hits[0].id == "s2"
    assert "sofa also as couch" in answer.looking_for
    said = {(one.ranking, one.name) for hit in answer.hits for one in hit.contributions}
    assert {("pin", ""), ("boost", "popular")} <= said
    assert client.search("shop", "红色运动鞋", mode="keyword").relevant == 2
    client.put_rules_draft("shop", {})
    client.publish_rules("shop")
    assert ids(http.post(f"{URL}/search", json=SEARCH)) == before
    back = client.go_back_to_rules("shop", published.version)
    assert back.rules == published.rules
    versions = client.rules_versions("shop").versions
    assert [one.version for one in versions][:3] == [version + 3, version + 2, version + 1]
    assert client.rules("shop", published.version).rules == published.rules


def test_draft_is_changed_on_a_condition(service: Running, client: Client) -> None:
    first = client.put_rules_draft("shop", RULES)
    second = client.put_rules_draft("shop", {}, etag=first.etag)
    for change in (
        lambda: client.put_rules_draft("shop", RULES, etag=first.etag),
        lambda: client.publish_rules("shop", etag=first.etag),
        lambda: client.delete_rules_draft("shop", etag=first.etag),
    ):
        with pytest.raises(ClientError) as refused:
            change()
        assert (refused.value.status, refused.value.code) == (412, "changed")
        assert second.etag in str(refused.value)
    client.delete_rules_draft("shop", etag=second.etag)
    for path, method in (("draft", "GET"), ("versions/999", "GET")):
        problem_of(service.http().request(method, f"{URL}/rules/{path}"), 404, "not-found")
    problem_of(service.http().post(f"{URL}/rules:publish"), 404, "not-found")
    problem_of(service.http().post(f"{URL}/search?with=draft", json=SEARCH), 422, "bad-query")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"synonyms": [{"words": ["sofa", "Sofas"]}]}, "bad-rules", "synonyms.0"),
        ({"curations": [{"query": "a", "pin": ["b", "b"]}]}, "bad-rules", "curations.0"),
        ({"boosts": [{"weight": 1}]}, "bad-rules", "boosts.0"),
        ({"boosts": [{"formula": "a(", "weight": 1}]}, "bad-rules", "boosts.0"),
        ({"boosts": [{"where": "a ==== 1", "weight": 1}]}, "bad-rules", "boosts.0"),
        ({"boosts": [{"where": "a = 1", "weight": 11}]}, "invalid", "boosts.0.weight"),
        ({"curations": [{"query": "a", "pin": [{"id": "b", "position": 0}]}]}, "invalid", None),
        ({"rules": []}, "invalid", "rules"),
        ([], "invalid", "body"),
    ],
)
def test_wrong_rules_are_refused_by_the_rule(
    service: Running, body: Any, code: str, field: str | None
) -> None:
    answer = service.http().put(f"{URL}/rules/draft", json=body)
    problem = problem_of(answer, 422, code)
    assert field is None or problem["field"] == field
    assert "\n" not in problem["detail"]


def test_who_may_not_write_changes_no_rules(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("shop")
    service.client().put_rules_draft("shop", RULES)
    http = service.http(service.keys.add("reader", "read", None))
    for method, path, body in (
        ("PUT", "rules/draft", {}), ("DELETE", "rules/draft", None), ("POST", "rules:publish", {}),
        ("POST", "rules:back", {"version": 1}),
    ):  # fmt: skip
        answer = http.request(method, f"{URL}/{path}", json=body)
        problem_of(answer, 403, "key-not-allowed")
    assert http.get(f"{URL}/rules/draft").status_code == 200
    assert http.get(f"{URL}/rules").json()["version"] == 0
