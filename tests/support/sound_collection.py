"""A collection with something of everything, questions about it, and two homes for it."""

from pathlib import Path
from typing import Any

from api.container import Container
from api.settings import read_settings
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import running
from tests.support.shop import run_cli

NAME = "goods"
TITLES = ("red wool scarf", "blue cotton shirt", "green glass vase", "yellow toy car")


def bodies(first: int, count: int) -> list[RecordBody]:
    """Return records with a picture, a text and metadata each."""
    return [
        RecordBody(
            id=f"g{number}",
            images=[picture(picture_bytes(number))],
            texts={"title": f"{TITLES[number % 4]} {number}"},
            metadata={"price": number, "tags": ["new", f"t{number % 3}"], "made": "2024-05-01"},
        )
        for number in range(first, first + count)
    ]


def fill(home: Path, photos: Path, count: int = 12) -> None:
    """Make the collection: uploads over HTTP, and a folder that the command line indexes."""
    with running(home) as service:
        client = service.client()
        client.put_collection(NAME)
        client.store(NAME, bodies(0, count))
        client.thumbnail(NAME, "g1")
    code, _, err = run_cli(home, "index", photos, "-c", NAME)
    assert code == 0, err


QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"query": "red", "limit": 10}),
    ("search", {"query": "blue shirt", "limit": 30, "mode": "hybrid"}),
    ("search", {"query": "glass", "limit": 30, "mode": "keyword"}),
    ("search", {"query": "green", "filter": {"price": {"gt": 4}}, "limit": 30}),
    ("search", {"query": "yellow", "sort": ["-price"], "limit": 30, "facets": ["tags"]}),
    ("search", {"query": [{"record": "g3"}, {"record": "g5", "weight": -1}], "limit": 10}),
    ("search", {"query": "red", "group": {"field": "tags", "size": 2}, "diversity": 0.5}),
)
_PASSING = {"took_ms", "turn", "cursor", "next", "query_id", "request_id"}


def answers(client: Client, http: Any, ids: list[str]) -> list[Any]:
    """Return what a service says to all the questions, but for what is another one each time."""
    found: list[Any] = []
    for path, body in QUESTIONS:
        answer = http.post(f"/v1/collections/{NAME}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found.append(_lasting(answer.json()))
    found.append(client.records(NAME, limit=100))
    found += [client.record(NAME, one) for one in ids]
    found += [client.image(NAME, one) for one in ids]
    found.append(client.lookup(NAME, picture_bytes(3)).candidates)
    return found


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(one) for name, one in value.items() if name not in _PASSING}
    return [_lasting(one) for one in value] if isinstance(value, list) else value


def opened(home: Path) -> Container:
    return Container(read_settings(home=home, model="colour"))


def uploads_of(home: Path) -> list[Path]:
    return sorted((home / "collections" / NAME / "uploads").glob("??/*"))
