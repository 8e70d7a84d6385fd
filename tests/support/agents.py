"""The protocol's own client, asked from tests that are not asynchronous."""

import asyncio
import base64
import io
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

Ask = Callable[..., types.CallToolResult]


def call(url: str, name: str, arguments: Mapping[str, Any], key: str | None = None) -> Any:
    """Call a tool of a running service."""

    async def work(client: Client) -> types.CallToolResult:
        return await client.call_tool(name, dict(arguments))

    return over_http(url, work, key)


def over_http(
    url: str, work: Callable[[Client], Any], key: str | None = None, mode: str = "auto"
) -> Any:
    """Return what is done with a client of a running service."""

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await work(client)

    return asyncio.run(run())


def over_stdio(process: StdioServerParameters, work: Callable[[Client], Any]) -> Any:
    """Return what is done with a client of a process that it starts."""

    async def run() -> Any:
        async with Client(process) as client:
            return await work(client)

    return asyncio.run(run())


def text_of(answer: types.CallToolResult) -> str:
    return "\n".join(one.text for one in answer.content if isinstance(one, types.TextContent))


def pictures_of(answer: types.CallToolResult) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(one.data)))
        for one in answer.content
        if isinstance(one, types.ImageContent)
    ]


def refusal_of(answer: types.CallToolResult) -> str:
    assert answer.is_error, text_of(answer)
    return text_of(answer)
