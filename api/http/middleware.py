"""The outermost layer: request ids, limits on bodies, headers, counting, the client's going away.

A client that goes away before its answer has begun is noticed, and what was being done for it is
cancelled: what waits in a queue is never begun. What runs in a thread, such as a transaction,
runs to its end.
"""

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
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors.problems import CLIENT_GONE, GoneError, problem_response
from api.http.runtime.metrics import Metrics

_log = logging.getLogger("binocle.access")
_BODY_PATIENCE_S = 20.0
_CLOSE = {"Connection": "close"}
_CODES = {403: "foreign-origin", 408: "too-slow", 413: "body-too-large", 500: "internal"}
_Headers: TypeAlias = list[tuple[bytes, bytes]]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY_HEADERS: _Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"
_DOCS_POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; frame-ancestors 'none'"
)


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
            if self._is_private() and not self._is_from_here(scope):
                detail = "without API keys only programs of this machine may ask"
                await self._refuse(scope, receive, answer, 403, detail)
            else:
                incoming = _Incoming(receive, scope, self._max_body_bytes)
                await incoming.serve(self._app, scope, answer, lambda: begun)
        except GoneError:
            status = CLIENT_GONE
        except HTTPException as error:  # of the body; it passes through FastAPI's reading of that
            if not begun:
                await self._refuse(scope, receive, answer, error.status_code, error.detail)
        except Exception:
            _log.exception("request %s failed", request_id)
            if not begun:
                await self._refuse(scope, receive, answer, 500, None)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request that has been served."""
        route, request_id = _route(scope), scope["state"]["request_id"]
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, status).inc()
        self._metrics.latency.labels(route).observe(seconds)
        _log.info("%s %s %d %.1f ms %s", method, route, status, 1000 * seconds, request_id)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, detail: str | None
    ) -> None:
        headers = _CLOSE if status in (408, 413) else None
        response = problem_response(Request(scope), status, _CODES[status], detail, headers=headers)
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


class _Incoming:
    """What comes in on one request: its body, piece by piece, and then the client's leaving."""

    def __init__(self, receive: Receive, scope: Scope, max_body_bytes: int) -> None:
        """Begin a request.

        Raises:
            HTTPException: 413, more is announced than allowed.
        """
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        announced = int(length) if length.isdigit() else 0
        has_body = b"transfer-encoding" in headers or announced > 0
        self._receive = receive
        self._max_body_bytes = max_body_bytes
        self._taken = 0
        self._owes_empty_body = not has_body
        self._complete = asyncio.Event()
        self._gone = asyncio.Event()
        if not has_body:
            self._complete.set()
        self._check(announced)

    def _check(self, size: int) -> None:
        if size > self._max_body_bytes:
            raise HTTPException(
                413, f"the body is larger than {self._max_body_bytes:,} bytes", _CLOSE
            )

    async def serve(
        self, app: ASGIApp, scope: Scope, send: Send, has_begun: Callable[[], bool]
    ) -> None:
        """Run an application until it has answered, or nobody waits for its answer any more.

        Args:
            app: What answers.
            scope: Of the request.
            send: Where the answer goes.
            has_begun: Whether it has begun; from then on the application ends by itself.

        Raises:
            GoneError: The client went away before.
        """
        task = asyncio.current_task()
        assert task is not None
        is_cancelled = False

        async def watch() -> None:
            nonlocal is_cancelled
            await self._complete.wait()
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self._gone.set()
            if not has_begun():
                is_cancelled = True
                task.cancel()

        watcher = asyncio.create_task(watch(), name="watcher")
        try:
            await app(scope, self._next, send)
        except asyncio.CancelledError:
            if not is_cancelled or task.uncancel():  # somebody else ends the task as well
                raise
            raise GoneError from None
        finally:
            watcher.cancel()
        if is_cancelled:  # the application kept it from reaching here
            task.uncancel()

    async def _next(self) -> Message:
        """Return the next message, as ASGI has it.

        Raises:
            HTTPException: 408 or 413, the body comes too slowly or is too large.
            GoneError: The client went away in the middle of it.
        """
        if self._owes_empty_body:
            self._owes_empty_body = False
            return {"type": "http.request", "body": b"", "more_body": False}
        if self._complete.is_set():  # now only the client's going away can come
            await self._gone.wait()
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout(_BODY_PATIENCE_S):
                message = await self._receive()
        except TimeoutError as error:
            detail = f"the body did not arrive within {_BODY_PATIENCE_S:g} s a piece"
            raise HTTPException(408, detail, _CLOSE) from error
        if message["type"] == "http.disconnect":
            raise GoneError
        self._taken += len(message.get("body", b""))
        self._check(self._taken)
        if not message.get("more_body", False):
            self._complete.set()
        return message


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
    is_docs = scope["path"].startswith(("/docs", "/static-offline-docs"))
    headers.append((b"content-security-policy", _DOCS_POLICY if is_docs else _API_POLICY))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers
