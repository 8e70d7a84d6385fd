"""The tools at ``/mcp``, behind the same keys, quotas and checks as every other route."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Request, Response
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from api.http.mcp.server import make_server
from api.http.runtime.dependencies import KeyDependency
from api.http.runtime.service import Service
from api.keys.key import Key

_MOST_BODY_BYTES = 8 * 1024 * 1024  # a picture in base64, and what is around it


class AgentAnswer(Response):
    """What the protocol's own application answers to a request that was let through."""

    def __init__(self, handle: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Set up.

        Args:
            handle: Answers it.
        """
        super().__init__()
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._handle(scope, receive, send)


class AgentRoute:
    """The route, and what it needs to run."""

    def __init__(self, service: Service) -> None:
        """Set up.

        Args:
            service: What answers; started by whoever owns it.
        """
        self._sessions = StreamableHTTPSessionManager(
            make_server(service, _key_of, _is_ready),
            json_response=True,
            stateless=True,  # the tools remember nothing, so there is no session to steal
            max_request_body_size=_MOST_BODY_BYTES,
        )
        self.router = APIRouter()
        self.router.add_api_route(
            "/mcp", self._answer, methods=["POST"], include_in_schema=False, response_model=None
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have requests answered."""
        async with self._sessions.run():
            yield

    async def _answer(self, request: Request, key: KeyDependency) -> Response:
        request.state.agent_key = key
        return AgentAnswer(self._sessions.handle_request)


def _key_of(context: ServerRequestContext[Any]) -> Key | None:
    assert isinstance(context.request, Request)
    key: Key | None = context.request.state.agent_key
    return key


async def _is_ready() -> None:
    """The service has started before the first request comes."""
