"""Records that pass a filter are changed and removed together, after a look at which they are."""

from typing import Any

import pytest

from binocle_client.requests import RecordBody
from tests.support.service import Running, problem_of


@pytest.fixture
def numbers(service: Running, name: str) -> str:
    """Thirty texts with numbers."""
    records = [
        RecordBody(id=f"r{number:02}", texts={"t": f"text {number}"}, metadata={"n": number})
        for number in range(30)
    ]
    service.client().store(name, records)
    return f"/v1/collections/{name}/records"


def asked(service: Running, url: str, **body: Any) -> dict[str, Any]:
    answer = service.http().post(url, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_dry_run_tells_which_and_changes_nothing(service: Running, numbers: str) -> None:
    for verb, more in (("update", {"metadata": {"sold": True}}), ("delete", {})):
        told = asked(service, f"{numbers}:{verb}", where="n < 25", **more)
        assert (told["matched"], told["changed"], told["dry_run"]) == (25, 0, True)
        assert told["ids"] == [f"r{number:02}" for number in range(20)]
    listed = service.http().get(numbers).json()["records"]
    assert len(listed) == 30
    assert not any("sold" in one["metadata"] for one in listed)


def test_what_passes_is_changed_or_removed_and_nothing_else(service: Running, numbers: str) -> None:
    metadata = {"sold": True, "n": None}
    done = asked(
        service, f"{numbers}:update", filter={"n": {"lt": 3}}, metadata=metadata, dry_run=False
    )
    assert (done["matched"], done["changed"]) == (3, 3)
    listed = {one["id"]: one["metadata"] for one in service.http().get(numbers).json()["records"]}
    assert listed["r02"] == {"sold": True}
    assert listed["r03"] == {"n": 3}
    gone = asked(service, f"{numbers}:delete", where="sold = true", dry_run=False, expected=3)
    assert gone["changed"] == 3
    left = service.http().get(numbers).json()["records"]
    assert [one["id"] for one in left] == [f"r{number:02}" for number in range(3, 30)]


def test_another_number_than_was_expected_leaves_all_as_it_is(
    service: Running, numbers: str
) -> None:
    body = {"where": "n < 10", "dry_run": False, "expected": 9}
    problem = problem_of(service.http().post(f"{numbers}:delete", json=body), 422, "usage")
    assert "10 records pass the filter, not 9" in problem["detail"]
    assert len(service.http().get(numbers).json()["records"]) == 30


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "bad-filter", "filter"),
        ({"filter": {}}, "bad-filter", "filter"),
        ({"filter": {"n": {"near": 1}}}, "bad-filter", "filter"),
        ({"where": "n <"}, "bad-filter", "where"),
        ({"where": " "}, "invalid", "where"),
        ({"where": "n < 3", "dry_run": "x"}, "invalid", "dry_run"),
        ({"where": "n < 3", "expected": -1}, "invalid", "expected"),
        ({"where": "n < 3", "all": True}, "invalid", "all"),
    ],
)
def test_what_is_no_filter_removes_nothing(
    service: Running, numbers: str, body: dict[str, Any], code: str, field: str
) -> None:
    answer = service.http().post(f"{numbers}:delete", json={"dry_run": False, **body})
    assert problem_of(answer, 422, code)["field"] == field
    assert len(service.http().get(numbers).json()["records"]) == 30


def test_a_field_without_capitals_is_read_as_searches_read_it(
    service: Running, numbers: str
) -> None:
    http = service.http()
    for number, brand in enumerate(("Nike", "NIKE", "Puma")):
        http.patch(f"{numbers}/r{number:02}", json={"metadata": {"brand": brand}})
    schema = numbers.replace("/records", "/schema")
    assert http.put(schema, json={"fields": {"brand": "anycase"}}).status_code == 200
    told = asked(service, f"{numbers}:update", where="brand = nike", metadata={"sold": True})
    assert told["ids"] == ["r00", "r01"]
    others = {"where": "brand != nike and n < 3", "dry_run": False}
    assert asked(service, f"{numbers}:delete", **others)["ids"] == ["r02"]
