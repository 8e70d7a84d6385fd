"""What comes in over HTTP and means harm, or is merely broken."""

import importlib
import json
import os
import pkgutil
from pathlib import Path
from typing import Any

import pytest

from api.http import routes
from api.http.mapping.documents import JsonRoute
from tests.support import picture_bytes
from tests.support.service import Running, Serve, problem_of

HALF = "\\ud800"
JSON = {"Content-Type": "application/json"}
RECORD: dict[str, Any] = {"id": "a", "texts": {"title": "red"}, "metadata": {"colour": "red"}}


def spelt(document: object) -> str:
    """Return JSON in which X is half a character."""
    return json.dumps(document).replace("X", HALF)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "records", {"records": [RECORD | {"metadata": {"colour": "reX"}}]}),
        ("POST", "records", {"records": [RECORD | {"metadata": {"tags": ["a", "X"]}}]}),
        ("POST", "records", {"records": [RECORD | {"metadata": {"X": 1}}]}),
        ("POST", "records", {"records": [RECORD | {"texts": {"title": "X red"}}]}),
        ("POST", "records", {"records": [RECORD | {"id": "X"}]}),
        ("POST", "records", {"records": [RECORD | {"uri": "X"}]}),
        ("POST", "records", {"records": [RECORD | {"X": "unknown"}]}),
        ("PATCH", "records/a", {"metadata": {"colour": "X"}}),
        ("PATCH", "records/a", {"metadata": {"X": None}}),
        ("POST", "search", {"query": "X"}),
        ("POST", "search", {"query": "red", "filter": {"colour": "X"}}),
        ("POST", "search", {"query": "red", "filter": {"not": {"X": [1]}}}),
        ("POST", "search", {"query": "red", "where": "colour = X"}),
        ("POST", "search", {"query": "red", "cursor": "X"}),
        ("POST", "search", {"query": "red", "facets": ["X"]}),
        ("POST", "search/batch", {"searches": [{"query": "red"}, {"query": "X"}]}),
        ("POST", "labels", {"labels": ["X", "b"], "filter": {"colour": "X"}}),
        ("POST", "jobs", {"source": "X"}),
        ("PUT", "schema", {"X": "number"}),
    ],
)
def test_half_characters_are_refused_wherever_json_comes_in(
    service: Running, name: str, method: str, path: str, document: object
) -> None:
    http = service.http()
    base = f"/v1/collections/{name}"
    assert http.post(f"{base}/records", json={"records": [RECORD]}).json()["stored"] == 1
    answer = http.request(method, f"{base}/{path}", content=spelt(document), headers=JSON)
    assert "half a character" in problem_of(answer, 422, "invalid")["detail"]
    assert http.get(f"{base}/records/a").json()["metadata"] == {"colour": "red"}


def test_half_characters_are_refused_in_forms_and_queries_too(service: Running, name: str) -> None:
    http = service.http()
    base = f"/v1/collections/{name}"
    form = {"records": spelt({"records": [RECORD | {"uri": "X"}]})}
    answer = http.post(f"{base}/records", data=form, files={"x": b"unused"})
    assert "half a character" in problem_of(answer, 422, "invalid")["detail"]
    form = {"search": spelt({"filter": {"colour": "X"}})}
    answer = http.post(f"{base}/search", data=form, files={"image": picture_bytes(0)})
    assert "half a character" in problem_of(answer, 422, "invalid")["detail"]
    answer = http.get(f"{base}/records", params={"filter": spelt({"colour": "X"})})
    assert "half a character" in problem_of(answer, 422, "bad-filter")["detail"]
    answer = http.post(f"{base}/records", content=b'{"records": [{"id": "\xed\xa0\x80"}]}')
    assert "no JSON" in problem_of(answer, 422, "invalid")["detail"]
    body = b'{"metadata": {"a": "\xed\xa0\x80"}}'
    answer = http.patch(f"{base}/records/a", content=body, headers=JSON)
    assert "no JSON" in problem_of(answer, 422, "invalid")["detail"]


def test_whole_characters_spelt_in_halves_come_back_whole(service: Running, name: str) -> None:
    base = f"/v1/collections/{name}"
    body = json.dumps({"records": [RECORD | {"metadata": {"face": "X", "Y": 1}}]})
    body = body.replace("X", "\\uD83D\\uDE00").replace("Y", "\\ud83d\\ude01")
    answer = service.http().post(f"{base}/records", content=body, headers=JSON)
    assert answer.json()["stored"] == 1
    stored = service.http().get(f"{base}/records/a").json()["metadata"]
    assert stored == {"face": "\U0001f600", "\U0001f601": 1}


def test_every_route_reads_json_in_the_one_place() -> None:
    rooms = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(routes.__path__, f"{routes.__name__}.")
        if not module.ispkg
    ]
    made = [route for room in rooms if hasattr(room, "router") for route in room.router.routes]
    assert len(made) > 30
    assert [one for one in made if not isinstance(one, JsonRoute)] == []


def test_tables_name_no_picture_outside_the_allowed_folders(serve: Serve, tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.jpg"
    (allowed / "images").mkdir(parents=True)
    secret.write_bytes(picture_bytes(0))
    (allowed / "own.jpg").write_bytes(picture_bytes(1))
    (allowed / "images" / "more.jpg").write_bytes(picture_bytes(2))
    (allowed / "link.jpg").symlink_to(secret)
    (allowed / "out").symlink_to(tmp_path)
    (allowed / "to_own.jpg").symlink_to(allowed / "own.jpg")
    home = os.path.relpath(secret, Path.home())
    named = [
        secret, "../secret.jpg", f"file://{secret}", "link.jpg", "out/secret.jpg", f"~/{home}",
        "images/../../secret.jpg", tmp_path / "not-there.jpg",
    ]  # fmt: skip
    good = ["own.jpg", "more.jpg", "to_own.jpg", allowed / "own.jpg", "~nobody-of-this-name/a.jpg"]
    lines = [f"b{number},{one}" for number, one in enumerate(named)]
    lines += [f"g{number},{one}" for number, one in enumerate(good)]
    (allowed / "t.csv").write_text("\n".join(["id,image", *lines]))
    service = serve(sources=(allowed,))
    client = service.client()
    client.put_collection("c", "colour")
    job = client.wait_for_job("c", client.start_job("c", source=str(allowed / "t.csv")).id)
    assert (job.counts["added"], job.counts["skipped"]) == (4, len(named) + 1)
    assert [one.id for one in client.records("c").records] == ["g0", "g1", "g2", "g3"]
    with service.container.open_collection("c") as collection, collection.reading() as session:
        [source] = session.sources.all()
        reasons = {item.key: item.message for _, item in session.sources.skipped_items(source.id)}
    assert len({reasons[f"b{number}"] for number in range(len(named))}) == 1
    assert "(it lies outside the folders that the operator allows, BINOCLE_" in str(reasons["b0"])
