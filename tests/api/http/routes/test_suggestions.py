"""Suggestions over HTTP."""

from binocle_client.requests import RecordBody
from tests.support.service import Running, Serve, problem_of


def test_queries_are_kept_only_where_the_operator_has_them_kept(serve: Serve) -> None:
    for kept in (False, True):
        service = serve(log_queries=kept)
        http = service.http()
        http.put("/v1/collections/c", json={})
        body = {"records": [{"id": "a", "texts": {"title": "Red bag"}}]}
        http.post("/v1/collections/c/records", json=body)
        search = {"query": "bag red", "mode": "keyword"}
        for _ in range(2):
            http.post("/v1/collections/c/search", json=search)
            http.post("/v1/collections/c/search", json={**search, "query": "bag zzz"})
        found = http.get("/v1/collections/c/suggestions?q=bag+").json()["suggestions"]
        queries = [one["text"] for one in found if one["kind"] == "query"]
        assert ("bag red" in queries) == kept


def test_titles_and_values_are_suggested_with_how_many_say_so(service: Running, name: str) -> None:
    bag = {"brand": "Redwood"}
    bags = [RecordBody(id=str(n), texts={"title": f"Red bag {n}"}, metadata=bag) for n in range(3)]
    service.client().store(name, bags)
    http, url = service.http(), f"/v1/collections/{name}/suggestions"
    found = http.get(url, params={"q": "re", "limit": 2}).json()
    assert found == {
        "suggestions": [
            {"text": "Redwood", "count": 3, "kind": "value", "name": "brand"},
            {"text": "Red bag 0", "count": 1, "kind": "text", "name": "title"},
        ],
        "read_as": None,
    }
    assert http.get(url, params={"q": "zzz"}).json() == {"suggestions": [], "read_as": None}
    for wrong in ("", "q=", "q=a&limit=0", "q=a&limit=51", f"q={'a' * 2001}"):
        problem_of(http.get(f"{url}?{wrong}"), 422, "invalid")
    problem_of(http.get("/v1/collections/none/suggestions?q=a"), 404, "not-found")
