"""The outermost layer: request ids, limits on bodies and on patience, headers, counting."""

import asyncio
import logging
import secrets
import time
from collections.abc import MutableMapping
from typing import Any, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_response

_log = logging.getLogger("binocle.access")
_Headers: TypeAlias = list[tuple[bytes, bytes]]
_BODY_PATIENCE_S = 20.0
_SECURITY_HEADERS: _Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"


class _TooLargeError(Exception):
    pass


class _TooSlowError(Exception):
    pass


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500
        begun = False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = _with_headers(message, scope, request_id)
            await send(message)

        try:
            declared = _content_length(scope)
            if declared is not None and declared > self._max_body_bytes:
                await self._refuse(scope, receive, answer, 413)
            else:
                await self._app(scope, self._limited(receive), answer)
        except _TooLargeError:
            if not begun:
                await self._refuse(scope, receive, answer, 413)
        except _TooSlowError:
            if not begun:
                await self._refuse(scope, receive, answer, 408)
        except Exception:
            _log.exception("request %s failed", request_id)
            if not begun:
                await self._refuse(scope, receive, answer, 500)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            seconds = time.perf_counter() - started
            self._metrics.requests.labels(route, scope["method"], status).inc()
            self._metrics.latency.labels(route).observe(seconds)
            _log.info(
                "%s %s %d %.1f ms %s", scope["method"], route, status, 1000 * seconds, request_id
            )

    def _limited(self, receive: Receive) -> Receive:
        taken = 0
        complete = False

        async def limited() -> Message:
            nonlocal taken, complete
            if complete:  # now only the client's going away can come, whenever that is
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), _BODY_PATIENCE_S)
            except TimeoutError as error:
                raise _TooSlowError from error
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if taken > self._max_body_bytes:
                    raise _TooLargeError
            return message

        return limited

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int) -> None:
        from starlette.requests import Request

        codes = {
            408: ("too-slow", f"the body did not arrive within {_BODY_PATIENCE_S:g} s a piece"),
            413: ("body-too-large", f"the body is larger than {self._max_body_bytes:,} bytes"),
            500: ("internal", None),
        }
        code, detail = codes[status]
        headers = {"Connection": "close"} if status in (408, 413) else None
        response = problem_response(Request(scope), status, code, detail, headers=headers)
        await response(scope, receive, send)


def _with_headers(message: MutableMapping[str, Any], scope: Scope, request_id: str) -> _Headers:
    headers: _Headers = [*message.get("headers", []), *_SECURITY_HEADERS]
    headers.append((b"x-request-id", request_id.encode()))
    if not scope["path"].startswith(("/docs", "/static-offline-docs", "/redoc")):
        headers.append((b"content-security-policy", _API_POLICY))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None
