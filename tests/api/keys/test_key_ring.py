"""API keys, and what the service does without them."""

import json
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli.serve import serve_forever
from api.container import Container
from api.keys.key import Access
from api.keys.key_ring import KeyRing
from api.keys.key_uses import KeyUses
from api.settings import read_settings
from binocle.errors import StorageError, UsageError
from binocle_client import ClientError
from binocle_client.requests import RecordBody
from tests.support import ROOT
from tests.support.service import Running, Serve, problem_of, running


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


def test_what_two_processes_do_to_the_keys_at_once_is_all_done(tmp_path: Path) -> None:
    """A revoke that was reported is not undone by somebody who read the keys before it."""
    path = tmp_path / "keys.json"
    ring = KeyRing(path)
    count = 40
    secrets = [ring.add(f"old{number}", "read", None) for number in range(count)]
    code = (
        "import sys; from pathlib import Path; from api.keys.key_ring import KeyRing\n"
        "ring = KeyRing(Path(sys.argv[1]))\n"
        f"for number in range({count}): ring.add(f'new{{number}}', 'read', None)\n"
    )
    adding = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT)
    while adding.poll() is None and len(ring.all()) <= count:
        time.sleep(0.001)
    for number in range(count):
        ring.revoke(f"old{number}")
    assert adding.wait(60) == 0
    assert [ring.find(secret) for secret in secrets] == [None] * count
    assert sorted(key.name for key in ring.all()) == sorted(f"new{one}" for one in range(count))


def test_expired_key_opens_nothing_and_says_why(serve: Serve) -> None:
    service = serve()
    soon = datetime.now(UTC) + timedelta(seconds=2)
    http = service.http(service.keys.add("short", "read", None, expires_at=soon))
    assert http.get("/v1/collections").status_code == 200
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()))
    problem = problem_of(http.get("/v1/collections"), 401, "no-key")
    assert "expired" in problem["detail"]
    with pytest.raises(UsageError, match="has expired"):
        service.keys.rotate("short")
    later = datetime.now(UTC) + timedelta(days=1)
    renewed = service.keys.rotate("short", expires_at=later)
    assert service.http(renewed).get("/v1/collections").status_code == 200
    with pytest.raises(UsageError, match="never open"):
        service.keys.add("past", "read", None, expires_at=soon)


def test_rotated_key_keeps_what_it_may_and_the_old_secret_ends(serve: Serve) -> None:
    service = serve()
    first = service.keys.add("one", "write", ("a",))
    second = service.keys.rotate("one", grace=timedelta(seconds=2))
    for secret in (first, second):
        assert service.http(secret).put("/v1/collections/a").status_code == 200
        assert service.http(secret).put("/v1/collections/b").status_code == 403
    time.sleep(2.1)
    problem_of(service.http(first).get("/v1/collections"), 401, "no-key")
    third = service.keys.rotate("one")
    problem_of(service.http(second).get("/v1/collections"), 401, "no-key")
    assert service.http(third).get("/v1/collections").status_code == 200
    service.keys.rotate("one", grace=timedelta(hours=1))
    service.keys.revoke("one")
    problem_of(service.http(third).get("/v1/collections"), 401, "no-key")


def test_administrator_makes_lists_rotates_and_revokes_keys_over_http(serve: Serve) -> None:
    service = serve()
    problem_of(service.http().get("/v1/keys"), 403, "key-not-allowed")
    admin = service.http(service.keys.add("boss", "admin", None))
    service.client(service.keys.add("maker", "write", None)).put_collection("a")
    asked = {"name": "web", "scope": "read", "collections": ["a"]}
    made = admin.post("/v1/keys", json=asked)
    assert made.status_code == 201
    web = service.http(made.json()["key"])
    assert web.get("/v1/collections/a").status_code == 200
    problem_of(web.put("/v1/collections/a"), 403, "key-not-allowed")
    problem_of(admin.post("/v1/keys", json=asked), 422, "usage")
    for bad in ({"scope": "root"}, {"name": "a\nb"}, {"expires_at": "9999-12-31T23:59:59-12:00"}):
        assert admin.post("/v1/keys", json={**asked, "name": "x", **bad}).status_code == 422
    listed = {one["name"]: one for one in admin.get("/v1/keys").json()["keys"]}
    assert listed["web"]["collections"] == ["a"]
    assert listed["web"]["last_used_at"] is not None
    assert made.json()["key"] not in admin.get("/v1/keys").text
    renewed = admin.post("/v1/keys/web/rotate").json()["key"]
    problem_of(web.get("/v1/collections/a"), 401, "no-key")
    assert service.http(renewed).get("/v1/collections/a").status_code == 200
    assert admin.delete("/v1/keys/web").status_code == 204
    problem_of(service.http(renewed).get("/v1/collections/a"), 401, "no-key")
    problem_of(admin.delete("/v1/keys/web"), 404, "not-found")


@pytest.mark.parametrize("access", ["read", "write", "backup"])
def test_only_an_administrator_touches_keys(serve: Serve, access: Access) -> None:
    service = serve()
    http = service.http(service.keys.add("other", access, None))
    for method, path in (
        ("GET", ""), ("POST", ""), ("POST", "/other/rotate"), ("DELETE", "/other"),
    ):  # fmt: skip
        body = {"name": "mine", "scope": "admin"} if (method, path) == ("POST", "") else None
        answer = http.request(method, f"/v1/keys{path}", json=body)
        problem_of(answer, 403, "key-not-allowed")
    assert [key.name for key in service.keys.all()] == ["other"]


def test_last_use_of_a_key_is_known_when_the_service_has_ended(tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:
        ring = service.keys
        key = ring.add("web", "read", None)
        ring.add("idle", "read", None)
        assert service.http(key).get("/v1/collections").status_code == 200
    web, idle = ring.all()
    uses = KeyUses(tmp_path / "home" / "key-uses.json").last()
    assert uses.keys() == {web.identity}
    assert uses[web.identity][:10] == datetime.now(UTC).date().isoformat()
    assert idle.identity not in uses


def test_keys_of_an_older_file_open_what_they_did_and_newer_ones_are_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.json"
    secret = KeyRing(path).add("old", "write", None)
    document = json.loads(path.read_text())
    for row in document["keys"]:
        for name in ("expires_at", "old_sha256", "old_until", "requests_per_minute"):
            del row[name]
    path.write_text(json.dumps({**document, "format": 1}))
    found = KeyRing(path).find(secret)
    assert found is not None
    assert found.allows("write", "anything")
    assert not found.has_expired()
    for damage in ({"format": 4}, {"keys": [{**document["keys"][0], "access": "root"}]}):
        path.write_text(json.dumps({**document, **damage}))
        with pytest.raises(StorageError, match="cannot be read"):
            KeyRing(path).all()


def test_secret_before_a_rotation_does_not_outlive_its_own_end(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    now = datetime.now(UTC)
    grace, later = timedelta(days=7), now + timedelta(days=30)
    first = ring.add("one", "read", None, expires_at=now + timedelta(seconds=2))
    ring.rotate("one", grace=grace, expires_at=later)
    [key] = ring.all()
    assert key.old_until == (now + timedelta(seconds=2)).isoformat(timespec="seconds")
    assert ring.find(first) is not None
    ring.rotate("one", grace=timedelta(hours=1))
    [key] = ring.all()
    assert key.old_until is not None
    assert datetime.fromisoformat(key.old_until) < now + timedelta(hours=2)


def test_secret_of_an_expired_key_is_not_kept_by_a_rotation(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    first = ring.add("one", "read", None, expires_at=soon)
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()))
    later = datetime.now(UTC) + timedelta(days=1)
    second = ring.rotate("one", grace=timedelta(days=1), expires_at=later)
    assert ring.find(first) is None
    assert ring.find(second) is not None
    [key] = ring.all()
    assert (key.old_sha256, key.old_until) == (None, None)
