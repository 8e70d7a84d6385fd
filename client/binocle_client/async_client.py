"""A client whose methods are coroutines."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import Self, TypeVar, Unpack

from binocle_client.answers import JobStatus, StoreOutcome
from binocle_client.calls import Calls
from binocle_client.calls.jobs import events_of_job, snapshot_of_job
from binocle_client.copies import LookupOutcome
from binocle_client.errors import ClientError
from binocle_client.pictures import PictureFile, picture_line
from binocle_client.records import SearchAnswer
from binocle_client.requests import RecordBody, SearchOptions, TermBody
from binocle_client.transport.async_connection import AsyncConnection

_Thing = TypeVar("_Thing")


class AsyncClient(Calls):
    """Talks to one service, for as many tasks of one event loop at once as there are.

    The calls are those of ``Client``, each to be awaited; what yields there is an async iterator.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout_s: float = 30, retries: int = 4
    ) -> None:
        self._service = AsyncConnection(base_url, api_key, timeout_s, retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._service.aclose()

    async def store_many(
        self,
        name: str,
        records: Iterable[RecordBody] | AsyncIterable[RecordBody],
        *,
        at_once: int = 1000,
    ) -> AsyncIterator[StoreOutcome]:
        """Store as many records as there are; yield each one's outcome in order.

        Args:
            name: Of the collection.
            records: Taken as they are stored; with pictures by ``encoded``, no files.
            at_once: How many are sent in one request, and are sent again if it breaks.
        """
        async for lines in _several(records, at_once, dumps):
            for outcome in await self.import_lines(name, lines):
                yield outcome

    async def lookup_each(
        self,
        name: str,
        files: Iterable[PictureFile] | AsyncIterable[PictureFile],
        *,
        limit: int = 10,
        copies_only: bool = False,
        policy: str | None = None,
        at_once: int = 64,
    ) -> AsyncIterator[LookupOutcome]:
        """Look as many pictures up as there are; yield each one's outcome in order.

        Args:
            name: Of the collection.
            files: Taken as they are looked up.
            limit: How many candidates of each.
            copies_only: Whether those are left out that are only similar.
            policy: Rules, such as ``block copy 0.9``: each answer has the ``action`` that fits.
            at_once: How many are sent in one request, and are sent again if it breaks.
        """
        done = 0
        async for lines in _several(files, at_once, picture_line):
            asked = self.look_up_lines(
                name, lines, limit=limit, copies_only=copies_only, policy=policy
            )
            for outcome in await asked:
                yield replace(outcome, number=outcome.number + done)
            done += len(lines)

    async def pages(
        self, name: str, query: str | Sequence[TermBody] = (), **options: Unpack[SearchOptions]
    ) -> AsyncIterator[SearchAnswer]:
        """Search, and go on to the next page until there is none."""
        while True:
            answer = await self.search(name, query, **options)
            yield answer
            if answer.cursor is None:
                return
            options["cursor"] = answer.cursor

    def job_events(self, name: str, job_id: str) -> AsyncIterator[JobStatus]:
        """Yield how far a job is whenever that has changed, last how it has ended."""
        return self._service.events(events_of_job(name, job_id))

    async def wait_for_job(self, name: str, job_id: str, *, timeout_s: float = 600) -> JobStatus:
        """Return a job once it has ended, however it did.

        Raises:
            ClientError: ``timeout``, it still runs; also whatever ``job`` raises.
        """
        deadline = time.monotonic() + timeout_s
        while (job := await self.job(name, job_id)).state in ("waiting", "running"):
            if time.monotonic() > deadline:
                raise ClientError(0, "timeout", f"the job still runs after {timeout_s:g} s")
            await asyncio.sleep(0.1)
        return job

    async def save_snapshot(self, name: str, job_id: str, path: str | Path) -> str:
        """Download the archive that a job has written; return its SHA-256, which was checked.

        Raises:
            ClientError: ``damaged``, what came is not what was written; also as for all calls.
        """
        return await self._service.save(snapshot_of_job(name, job_id), Path(path))


async def _several(
    things: Iterable[_Thing] | AsyncIterable[_Thing], most: int, line_of: Callable[[_Thing], str]
) -> AsyncIterator[list[str]]:
    """Yield the lines of things, some at a time, as they are taken."""
    lines: list[str] = []
    async for thing in _each(things):
        lines.append(await asyncio.to_thread(line_of, thing))  # it may read a picture's file
        if len(lines) == most:
            yield lines
            lines = []
    if lines:
        yield lines


async def _each(things: Iterable[_Thing] | AsyncIterable[_Thing]) -> AsyncIterator[_Thing]:
    if isinstance(things, AsyncIterable):
        async for thing in things:
            yield thing
    else:
        for thing in things:
            yield thing
