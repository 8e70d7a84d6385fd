"""The outermost layer: request ids, limits on bodies and on patience, headers, counting."""

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_response

_log = logging.getLogger("binocle.access")
_Headers: TypeAlias = list[tuple[bytes, bytes]]
_BODY_PATIENCE_S = 20.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY_HEADERS: _Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"


class _TooLargeError(HTTPException):
    """Passes through FastAPI as it is, unlike other exceptions while a body is read."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit:,} bytes", {"Connection": "close"})


class _TooSlowError(HTTPException):
    def __init__(self) -> None:
        detail = f"the body did not arrive within {_BODY_PATIENCE_S:g} s a piece"
        super().__init__(408, detail, {"Connection": "close"})


class Guard:
    """ASGI middleware around everything else."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        max_body_bytes: int,
        is_private: Callable[[], bool],
        origins: Sequence[str],
    ) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            metrics: Where requests are counted.
            max_body_bytes: Larger bodies are refused.
            is_private: Whether only programs of this machine may ask: then a web page from
                elsewhere must not, though its browser runs here.
            origins: Pages that may nevertheless.
        """
        self._app = app
        self._is_private = is_private
        self._origins = origins
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
            if self._is_private() and not self._is_from_here(scope):
                await self._refuse(scope, receive, answer, 403)
            elif declared is not None and declared > self._max_body_bytes:
                await self._refuse(scope, receive, answer, 413)
            else:
                await self._app(scope, self._limited(receive), answer)
        except (_TooLargeError, _TooSlowError) as error:
            if not begun:
                await self._refuse(scope, receive, answer, error.status_code)
        except Exception:
            _log.exception("request %s failed", request_id)
            if not begun:
                await self._refuse(scope, receive, answer, 500)
        finally:
            route = _route(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            self._metrics.requests.labels(route, method, status).inc()
            self._metrics.latency.labels(route).observe(seconds)
            _log.info("%s %s %d %.1f ms %s", method, route, status, 1000 * seconds, request_id)

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
                    raise _TooLargeError(self._max_body_bytes)
            return message

        return limited

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int) -> None:
        from starlette.requests import Request

        codes = {
            403: ("foreign-origin", "without API keys only programs of this machine may ask"),
            408: ("too-slow", f"the body did not arrive within {_BODY_PATIENCE_S:g} s a piece"),
            413: ("body-too-large", f"the body is larger than {self._max_body_bytes:,} bytes"),
            500: ("internal", None),
        }
        code, detail = codes[status]
        headers = {"Connection": "close"} if status in (408, 413) else None
        response = problem_response(Request(scope), status, code, detail, headers=headers)
        await response(scope, receive, send)

    def _is_from_here(self, scope: Scope) -> bool:
        """Tell whether a request names this machine, and comes from no foreign page."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not is_loopback(urlsplit(f"//{headers.get(b'host', '')}").hostname or ""):
            return False
        origin = headers.get(b"origin")
        if origin is not None and origin not in self._origins:
            return is_loopback(urlsplit(origin).hostname or "")
        return headers.get(b"sec-fetch-site") != "cross-site" or scope["method"] == "GET"


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _route(scope: Scope) -> str:
    """Return the path with its parameters' names, so that labels stay few."""
    if "route" not in scope:
        return "none"
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = re.sub(rf"/{re.escape(str(value))}(?=/|$)", f"/{{{name}}}", path, count=1)
    return path


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
