"""What comes in on one request: its body, piece by piece, and then the client's leaving.

A body has a size, a time and a rate it must keep to, and a request a time until its answer begins.
"""

import asyncio
import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors.problems import GoneError

PIECE_PATIENCE_S = 20.0
BODY_PATIENCE_S = 600.0
MIN_BYTES_PER_S = 16 * 1024  # once the patience for a piece is over; slower is a stalled client
CLOSE = {"Connection": "close"}
STREAM_ENDING, LOOKUPS_ENDING = "/records:import", "/lookups:lines"
"""Of paths whose bodies are dealt with while they come: as large, and as slow, as they are."""
_STREAMS = {
    "POST": re.compile(rf"/v1/collections/[^/]+(?:{STREAM_ENDING}|{LOOKUPS_ENDING})"),
    "PUT": re.compile(r"/v1/collections/[^/]+/hash-lists/[^/]+"),
}


class LateError(Exception):
    """The answer has not begun in time; what was being done for it is no longer wanted."""


class Incoming:
    """The body of one request, and whether somebody waits for its answer still."""

    def __init__(
        self, receive: Receive, scope: Scope, max_body_bytes: int, patience_s: float
    ) -> None:
        """Begin a request.

        Args:
            receive: Where it comes from.
            scope: Of the request.
            max_body_bytes: Larger bodies are refused.
            patience_s: How long after the last piece of the body the answer may take to begin.

        Raises:
            HTTPException: 400, its length is told in two ways; 413, more is announced than allowed.
        """
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        announced = int(length) if length.isdigit() else 0
        is_chunked = b"transfer-encoding" in headers
        if is_chunked and b"content-length" in headers:  # who forwards it may read it otherwise
            raise HTTPException(
                400, "Content-Length and Transfer-Encoding cannot both be given", CLOSE
            )
        has_body = is_chunked or announced > 0
        self._receive = receive
        self._max_body_bytes, self._patience_s = max_body_bytes, patience_s
        streams = _STREAMS.get(scope["method"])
        self._is_stream = streams is not None and bool(streams.fullmatch(scope["path"]))
        self._taken = 0
        self._owes_empty_body = not has_body
        self._complete = asyncio.Event()
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._last_at = self._loop.time()
        self._timer: asyncio.TimerHandle
        if not has_body:
            self._complete.set()
        self._check(announced)

    def _check(self, size: int) -> None:
        if size > self._max_body_bytes and not self._is_stream:
            raise HTTPException(
                413, f"the body is larger than {self._max_body_bytes:,} bytes", CLOSE
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
            LateError: It took too long to begin.
        """
        task = asyncio.current_task()
        assert task is not None
        reason: type[GoneError | LateError] | None = None

        def end(why: type[GoneError | LateError]) -> None:
            nonlocal reason
            if reason is None and not has_begun():
                reason = why
                task.cancel()

        async def watch() -> None:
            await self._complete.wait()
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self._gone.set()
            end(GoneError)

        def hurry() -> None:
            left = self._last_at + self._patience_s - self._loop.time()
            if left > 0:  # a piece of the body has come meanwhile
                self._timer = self._loop.call_later(left, hurry)
            else:
                end(LateError)

        self._timer = self._loop.call_later(self._patience_s, hurry)
        watcher = asyncio.create_task(watch(), name="watcher")
        try:
            await app(scope, self._next, send)
        except asyncio.CancelledError:
            if reason is None or task.uncancel():  # somebody else ends the task as well
                raise
            raise reason from None
        finally:
            self._timer.cancel()
            watcher.cancel()
        if reason is not None:  # the application kept it from reaching here
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
            async with asyncio.timeout_at(self._due_at()):
                message = await self._receive()
        except TimeoutError as error:
            arrived = await self._arrived()
            if arrived is None:
                detail = (
                    f"the body came too slowly: each piece within {PIECE_PATIENCE_S:g} s, "
                    f"{MIN_BYTES_PER_S:,} bytes a second, all within {BODY_PATIENCE_S:g} s"
                )
                raise HTTPException(408, detail, CLOSE) from error
            message = arrived
        if message["type"] == "http.disconnect":
            raise GoneError
        self._last_at = self._loop.time()
        self._taken += len(message.get("body", b""))
        self._check(self._taken)
        if not message.get("more_body", False):
            self._complete.set()
        return message

    async def _arrived(self) -> Message | None:
        """Return what has come while it was this process that stood still; None for nothing."""
        try:
            async with asyncio.timeout(0):
                return await self._receive()
        except TimeoutError:
            return None

    def _due_at(self) -> float:
        """Return until when the next piece of the body must be here."""
        if self._is_stream:
            return self._loop.time() + PIECE_PATIENCE_S
        return min(
            self._loop.time() + PIECE_PATIENCE_S,
            self._begun_at + PIECE_PATIENCE_S + self._taken / MIN_BYTES_PER_S,
            self._begun_at + BODY_PATIENCE_S,
        )
