"""The shop behind a service with tools for agents."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.agents import Ask, call
from tests.support.service import Running, running
from tests.support.shop import NAME, Shop


@pytest.fixture(scope="session")
def agents(shop: Shop) -> Iterator[Running]:
    with running(shop.service.home, mcp=True) as service:
        yield service


@pytest.fixture(scope="session")
def ask(agents: Running) -> Ask:
    """Calls a tool for the shop."""

    def ask(name: str, /, **arguments: Any) -> Any:
        return call(agents.url, name, {"collection": NAME, **arguments})

    return ask
