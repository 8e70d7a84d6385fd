"""What a refused request is told: the part at fault, and why, without names of Python types."""

import pytest

from tests.api.conftest import Running, problem_of

_BLANK = "must not be blank"


@pytest.mark.parametrize(
    ("path", "body", "field", "says"),
    [
        ("search", {"query": [{"text": "red", "weight": "x"}]}, "query.0.weight", "valid number"),
        ("search", {"query": [{"text": "red"}, {"txt": "red"}]}, "query.1.txt", "not permitted"),
        ("search", {"query": [{"text": " "}]}, "query.0.text", _BLANK),
        ("search", {"query": " "}, "query", _BLANK),
        ("search", {"query": 5}, "query", "must be a text, or: must be a list"),
        ("search", {"query": "red", "limit": "many"}, "limit", "valid integer"),
        ("search", {"query": "red", "min_relevance": "x"}, "min_relevance", "'auto'"),
        ("search", [], "body", "must be a JSON object"),
        ("search/batch", {"searches": ["red"]}, "body.searches.0", "must be a JSON object"),
        ("search/batch", {"searches": [{"query": [{"weight": "x"}]}]},
         "body.searches.0.query.0.weight", "valid number"),
        ("match", {"text": " "}, "body.text", _BLANK),
        ("match", {}, "body.text", "required"),
        ("labels", {"labels": ["red", " "]}, "body.labels.1", _BLANK),
        ("captions", [], "body", "must be a JSON object"),
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


@pytest.mark.parametrize("path", ["match", "captions", "labels"])
def test_a_form_where_only_json_is_taken_is_told_so(service: Running, path: str) -> None:
    http = service.http()
    http.put("/v1/collections/faults", json={})
    asked = http.post(f"/v1/collections/faults/{path}", files={"image": b"x"}, data={"text": "a"})
    problem = problem_of(asked, 422, "invalid")
    assert problem["field"] == "content-type"
    assert "takes JSON and cannot read multipart/form-data" in problem["detail"]
