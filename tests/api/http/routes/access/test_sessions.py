"""A browser exchanges a key for a cookie, and no other page can use it."""

import http.client
from collections.abc import Iterator, Mapping

import httpx
import pytest

from binocle_client.requests import RecordBody
from tests.support.service import Running, Serve, problem_of, running

_OWN = {"Sec-Fetch-Site": "same-origin"}


def _close(service: Running) -> Running:
    boss = service.keys.add("boss", "admin", None)
    client = service.client(boss)
    client.put_collection("c")
    client.store(
        "c", [RecordBody(id=one, texts={"t": "red"}) for one in ("x", *map(str, range(8)))]
    )
    return service


@pytest.fixture
def closed(serve: Serve) -> Running:
    return _close(serve())


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A browser signed in with a key that may write; each test changes a record of its own."""
    with running(tmp_path_factory.mktemp("editor") / "home") as service:
        _close(service)
        yield signed_in(service, service.keys.add("editor", "write", None))


def signed_in(service: Running, key: str) -> httpx.Client:
    browser = service.http()
    answer = browser.post("/v1/session", json={"key": key}, headers=_OWN)
    assert answer.status_code == 200, answer.text
    return browser


def test_cookie_stands_for_the_key_and_shows_nothing_of_it(closed: Running) -> None:
    key = closed.keys.add("web", "read", ("c",))
    http = closed.http()
    assert http.get("/v1/session").json() == {
        "needs_key": True, "key": None, "scope": None, "collections": None,
    }  # fmt: skip
    answer = http.post("/v1/session", json={"key": key}, headers=_OWN)
    assert answer.json() == {
        "needs_key": True, "key": "web", "scope": "read", "collections": ["c"],
    }  # fmt: skip
    cookie = answer.headers["set-cookie"]
    assert key not in answer.text + cookie
    attributes = {one.strip().lower() for one in cookie.split(";")[1:]}
    assert attributes == {"httponly", "samesite=strict", "path=/v1"}
    assert http.get("/v1/collections/c/records/x").status_code == 200
    assert http.get("/v1/session").json()["key"] == "web"
    problem_of(http.delete("/v1/collections/c/records/x", headers=_OWN), 403, "key-not-allowed")
    http.delete("/v1/session", headers=_OWN)
    problem_of(http.get("/v1/collections/c/records/x"), 401, "no-key")


@pytest.mark.parametrize(
    ("record", "headers", "status"),
    [
        (0, _OWN, 200),
        (1, {"Sec-Fetch-Site": "same-origin", "Origin": "http://elsewhere"}, 200),
        (2, {"Sec-Fetch-Site": "cross-site"}, 403),
        (3, {"Sec-Fetch-Site": "same-site"}, 403),
        (4, {"Sec-Fetch-Site": "none"}, 403),
        (5, {"Origin": "http://127.0.0.1:1"}, 403),
        (6, {"Origin": "null"}, 403),
        (7, {}, 403),
    ],
)
def test_changes_with_the_cookie_come_from_a_page_of_the_service(
    editor: httpx.Client, record: int, headers: Mapping[str, str], status: int
) -> None:
    url, body = f"/v1/collections/c/records/{record}", {"metadata": {"n": 1}}
    answer = editor.patch(url, json=body, headers=headers)
    assert answer.status_code == status
    if status == 403:
        problem_of(answer, 403, "foreign-origin")
        assert editor.get(url).json()["metadata"] == {}


def test_over_plain_http_the_origin_tells_where_a_change_comes_from(closed: Running) -> None:
    browser = signed_in(closed, closed.keys.add("editor", "write", None))
    answer = browser.patch(
        "/v1/collections/c/records/x",
        json={"metadata": {"n": 1}},
        headers={"Origin": closed.url},
    )
    assert answer.status_code == 200


def test_a_program_with_the_key_tells_no_origin(closed: Running) -> None:
    http = closed.http(closed.keys.add("program", "write", None))
    assert http.patch("/v1/collections/c/records/x", json={"metadata": {"n": 1}}).status_code == 200


def test_session_ends_with_its_key_and_outlives_a_restart(closed: Running, serve: Serve) -> None:
    keys = closed.keys
    revoked, rotated = (signed_in(closed, keys.add(one, "read", None)) for one in ("a", "b"))
    other = serve()  # of the same home
    for one in (revoked, rotated):
        cookie = {"Cookie": f"binocle_session={one.cookies['binocle_session']}"}
        assert other.http().get("/v1/collections/c", headers=cookie).status_code == 200
    keys.revoke("a")
    keys.rotate("b")
    for one in (revoked, rotated):
        problem_of(one.get("/v1/collections/c"), 401, "no-key")
        problem_of(one.get("/v1/session"), 401, "no-key")
    keys.add("a", "read", None)
    problem_of(revoked.get("/v1/collections/c"), 401, "no-key")


def test_a_wrong_key_gets_no_cookie_and_a_wrong_cookie_opens_nothing(closed: Running) -> None:
    http_client = closed.http()
    answer = http_client.post("/v1/session", json={"key": "bnc_wrong"})
    problem_of(answer, 401, "no-key")
    assert "set-cookie" not in answer.headers
    problem_of(http_client.post("/v1/session", json={"key": ""}), 422, "invalid")
    problem_of(http_client.post("/v1/session", json={}), 422, "invalid")
    key = closed.keys.add("web", "read", None)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    problem_of(
        http_client.post("/v1/session", json={"key": key}, headers=foreign), 403, "foreign-origin"
    )
    good = signed_in(closed, key).cookies["binocle_session"]
    for cookie in ("", "x", "=", good[:-4], good[4:], good[:30] + good[:30], "é", "A" * 5000):
        connection = http.client.HTTPConnection("127.0.0.1", closed.port)
        header = f"binocle_session={cookie}".encode("latin-1")
        connection.request("GET", "/v1/collections/c", headers={"Cookie": header})
        assert connection.getresponse().status == 401, cookie
        connection.close()


def test_a_service_without_keys_needs_no_session(service: Running) -> None:
    http = service.http()
    answer = http.post("/v1/session", json={"key": "anything"})
    assert answer.json()["needs_key"] is False
    assert "set-cookie" not in answer.headers
    assert http.get("/v1/session").json()["needs_key"] is False
