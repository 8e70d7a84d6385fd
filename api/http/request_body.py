"""What comes in on a request: a body within limits, and the client's going away.

A client that goes away before its answer has begun is noticed, and what was being done for it is
cancelled: what waits in a queue is never begun. What runs in a thread, such as a transaction,
runs to its end.
"""

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_PATIENCE_S = 20.0
CLIENT_GONE = 499  # in the log and the metrics only; no answer has it


class TooLargeError(HTTPException):
    """More body than allowed. An HTTPException passes through FastAPI's reading of bodies."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit:,} bytes", {"Connection": "close"})


class TooSlowError(HTTPException):
    """The client stopped in the middle of a body."""

    def __init__(self) -> None:
        detail = f"the body did not arrive within {BODY_PATIENCE_S:g} s a piece"
        super().__init__(408, detail, {"Connection": "close"})


class GoneError(HTTPException):
    """The client has gone; what is still answered is not sent."""

    def __init__(self) -> None:
        super().__init__(CLIENT_GONE, "the client has gone")


class Incoming:
    """What comes in on one request: its body, piece by piece, and then the client's leaving."""

    def __init__(self, receive: Receive, *, has_body: bool, max_body_bytes: int) -> None:
        self._receive = receive
        self._max_body_bytes = max_body_bytes
        self._taken = 0
        self._owes_empty_body = not has_body
        self._complete = asyncio.Event()
        self._gone = asyncio.Event()
        if not has_body:
            self._complete.set()

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
            await app(scope, self.receive, send)
        except asyncio.CancelledError:
            if not is_cancelled or task.uncancel():  # somebody else ends the task as well
                raise
            raise GoneError from None
        finally:
            watcher.cancel()
        if is_cancelled:  # the application kept it from reaching here
            task.uncancel()

    async def receive(self) -> Message:
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
            async with asyncio.timeout(BODY_PATIENCE_S):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlowError from error
        if message["type"] == "http.disconnect":
            raise GoneError
        self._taken += len(message.get("body", b""))
        if self._taken > self._max_body_bytes:
            raise TooLargeError(self._max_body_bytes)
        if not message.get("more_body", False):
            self._complete.set()
        return message
