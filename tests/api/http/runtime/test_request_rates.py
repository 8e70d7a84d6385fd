"""A key that has a rate is told when it may ask again; nobody else notices."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.errors.problems import ServiceError
from api.http.runtime.request_rates import RequestRates
from api.keys.key import Key
from tests.support.service import Serve, problem_of


def key(name: str, rate: int | None) -> Key:
    return Key(name, "", "read", None, "2026-01-01", requests_per_minute=rate)


def taken(rates: RequestRates, one: Key, count: int) -> int:
    """Return how many of so many requests are let through before one is refused."""
    for through in range(count):
        try:
            rates.take(one)
        except ServiceError:
            return through
    return count


def at(clock: list[float]) -> Callable[[], float]:
    return lambda: clock[0]


def test_a_minutes_requests_come_at_once_and_then_one_by_one() -> None:
    clock = [1000.0]
    rates = RequestRates(at(clock))
    web, other = key("web", 30), key("other", 30)
    assert taken(rates, web, 100) == 30
    assert taken(rates, other, 100) == 30, "each has its own"
    assert taken(rates, key("free", None), 100) == 100
    clock[0] += 4
    assert taken(rates, web, 100) == 2
    clock[0] += 3600
    assert taken(rates, web, 100) == 30, "no more gather than a minute's"


@given(st.integers(1, 100_000), st.lists(st.floats(0, 90), max_size=30))
@settings(deadline=None)
def test_who_waits_as_long_as_he_is_told_is_let_in(rate: int, pauses: list[float]) -> None:
    clock = [0.0]
    rates, web = RequestRates(at(clock)), key("web", rate)
    through = 0
    for pause in pauses:
        clock[0] += pause
        through += taken(rates, web, 3)
    assert through <= rate * (1 + clock[0] / 60) + 1e-3
    through += taken(rates, web, rate)
    with pytest.raises(ServiceError) as refused:
        rates.take(web)
    clock[0] += float(refused.value.headers["Retry-After"])
    rates.take(web)


def test_each_search_of_a_batch_counts_and_too_many_are_waited_for_afterwards() -> None:
    clock = [0.0]
    rates, web = RequestRates(at(clock)), key("web", 60)
    rates.take(web)
    rates.take_more(web, 19)
    rates.take(web)
    with pytest.raises(ServiceError, match="60 times a minute, and this is 50 at once") as refused:
        rates.take_more(web, 49)
    clock[0] += float(refused.value.headers["Retry-After"])
    rates.take(web)
    rates.take_more(web, 49)
    clock[0] += 3600
    rates.take(web)
    rates.take_more(web, 255)  # of more than a minute's no pause would be enough
    with pytest.raises(ServiceError, match="ask again in 197 s"):
        rates.take(web)
    rates.take_more(key("free", None), 10**6)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("collections/c/search/batch", {"searches": [{"query": "red"}] * 5}),
        ("embeddings", {"model": "colour", "input": ["red"] * 5}),
        ("collections/c/lookups", {"pictures": [{"image": "AAAA"}] * 5}),
    ],
)
def test_service_counts_what_a_request_brings(
    serve: Serve, path: str, body: dict[str, object]
) -> None:
    service = serve()
    service.keys.add("boss", "admin", None)
    service.http(service.keys.add("w", "write", None)).put("/v1/collections/c")
    http = service.http(service.keys.add("hasty", "read", None, requests_per_minute=8))
    assert http.post(f"/v1/{path}", json=body).status_code == 200
    problem_of(http.post(f"/v1/{path}", json=body), 429, "too-often")
    assert http.get("/v1/collections").status_code == 200, "what is left is still there"


def test_service_refuses_what_is_asked_too_often_and_says_when_to_come_back(serve: Serve) -> None:
    service = serve()
    service.keys.add("boss", "admin", None)
    hasty = service.keys.add("hasty", "read", None, requests_per_minute=3)
    http = service.http(hasty)
    assert [http.get("/v1/collections").status_code for _ in range(3)] == [200] * 3
    refused = http.get("/v1/collections")
    assert "3 times a minute" in problem_of(refused, 429, "too-often")["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    wrong = service.http(hasty + "x").get("/v1/collections")
    problem_of(wrong, 401, "no-key")
