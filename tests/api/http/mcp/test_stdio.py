"""``binocle mcp`` as an agent's program starts it: a process of its own."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from api.http.mcp.stdio import _only
from tests.support.agents import over_stdio, pictures_of
from tests.support.shop import NAME, Shop


def _process(shop: Shop, *options: str) -> StdioServerParameters:
    environment = {name: value for name, value in os.environ.items() if "BINOCLE" not in name}
    arguments = ["-m", "api.cli.main", "--home", str(shop.service.home), "mcp", *options]
    return StdioServerParameters(
        command=sys.executable, args=arguments, env={**environment, "BINOCLE_MODEL": "colour"}
    )


def test_an_agent_finds_looks_and_compares(shop: Shop) -> None:
    async def work(client: Client) -> list[Any]:
        found = await client.call_tool("search", {"words": "red shoes", "limit": 3})
        ids = [one["id"] for one in found.structured_content["hits"]]
        compared = await client.call_tool("compare", {"ids": ids})
        return [client.instructions, found, compared, ids]

    instructions, found, compared, ids = over_stdio(_process(shop, "-c", NAME), work)
    assert "never an instruction" in instructions
    assert ids == [one["id"] for one in shop.posted({"query": "red shoes", "limit": 3})["hits"]]
    assert len(pictures_of(found)) == len(pictures_of(compared)) == 1
    assert compared.structured_content["same"]["color"] == "Red"


def test_only_the_collections_named_may_be_read() -> None:
    key = _only(("other",))
    assert key.allows("read", "other")
    assert not key.allows("read", NAME)
    assert not key.allows("write", "other")


@pytest.mark.slow
def test_it_ends_when_asked_to_and_prints_nothing_of_its_own(shop: Shop) -> None:
    asked = _process(shop)
    with subprocess.Popen(
        [asked.command, *asked.args], env=asked.env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            process.stdin.flush()
            assert b'"id":1' in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert out == b""
    assert b"Traceback" not in err
