"""A call is written once: a method of one client, a coroutine of the other, typed as both."""

import inspect
import json
import re
from typing import Any, assert_type
from urllib.parse import unquote

from binocle_client import AsyncClient, Client
from binocle_client.answers import StoreOutcome
from binocle_client.asked import Asked
from binocle_client.calls import Calls
from binocle_client.calls.jobs import events_of_job, snapshot_of_job
from binocle_client.records import SearchAnswer
from binocle_client.webhooks import WebhookSummary
from tests.support import ROOT

_OPERATIONS = {
    f"{method.upper()} {path}"
    for path, methods in json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))[
        "paths"
    ].items()
    for method in methods
}
_GIVEN = {"version": 3, "data": b"data", "records": (), "files": (), "searches": (), "ids": ()}
"""What parameters are given that do not take ``"x"``."""


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


def requests_of(name: str) -> list[Asked[Any]]:
    """Return what a call sends, with the least and with all that it takes."""
    asks = getattr(Calls, name)
    every = [one for one in inspect.signature(asks).parameters.values() if one.name != "self"]
    named = [one for one in every if one.kind is not inspect.Parameter.VAR_KEYWORD]
    least = [one for one in named if one.default is inspect.Parameter.empty]
    return [
        asks(None, **{one.name: _GIVEN.get(one.name, value_of(one)) for one in given})
        for given in (least, named)
    ]


def value_of(parameter: inspect.Parameter) -> object:
    return {} if "Mapping" in str(parameter.annotation) else "x"


def test_every_operation_has_a_call_or_a_reason() -> None:
    names = [name for name in dir(Calls) if not name.startswith("_")]
    sent = [one for name in names for one in requests_of(name)]
    sent += [events_of_job("x", "x"), snapshot_of_job("x", "x")]
    called = {operation_of(one) for one in sent}
    reasons = (ROOT / "client" / "README.md").read_text("utf-8")
    left_out = set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", reasons, re.MULTILINE))
    assert called | left_out == _OPERATIONS
    assert called & left_out == set()


def operation_of(asked: Asked[Any]) -> str:
    for one in sorted(_OPERATIONS):
        method, path = one.split(" ")
        pattern = re.sub(r"\{\w+\}", "[x3]", path)
        if method == asked.method and re.fullmatch(pattern, unquote(asked.path)):
            return one
    raise AssertionError(f"there is no {asked.method} {asked.path}")
