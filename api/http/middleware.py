"""The outermost layer: request ids, limits on bodies, headers, counting."""

import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors.problems import problem_response
from api.http.request_body import (
    BODY_PATIENCE_S,
    CLIENT_GONE,
    GoneError,
    Incoming,
    TooLargeError,
    TooSlowError,
)
from api.http.runtime.metrics import Metrics

_log = logging.getLogger("binocle.access")
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
            declared = _content_length(scope)
            if self._is_private() and not self._is_from_here(scope):
                await self._refuse(scope, receive, answer, 403)
            elif declared is not None and declared > self._max_body_bytes:
                await self._refuse(scope, receive, answer, 413)
            else:
                incoming = Incoming(
                    receive, has_body=_has_body(scope), max_body_bytes=self._max_body_bytes
                )
                await incoming.serve(self._app, scope, answer, lambda: begun)
        except (TooLargeError, TooSlowError) as error:
            if not begun:
                await self._refuse(scope, receive, answer, error.status_code)
        except GoneError:
            status = CLIENT_GONE
        except Exception:
            _log.exception("request %s failed", request_id)
            if not begun:
                await self._refuse(scope, receive, answer, 500)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request that has been served."""
        route, request_id = _route(scope), scope["state"]["request_id"]
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, status).inc()
        self._metrics.latency.labels(route).observe(seconds)
        _log.info("%s %s %d %.1f ms %s", method, route, status, 1000 * seconds, request_id)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int) -> None:
        from starlette.requests import Request

        codes = {
            403: ("foreign-origin", "without API keys only programs of this machine may ask"),
            408: ("too-slow", f"the body did not arrive within {BODY_PATIENCE_S:g} s a piece"),
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
    is_docs = scope["path"].startswith(("/docs", "/static-offline-docs"))
    headers.append((b"content-security-policy", _DOCS_POLICY if is_docs else _API_POLICY))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers


def _has_body(scope: Scope) -> bool:
    """Tell whether a body follows; HTTP/1.1 says so in the headers."""
    names = {name for name, _ in scope["headers"]}
    return b"transfer-encoding" in names or bool(_content_length(scope))


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None
