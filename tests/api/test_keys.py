"""API keys, and what the service does without them."""

import stat
from pathlib import Path
from typing import Any

import pytest

from api.cli.serve import serve_forever
from api.container import Container
from api.settings import read_settings
from binocle.errors import UsageError
from binocle_client import ClientError
from binocle_client.requests import RecordBody
from tests.support.service import Running, Serve, problem_of


def status_of(call: Any, *arguments: Any) -> int:
    try:
        call(*arguments)
    except ClientError as error:
        return error.status
    return 200


def test_service_without_keys_asks_for_none(service: Running) -> None:
    assert service.http().get("/v1/collections").status_code == 200
    assert service.http("any").get("/v1/collections").status_code == 200


def test_with_keys_everything_but_health_needs_one(serve: Serve) -> None:
    service = serve()
    secret = service.keys.add("mine", "write", None)
    http = service.http()
    paths = ["/v1/collections", "/v1/collections/x", "/v1/models", "/metrics"]
    for path in [*paths, "/v1/collections/x/search?q=a", "/v1/collections/x/records/y/image"]:
        answer = http.get(path)
        problem_of(answer, 401, "no-key")
        assert answer.headers["www-authenticate"] == "Bearer"
    for method in ("PUT", "DELETE"):
        problem_of(http.request(method, "/v1/collections/x"), 401, "no-key")
    problem_of(http.post("/v1/collections/x/records", json={}), 401, "no-key")
    problem_of(http.post("/v1/embeddings", json={"input": "a", "model": "colour"}), 401, "no-key")
    assert http.get("/healthz").status_code == http.get("/readyz").status_code == 200
    for headers in ({"X-API-Key": secret}, {"Authorization": f"Bearer {secret}"}):
        assert http.get("/v1/collections", headers=headers).status_code == 200
    for wrong in (secret[:-1], secret + "x", "x", "bnc_", secret.upper()):
        for headers in ({"X-API-Key": wrong}, {"Authorization": f"Bearer {wrong}"}):
            problem_of(http.get("/v1/collections", headers=headers), 401, "no-key")


def test_key_opens_what_it_is_for(serve: Serve) -> None:
    service = serve()
    for name in ("a", "b"):
        service.client().put_collection(name)
    record = [RecordBody(id="x", texts={"t": "words"})]
    reads = service.client(service.keys.add("reader", "read", ("a",)))
    writes = service.client(service.keys.add("writer", "write", ("a",)))
    assert [one.name for one in reads.collections().collections] == ["a"]
    assert status_of(writes.store, "a", record) == 200
    assert status_of(reads.search, "a", "words") == status_of(reads.record, "a", "x") == 200
    calls: list[tuple[Any, ...]] = [
        (reads.store, record), (reads.delete, "x"), (reads.patch, "x", {"a": 1}),
        (reads.delete_collection,), (reads.put_collection,),
    ]  # fmt: skip
    for call, *rest in calls:
        assert status_of(call, "a", *rest) == 403
    calls = [
        (writes.store, record), (writes.records,), (writes.search, "words"), (writes.collection,),
        (writes.image, "x"), (writes.delete_collection,), (writes.put_collection,),
    ]  # fmt: skip
    for call, *rest in calls:
        assert status_of(call, "b", *rest) == 403
        assert status_of(call, "nobody", *rest) == 403
    assert {
        one.name
        for one in service.client(service.keys.add("all", "read", None)).collections().collections
    } == {"a", "b"}


def test_revoked_key_is_refused_at_once(serve: Serve) -> None:
    service = serve()
    first = service.client(service.keys.add("first", "write", None))
    second = service.client(service.keys.add("second", "write", None))
    assert status_of(first.collections) == 200
    service.keys.revoke("first")
    assert status_of(first.collections) == 401
    assert status_of(second.collections) == 200


def test_revoking_the_last_key_lets_nobody_in(serve: Serve) -> None:
    service = serve()
    only = service.client(service.keys.add("only", "write", None))
    assert status_of(only.collections) == 200
    service.keys.revoke("only")
    assert status_of(only.collections) == 401


def test_damaged_key_file_lets_nobody_in(serve: Serve) -> None:
    service = serve()
    key = service.keys.add("mine", "write", None)
    (service.home / "keys.json").write_text("{")
    answer = service.http(key).get("/v1/collections")
    problem_of(answer, 500, "internal")
    assert str(service.home) not in answer.text


def test_key_file_is_private_and_holds_no_secret(serve: Serve) -> None:
    service = serve()
    secret = service.keys.add("mine", "write", None)
    path = service.home / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in path.read_text()
    assert secret.removeprefix("bnc_") not in path.read_text()


def test_serving_beyond_this_machine_needs_keys(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        container = Container(read_settings(home=tmp_path, host=host, port=0))
        with pytest.raises(UsageError, match="no API keys"):
            serve_forever(container)


def test_a_page_from_elsewhere_cannot_use_an_open_service(service: Running) -> None:
    url = "/v1/collections"
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        problem_of(service.http().get(url, headers=headers), 403, "foreign-origin")
    assert service.http().get(url, headers={"Origin": "http://localhost:3000"}).status_code == 200
    cross = {"Sec-Fetch-Site": "cross-site"}
    problem_of(service.http().put(f"{url}/x", headers=cross), 403, "foreign-origin")
