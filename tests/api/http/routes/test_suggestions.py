"""Suggestions over HTTP."""

from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of


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
