"""Requests that are sent again while the service is full; who sends goes on with other things."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import TypeVar

import httpx

from binocle_client.answers import JobStatus
from binocle_client.asked import Asked
from binocle_client.transport.retries import SENDING_ERRORS, Retries
from binocle_client.transport.streams import CheckedFile, JobEvents

_Answer = TypeVar("_Answer")


class AsyncConnection:
    """Asks one service; closing it is for whoever opened it."""

    def __init__(self, base_url: str, api_key: str | None, timeout_s: float, retries: int) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout_s)
        self._retries = Retries(base_url, retries)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    async def ask(self, asked: Asked[_Answer]) -> _Answer:
        """Return an answer as what it is.

        Raises:
            ClientError: The service refused, or did not answer; or the body is no JSON.
        """
        return self._retries.read(asked, await self._send(asked, stream=False))

    async def save(self, asked: Asked[bytes], to: Path) -> str:
        """Write an answer to a file as it comes; return its SHA-256, hex, held against its ETag.

        Raises:
            ClientError: As for ``ask``; ``damaged``, it is not what the service has.
        """
        try:
            response = await self._send(asked, stream=True)
            async with aclosing(response):
                with await asyncio.to_thread(to.open, "wb") as opened:
                    file = CheckedFile(opened, to)
                    async for piece in response.aiter_bytes():
                        await asyncio.to_thread(file.write, piece)
        except httpx.TransportError as error:
            raise self._retries.unanswered(error) from error
        return file.digest_of(response)

    async def events(self, asked: Asked[bytes]) -> AsyncIterator[JobStatus]:
        """Yield what is said of a job until it has ended; raises as ``ask``."""
        events = JobEvents()
        while not events.ended:
            try:
                async with aclosing(await self._send(asked, stream=True)) as response:
                    async for piece in response.aiter_bytes():
                        for job in events.read(piece):
                            yield job
                broken: httpx.TransportError = httpx.RemoteProtocolError("the events were cut")
            except httpx.TransportError as error:
                broken = error
            if not events.ended:
                await asyncio.sleep(self._retries.pause_s(events.breaks, broken))
                events.begin_anew()

    async def _send(self, asked: Asked[_Answer], *, stream: bool) -> httpx.Response:
        for attempt in count():
            outcome: httpx.Response | Exception
            try:
                request = self._http.build_request(asked.method, asked.path, **asked.options)
                outcome = await self._http.send(request, stream=stream)
                if not outcome.is_success:
                    await outcome.aread()
            except SENDING_ERRORS as error:
                outcome = error
            settled = self._retries.settled(asked, attempt, outcome)
            if isinstance(settled, httpx.Response):
                return settled
            await asyncio.sleep(settled)
        raise AssertionError
