"""A key has its rate once, however many services of the home it asks."""

import time
from pathlib import Path

from api.http.errors.problems import ServiceError
from api.http.runtime.background.rate_exchange import RateExchange
from api.http.runtime.request_rates import RequestRates
from api.keys.key import Key
from tests.api.http.runtime.background.conftest import OpenState, let_go
from tests.support.service import Serve

WEB = Key("web", "", "read", None, "2026-01-01", requests_per_minute=30)


def taken(rates: RequestRates, most: int) -> int:
    """Return how many of so many requests are let through before one is refused."""
    for through in range(most):
        try:
            rates.take(WEB)
        except ServiceError:
            return through
    return most


def test_what_a_service_gives_is_missing_at_the_others(
    open_state: OpenState, tmp_path: Path
) -> None:
    clock = [0.0]
    states = [open_state(tmp_path) for _ in range(3)]
    rates = [RequestRates(lambda: clock[0]) for _ in states]
    several = [
        RateExchange(state, own, lambda: True) for state, own in zip(states, rates, strict=True)
    ]
    for one in several[:2]:
        one.exchange()
    assert (taken(rates[0], 10), taken(rates[1], 5)) == (10, 5)
    for one in (*several[:2], *several[:2]):
        one.exchange()
    several[2].exchange()  # what was before it began has begun to come back
    assert taken(rates[0], 30) == 15
    several[0].exchange()
    several[1].exchange()
    assert taken(rates[1], 30) == 0
    several[2].exchange()
    assert taken(rates[2], 30) == 15
    clock[0] += 60
    assert taken(rates[1], 30) == 30, "it comes back everywhere"
    let_go(states[0])
    later = open_state(tmp_path)
    RateExchange(later, RequestRates(), lambda: True).exchange()
    with later.using() as database:
        left = database.execute("SELECT DISTINCT service FROM rates").fetchall()
    assert {one for (one,) in left} <= {state.service for state in states[1:]}
    for state in (*states, later):
        state.close()


def test_two_services_of_a_home_share_the_rate_of_a_key(serve: Serve) -> None:
    one, other = serve(), serve()
    one.keys.add("boss", "admin", None)
    hasty = one.keys.add("hasty", "read", None, requests_per_minute=4)
    asked, also = one.http(hasty), other.http(hasty)
    assert [asked.get("/v1/collections").status_code for _ in range(4)] == [200] * 4
    patience = time.monotonic() + 20
    while also.get("/v1/collections").status_code == 200:  # others are told within a second
        assert time.monotonic() < patience
        time.sleep(1.0)  # in which a fifteenth of a request comes back
