"""What a refused request is told: the part at fault, and why, without names of Python types."""

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from api.http.errors import validation_messages
from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.schemas.access.keys import KeyIn, KeyRotationIn
from api.http.schemas.access.sessions import SessionIn
from api.http.schemas.across import SearchAcrossIn
from api.http.schemas.aliases import AliasIn
from api.http.schemas.background.jobs import JobIn
from api.http.schemas.background.webhooks import WebhookIn
from api.http.schemas.changes import MatchingIn, RecordPatch, UpdateMatchingIn
from api.http.schemas.common import CollectionIn, RecordsIn
from api.http.schemas.fields import SchemaIn
from api.http.schemas.labels import CaptionsIn, LabelsIn, MatchIn
from api.http.schemas.lookup import LookupBesideIn, LookupIn, LookupsIn
from api.http.schemas.models.embeddings import EmbeddingsIn
from api.http.schemas.originals import OriginalsIn
from api.http.schemas.patterns import MEANINGS
from api.http.schemas.ranking.recommendations import RecommendIn
from api.http.schemas.ranking.rules import BackIn, PublishIn, RulesIn, TrialIn
from api.http.schemas.saved_searches import SavedSearchIn
from api.http.schemas.search import BatchIn, SearchBesideIn, SearchIn
from binocle_client import Client, ClientError
from binocle_client.requests import RecordBody
from tests.support import ROOT
from tests.support.service import Running, problem_of

_BLANK = "must not be blank"
_DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
_NOT_OURS = (
    "Input should", "Extra inputs", "Field required", "Value error", "String should",
    "List should", "Unable to", "valid ", "validation", "pydantic", "type=", "cannot be used",
)  # fmt: skip
_BODIES: tuple[type[BaseModel], ...] = (
    AliasIn, BackIn, BatchIn, CaptionsIn, CollectionIn, EmbeddingsIn, JobIn, KeyIn, KeyRotationIn,
    LabelsIn, LookupBesideIn, LookupIn, LookupsIn, MatchIn, MatchingIn, OriginalsIn, PublishIn,
    RecommendIn, RecordPatch, RecordsIn, RulesIn, SavedSearchIn, SchemaIn, SearchAcrossIn,
    SearchBesideIn, SearchIn, SessionIn, TrialIn, UpdateMatchingIn, WebhookIn,
)  # fmt: skip
_BAD: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, 1e300, "", " ", "no such thing", "\x00", "\n", "x" * 30_000,
    [], [None], ["a"] * 300, [[1, 2, 3]], {}, {"no\nsuch": 1}, [{}], [{"no such": 1}], {"a": {}},
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "field", "says"),
    [
        ("search", {"query": [{"text": "red", "weight": "x"}]}, "query.0.weight",
         "query.0.weight must be a number"),
        ("search", {"query": [{"text": "red"}, {"txt": "red"}]}, "query.1.txt",
         "txt is not known here; known are image, record, region, text, url, vector, weight"),
        ("search", {"query": [{"text": " "}]}, "query.0.text", _BLANK),
        ("search", {"query": " "}, "query", _BLANK),
        ("search", {"query": 5}, "query", "query must be a text or a list"),
        ("search", {"query": "red", "limit": "many"}, "limit", "limit must be a whole number"),
        ("search", {"query": "red", "min_relevance": "x"}, "min_relevance",
         "min_relevance must be a number or 'auto'"),
        ("search", [], "body", "must be a JSON object"),
        ("match", {"text": " "}, "text", _BLANK),
        ("match", {}, "text", "required"),
        ("labels", {"labels": ["red", " "]}, "labels.1", _BLANK),
        ("captions", [], "body", "the body must be a JSON object"),
        ("search", {"query": "red", "limit": 0}, "limit", "limit must be at least 1"),
        ("search", {"query": "red", "limit": 1001}, "limit", "limit must be at most 1000"),
        ("search", {"query": "red", "mode": "both"}, "mode",
         "mode must be 'semantic', 'keyword' or 'hybrid'"),
        ("search", {"query": "red", "sort": ["a"] * 9}, "sort", "at most 8 entries"),
        ("search", {"query": "red", "group": ""}, "group", "must not be empty"),
        ("search", {"query": "red", "facets": [{"field": "a", "bin": 3}]}, "facets.0.bin",
         "known are bins, field, interval, kind, limit"),
        ("search", {"query": "red", "refine": {"turn": "t", "swap": [["a"]]}}, "refine.swap.0.1",
         "is required"),
        ("search", {"query": "red", "a\nb": 1}, "a\nb", "a b is not known here"),
        ("search/batch", {"searches": []}, "searches", "must not be empty"),
        ("labels", {"labels": ["a"], "templates": ["a photo"]}, "templates.0",
         "must have {} where the label goes"),
    ],
)  # fmt: skip
def test_the_part_of_a_request_at_fault_is_named_as_the_request_names_it(
    service: Running, path: str, body: object, field: str, says: str
) -> None:
    http = service.http()
    http.put("/v1/collections/faults", json={})
    problem = problem_of(http.post(f"/v1/collections/faults/{path}", json=body), 422, "invalid")
    assert problem["field"] == field
    assert says in problem["detail"]
    assert "\\S" not in problem["detail"]


@pytest.mark.parametrize(
    ("search", "field", "says"),
    [
        ("red", "searches.1", "searches.1 must be a JSON object"),
        ({"query": [{"weight": "x"}]}, "searches.1.query.0.weight", "weight must be a number"),
    ],
)
def test_the_search_of_a_batch_at_fault_is_named_in_its_own_answer(
    service: Running, search: object, field: str, says: str
) -> None:
    http = service.http()
    http.put("/v1/collections/faults", json={})
    body = {"searches": [{"filter": {"a": 1}}, search]}
    sound, refused = http.post("/v1/collections/faults/search/batch", json=body).json()["answers"]
    assert sound["hits"] == []
    assert (refused["status"], refused["code"], refused["field"]) == (422, "invalid", field)
    assert says in refused["detail"]


@pytest.mark.parametrize("path", ["search/batch", "records:update", "records:delete"])
def test_a_form_where_only_json_is_taken_is_told_so(service: Running, path: str) -> None:
    http = service.http()
    http.put("/v1/collections/faults", json={})
    asked = http.post(f"/v1/collections/faults/{path}", files={"image": b"x"}, data={"text": "a"})
    problem = problem_of(asked, 422, "invalid")
    assert problem["field"] == "content-type"
    assert "takes JSON and cannot read multipart/form-data" in problem["detail"]


def test_patterns_of_the_interface_are_explained_in_words() -> None:
    patterns = {one["pattern"] for one in _parts(_DOCUMENT) if isinstance(one.get("pattern"), str)}
    patterns -= {"/(image|thumbnail)$"}  # what an id must not be
    assert patterns == set(MEANINGS)


def test_all_bodies_are_tried() -> None:
    bodies_of = [one["requestBody"] for one in _parts(_DOCUMENT["paths"]) if "requestBody" in one]
    named = {
        one["$ref"].split("/")[-1]
        for body in bodies_of
        for one in _parts(body["content"].get("application/json", {}))
        if "$ref" in one
    }
    assert named <= {one.__name__ for one in _BODIES}


@pytest.mark.parametrize("model", _BODIES)
def test_whatever_is_wrong_one_line_names_it_in_our_words(model: type[BaseModel]) -> None:
    good = _example(model.model_json_schema(), model.model_json_schema())
    refused = 0
    for place, body in _spoiled(good):
        try:
            payloads.parse(model, json.dumps(body))
        except ServiceError as error:
            detail, field = str(error), error.field or ""
        else:
            continue
        refused += 1
        assert detail.isprintable(), (body, detail)
        assert len(detail) < 400, detail
        assert not [one for one in _NOT_OURS if one in detail], (body, detail)
        if field == "body":
            assert detail.startswith("the body must be"), detail
        else:
            assert detail.startswith(validation_messages.one_line(field)), (field, detail)
            assert not place or field.split(".")[0] in {*body, str(place[0])}, (field, place)
    assert refused >= 15


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("limit=0", "query.limit", "limit must be at least 1"),
        ("limit=x", "query.limit", "limit must be a whole number"),
        ("collapse=perhaps", "query.collapse", "collapse must be true or false"),
        ("target=sound", "query.target", "target must be 'image', 'text' or 'any'"),
        ("wheer=a", "query.wheer", "wheer is not known here; known are beyond, collapse, cursor,"),
        ("q=%20", "query.q", "q must not be blank"),
    ],
)
def test_what_is_wrong_in_a_link_is_told_likewise(
    service: Running, query: str, field: str, says: str
) -> None:
    http = service.http()
    http.put("/v1/collections/faults", json={})
    answer = http.get(f"/v1/collections/faults/search?{query}")
    problem = problem_of(answer, 422, "invalid")
    assert (problem["field"], says in problem["detail"]) == (field, True), problem


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from _parts(one)


def _example(schema: dict[str, Any], whole: dict[str, Any], depth: int = 0) -> Any:
    """Return a value of a schema with all its fields, as far as is needed to spoil each."""
    if "$ref" in schema:
        return _example(whole["$defs"][schema["$ref"].split("/")[-1]], whole, depth)
    if "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return _example(kinds[-1], whole, depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        return {name: _example(one, whole, depth + 1) for name, one in fields.items() if depth < 5}
    if schema.get("type") == "array":
        inside = schema.get("prefixItems") or [schema.get("items", {})]
        return [_example(one, whole, depth + 1) for one in inside] if depth < 5 else []
    return {"string": "aaaa", "integer": 1, "number": 0.5, "boolean": False}.get(
        schema.get("type", ""), "aaaa"
    )


def _spoiled(good: Any) -> Iterator[tuple[list[Any], Any]]:
    """Yield a body with each part replaced by each bad value, left out, or one added."""
    for place in [[], *_places(good)]:
        for bad in _BAD:
            yield place, _with(good, place, bad)
        if place and isinstance(place[-1], str):
            yield place, _with(good, place, None, drop=True)
    for place in [[], *_places(good)]:
        if isinstance(_at(good, place), dict):
            yield [*place, "no such"], _with(good, [*place, "no such"], 1)


def _places(value: Any) -> Iterator[list[Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inside:
        yield [name]
        if isinstance(one, dict | list):
            yield from ([name, *deeper] for deeper in _places(one))


def _at(value: Any, place: list[Any]) -> Any:
    for part in place:
        value = value[part]
    return value


def _with(value: Any, place: list[Any], new: Any, *, drop: bool = False) -> Any:
    if not place:
        return new
    changed = copy.deepcopy(value)
    if drop:
        del _at(changed, place[:-1])[place[-1]]
    else:
        _at(changed, place[:-1])[place[-1]] = new
    return changed


def test_captions_need_texts(client: Client, name: str, pictures: list[bytes]) -> None:
    data = base64.b64encode(pictures[0]).decode()
    client.store(name, [RecordBody(id="r", images=[data])])
    with pytest.raises(ClientError, match=f"'{name}' has no texts to find captions among"):
        client.captions(name, record="r")


def test_null_metadata_is_no_metadata_and_harms_no_neighbour(service: Running, name: str) -> None:
    http = service.http()
    records = [
        {"id": "a", "texts": {"title": "one"}, "metadata": {"price": None, "brand": "x"}},
        {"id": "b", "texts": {"title": "two"}, "metadata": {"price": 5}},
    ]
    answer = http.post(f"/v1/collections/{name}/records", json={"records": records})
    assert answer.status_code == 200, answer.text
    assert http.get(f"/v1/collections/{name}/records/a").json()["metadata"] == {"brand": "x"}
    assert http.get(f"/v1/collections/{name}/records/b").json()["metadata"] == {"price": 5}


def test_every_explained_kind_of_error_is_one_of_pydantics() -> None:
    known = set(get_args(ErrorType))
    assert {*validation_messages._MUST_BE, *validation_messages._LIMITS} <= known
