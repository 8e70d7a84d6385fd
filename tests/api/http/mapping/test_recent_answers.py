"""Who asks the same again gets the same answer at once, and a new one after changes."""

from pathlib import Path
from typing import Any

from api.http.mapping.queries import SearchRequest
from api.http.mapping.recent_answers import RecentAnswer, RecentAnswers
from api.http.schemas.search import SearchIn
from binocle.collection.collection import Collection
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running


def found(service: Running, **body: Any) -> dict[str, Any]:
    answer = service.http().post("/v1/collections/again/search", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert "total" in told.pop("took_ms")
    return told


def stored(client: Client, number: int) -> None:
    texts = {"title": f"a red bag {number}"}
    record = RecordBody(id=f"r{number}", images=[picture(picture_bytes(number))], texts=texts)
    assert client.store("again", [record]).failed == 0


def test_the_same_search_is_answered_once_until_something_changes(
    service: Running, client: Client
) -> None:
    client.put_collection("again")
    for number in range(3):
        stored(client, number)
    first = found(service, query="red bag", limit=2)
    assert found(service, query="red bag", limit=2) == first  # the turn too, which a search makes
    assert found(service, query="red bag", limit=1)["turn"] != first["turn"]
    assert found(service, query="red bag", limit=2, rules="none")["turn"] != first["turn"]
    following = found(service, query="red bag", limit=2, cursor=first["cursor"])
    assert {one["id"] for one in following["hits"]}.isdisjoint(one["id"] for one in first["hits"])
    refine = {"turn": first["turn"]}
    narrowed = [found(service, query="blue", refine=refine)["turn"] for _ in range(2)]
    assert narrowed[0] != narrowed[1]
    stored(client, 3)
    every = found(service, query="red bag", limit=2)
    assert every["turn"] != first["turn"]
    assert len(found(service, query="red bag", limit=10)["hits"]) == 4


def test_an_answer_is_kept_for_half_a_minute_and_for_its_collection(tmp_path: Path) -> None:
    now = 0.0
    recent = RecentAnswers(lambda: now)
    asked = SearchRequest(SearchIn(query="red"))
    with (
        Collection(tmp_path / "a", create=True) as one,
        Collection(tmp_path / "b", create=True) as other,
    ):
        states = [recent.state(collection) for collection in (one, other)]
        assert recent.state(one) == states[0] != states[1]
        recent.put(states[0], asked, RecentAnswer("{}", 1))
        draft = SearchRequest(SearchIn(query="red", rules="draft"))
        recent.put(states[0], draft, RecentAnswer("{}", 1))
        assert recent.get(states[0], asked) == RecentAnswer("{}", 1)
        assert recent.get(states[0], draft) is None
        assert recent.get(states[1], asked) is None
        now = 31.0
        assert recent.get(states[0], asked) is None


def test_what_was_asked_counts_as_what_is_kept(tmp_path: Path) -> None:
    recent = RecentAnswers(lambda: 0.0)
    asked = [SearchRequest(SearchIn(query=f"{number} {'a' * 8000}")) for number in range(4500)]
    with Collection(tmp_path / "a", create=True) as one:
        state = recent.state(one)
        for request in asked:
            recent.put(state, request, RecentAnswer("{}", 0))
        assert recent.get(state, asked[0]) is None
        assert recent.get(state, asked[-1]) is not None
