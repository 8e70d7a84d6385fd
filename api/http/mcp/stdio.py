"""The tools over standard input and output, for a program on this machine that starts them."""

import asyncio
from datetime import UTC, datetime

from mcp.server.stdio import stdio_server

from api.container import Container
from api.http.mcp.server import make_server
from api.http.runtime.service import Service
from api.keys.key import Key


async def serve_stdio(container: Container, collections: tuple[str, ...]) -> None:
    """Answer until standard input ends; collections open and models load meanwhile.

    Args:
        container: What is searched.
        collections: The only ones that may be read; none for all.
    """
    service = Service(container)
    starting = asyncio.create_task(service.start())
    key = _only(collections) if collections else None

    async def is_ready() -> None:
        await asyncio.shield(starting)

    server = make_server(service, lambda _context: key, is_ready)
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await asyncio.gather(starting, return_exceptions=True)
        await service.close()


def _only(collections: tuple[str, ...]) -> Key:
    """Return a key of nobody's, that reads these and nothing else."""
    now = datetime.now(UTC).isoformat()
    return Key("stdio", "", "read", collections, now)
