"""A call is written once: a method of one client, a coroutine of the other, typed as both."""

import inspect
from typing import assert_type

from binocle_client import AsyncClient, Client
from binocle_client.answers import StoreOutcome
from binocle_client.calls import Calls
from binocle_client.records import SearchAnswer
from binocle_client.webhooks import WebhookSummary


def test_methods_have_the_docstring_and_parameters_of_their_call() -> None:
    with Client("http://localhost") as client:
        assert "Search by words" in (inspect.getdoc(client.search) or "")
        assert list(inspect.signature(client.search).parameters) == ["name", "query", "options"]
        assert not inspect.iscoroutinefunction(client.search)
    assert inspect.iscoroutinefunction(AsyncClient("http://localhost").search)
    assert Calls.models(None).path == "/v1/models"


async def seen_by_type_checkers(client: AsyncClient, waiting: Client) -> None:
    """Say what mypy, which refuses ignores without an error, must find in both clients."""
    assert_type(waiting.search("shop", "red", limit=3), SearchAnswer)
    assert_type(await client.search("shop", "red", limit=3), SearchAnswer)
    assert_type(waiting.webhooks(), list[WebhookSummary])
    assert_type(await client.webhooks(), list[WebhookSummary])
    await client.delete("shop", "a")
    await client.search("shop", "red", limitt=3)  # type: ignore[call-arg]
    waiting.search("shop", limit="3")  # type: ignore[arg-type]
    client.search("shop", "red").hits  # type: ignore[attr-defined]  # noqa: B018
    async for outcome in client.store_many("shop", []):
        assert_type(outcome, StoreOutcome)
