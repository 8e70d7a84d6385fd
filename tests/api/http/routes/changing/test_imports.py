"""Records come by the line, and each is answered while others still come."""

import json
from typing import Any

import pytest

from tests.support.begun_requests import give, opened, told
from tests.support.service import Running, Serve, problem_of

_KIND = {"Content-Type": "application/x-ndjson"}


def line_of(number: int, **more: object) -> bytes:
    return json.dumps({"id": f"r{number}", "texts": {"t": f"text {number}"}, **more}).encode()


def sent(service: Running, name: str, body: bytes, key: str | None = None) -> list[dict[str, Any]]:
    url = f"/v1/collections/{name}/records:import"
    answer = service.http(key).post(url, content=body, headers=_KIND)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_has_its_outcome_and_a_bad_one_costs_itself(service: Running, name: str) -> None:
    wrong_shape = json.dumps({"id": "shape", "texts": ["no roles"]}).encode()
    no_picture = json.dumps({"id": "picture", "images": ["bm8="]}).encode()
    lines = [
        line_of(1),
        b"{",
        b"",
        wrong_shape,
        b"[]",
        no_picture,
        b'{"id": "\\ud800"}',
        line_of(2),
    ]
    *outcomes, end = sent(service, name, b"\n".join(lines))
    assert [(one["line"], one.get("id"), one["status"]) for one in outcomes] == [
        (1, "r1", "stored"), (2, None, "failed"), (4, "shape", "failed"), (5, None, "failed"),
        (6, "picture", "failed"), (7, None, "failed"), (8, "r2", "stored"),
    ]  # fmt: skip
    assert end == {"lines": 7, "stored": 2, "failed": 5}
    codes = [one["error"]["code"] for one in outcomes if one["status"] == "failed"]
    assert codes == ["invalid", "invalid", "invalid", "not-a-picture", "invalid"]
    assert outcomes[2]["error"]["detail"] == "texts must be a JSON object"
    stored = service.http().get(f"/v1/collections/{name}/records").json()["records"]
    assert [one["id"] for one in stored] == ["r1", "r2"]


def test_many_lines_are_stored_in_their_order(service: Running, name: str) -> None:
    *outcomes, end = sent(service, name, b"\r\n".join(map(line_of, range(600))))
    assert [one["line"] for one in outcomes] == list(range(1, 601))
    assert end == {"lines": 600, "stored": 600, "failed": 0}
    assert service.http().get(f"/v1/collections/{name}").json()["records"] == 600


def test_a_line_that_is_too_long_costs_itself_and_a_body_may_be_longer(serve: Serve) -> None:
    service = serve(max_body_bytes=4000)
    service.client().put_collection("c")
    lines = [line_of(1), line_of(2, metadata={"x": "y" * 5000}), *map(line_of, range(3, 90))]
    *outcomes, end = sent(service, "c", b"\n".join(lines))
    assert (end["stored"], end["failed"]) == (88, 1)
    assert outcomes[1]["error"] == {
        "code": "too-large", "detail": "the line is longer than 4,000 bytes",
    }  # fmt: skip


def test_a_record_of_a_like_name_has_no_larger_body(serve: Serve) -> None:
    service = serve(max_body_bytes=4000)
    service.client().put_collection("c")
    url = "/v1/collections/c/records/a/records:import"
    answer = service.http().patch(url, json={"metadata": {"x": "y" * 5000}})
    problem_of(answer, 413, "body-too-large")


@pytest.mark.parametrize("ending", ["revoke", "rotate"])
def test_a_key_that_is_revoked_stores_nothing_more(serve: Serve, ending: str) -> None:
    service = serve()
    secret = service.keys.add("importer", "write", None)
    service.client(secret).put_collection("c")
    with opened(service, "c/records:import", secret) as connection:
        give(connection, line_of(1) + b"\n")
        told(connection, b'"stored"')
        getattr(service.keys, ending)("importer")
        give(connection, line_of(2) + b"\n")
        end = told(connection, b'"lines"')
    assert b'"lines":1,"stored":1,"failed":0,"error":{"code":"no-key"' in end
    assert b'"r2"' not in end


def test_lines_are_answered_while_others_still_come(service: Running, name: str) -> None:
    with opened(service, f"{name}/records:import") as connection:
        for number in range(3):
            give(connection, line_of(number) + b"\n")
            assert b'"stored"' in told(connection, f'"r{number}"'.encode())
        connection.sendall(b"0\r\n\r\n")
        assert b'{"lines":3,"stored":3,"failed":0}' in told(connection, b'"lines"')


def test_what_was_answered_before_a_client_went_away_is_stored(service: Running, name: str) -> None:
    with opened(service, f"{name}/records:import") as connection:
        give(connection, line_of(1) + b"\n" + line_of(2) + b"\n")
        told(connection, b'"r2"')
        give(connection, line_of(3)[:9])
    stored = service.http().get(f"/v1/collections/{name}/records").json()["records"]
    assert [one["id"] for one in stored] == ["r1", "r2"]
    *_, end = sent(service, name, b"\n".join(map(line_of, range(1, 5))))
    assert end["stored"] == 4


def test_what_is_no_lines_and_who_may_not_write_is_refused(serve: Serve) -> None:
    service = serve()
    service.client().put_collection("c")
    url = "/v1/collections/c/records:import"
    for kind in ("application/json", "text/csv", ""):
        answer = service.http().post(url, content=line_of(1), headers={"Content-Type": kind})
        assert problem_of(answer, 422, "invalid")["field"] == "content-type"
    assert sent(service, "c", b"") == [{"lines": 0, "stored": 0, "failed": 0}]
    reader = service.http(service.keys.add("reader", "read", None))
    problem_of(reader.post(url, content=line_of(1), headers=_KIND), 403, "key-not-allowed")


@pytest.mark.slow
def test_twenty_thousand_lines_with_a_break_in_the_middle(service: Running, name: str) -> None:
    lines = [line_of(number, metadata={"n": number}) for number in range(20_000)]
    with opened(service, f"{name}/records:import") as connection:
        for first in range(0, 10_000, 1000):
            give(connection, b"\n".join(lines[first : first + 1000]) + b"\n")
            last = f'"r{first + 500}"'.encode()
            told(connection, last)
    there = service.http().get(f"/v1/collections/{name}").json()["records"]
    assert there >= 9_000
    for first in range(there - there % 1000, 20_000, 5000):
        *_, end = sent(service, name, b"\n".join(lines[first : first + 5000]))
        assert end["failed"] == 0
    assert service.http().get(f"/v1/collections/{name}").json()["records"] == 20_000
