"""A client whose methods are coroutines."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from json import dumps
from pathlib import Path
from typing import Self, Unpack

from binocle_client.answers import JobStatus, StoreOutcome
from binocle_client.calls import Calls
from binocle_client.calls.jobs import events_of_job, snapshot_of_job
from binocle_client.errors import ClientError
from binocle_client.records import SearchAnswer
from binocle_client.requests import RecordBody, SearchOptions, TermBody
from binocle_client.transport.async_connection import AsyncConnection


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
        lines: list[str] = []
        async for record in _each(records):
            lines.append(dumps(record))
            if len(lines) == at_once:
                for outcome in await self.import_lines(name, lines):
                    yield outcome
                lines = []
        if lines:
            for outcome in await self.import_lines(name, lines):
                yield outcome

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


async def _each(
    records: Iterable[RecordBody] | AsyncIterable[RecordBody],
) -> AsyncIterator[RecordBody]:
    if isinstance(records, AsyncIterable):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record
