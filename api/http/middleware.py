"""The outermost layer: request ids, limits on bodies and time, headers, counting, the log.

A client that goes away before its answer has begun is noticed, and what was being done for it is
cancelled: what waits in a queue is never begun. What runs in a thread, such as a transaction,
runs to its end. The same happens where an answer takes too long to begin.
"""

import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors.problems import CLIENT_GONE, GoneError, problem_response
from api.http.runtime.incoming import CLOSE, Incoming, LateError
from api.http.runtime.log_lines import begin_notes, method_of, route_of, write_lines
from api.http.runtime.metrics import Metrics

_log = logging.getLogger(__name__)
_CODES = {
    400: "bad-request",
    403: "foreign-origin",
    408: "too-slow",
    413: "body-too-large",
    500: "internal",
    503: "deadline",
}
_Headers: TypeAlias = list[tuple[bytes, bytes]]
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
_PAGE_POLICY = (  # it runs its own scripts and nothing else, and no text can become markup
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'; trusted-types 'none'"
)


class Guard:
    """ASGI middleware around everything else."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        max_body_bytes: int,
        patience_s: float,
        is_private: Callable[[], bool],
        origins: Sequence[str],
        on_answer: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            metrics: Where requests are counted.
            max_body_bytes: Larger bodies are refused.
            patience_s: How long an answer may take to begin, once the body is here.
            is_private: Whether only programs of this machine may ask: then a web page from
                elsewhere must not, though its browser runs here.
            origins: Pages that may nevertheless.
            on_answer: Told, before an answer is sent, of its request: id, key, collection.
        """
        self._app = app
        self._is_private = is_private
        self._origins = origins
        self._on_answer = on_answer
        self._metrics = metrics
        self._max_body_bytes, self._patience_s = max_body_bytes, patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        notes = begin_notes()
        started = time.perf_counter()
        status, begun = 500, False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = _with_headers(message, scope, request_id)
                self._on_answer({"request_id": request_id, **notes})
            await send(message)

        try:
            if self._is_private() and not self._is_from_here(scope):
                detail = "without API keys only programs of this machine may ask"
                await self._refuse(scope, receive, answer, 403, detail)
            else:
                incoming = Incoming(receive, scope, self._max_body_bytes, self._patience_s)
                await incoming.serve(self._app, scope, answer, lambda: begun)
        except GoneError:
            status = CLIENT_GONE
        except LateError:
            if not begun:
                detail = f"the answer did not begin within {self._patience_s:g} s; ask for less"
                await self._refuse(scope, receive, answer, 503, detail)
        except HTTPException as error:  # of the body; it passes through FastAPI's reading of that
            if not begun:
                await self._refuse(scope, receive, answer, error.status_code, error.detail)
        except Exception:
            _log.exception("request %s failed", request_id)
            if not begun:
                await self._refuse(scope, receive, answer, 500, None)
        finally:
            self._tell(scope, status, time.perf_counter() - started, notes)

    def _tell(self, scope: Scope, status: int, seconds: float, notes: dict[str, Any]) -> None:
        """Count and log a request that has been served."""
        route = route_of(scope)
        self._metrics.requests.labels(route, method_of(scope), status).inc()
        self._metrics.latency.labels(route).observe(seconds)
        write_lines(scope, route, status, seconds, notes)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, detail: str | None
    ) -> None:
        headers = CLOSE if status in (400, 408, 413) else None
        if status == 503:
            headers = {"Retry-After": "1"}
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


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _with_headers(message: MutableMapping[str, Any], scope: Scope, request_id: str) -> _Headers:
    headers: _Headers = [*message.get("headers", []), *_SECURITY_HEADERS]
    headers.append((b"x-request-id", request_id.encode()))
    headers.append((b"content-security-policy", _policy_of(scope["path"])))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers


def _policy_of(path: str) -> bytes:
    if path == "/" or path.startswith("/page/"):
        return _PAGE_POLICY
    is_docs = path.startswith(("/docs", "/static-offline-docs"))
    return _DOCS_POLICY if is_docs else _API_POLICY
