"""A client whose methods return answers."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from json import dumps
from pathlib import Path
from typing import Self, Unpack

from binocle_client.answers import JobStatus, StoreOutcome
from binocle_client.calls import Calls
from binocle_client.calls.jobs import events_of_job, snapshot_of_job
from binocle_client.copies import LookupOutcome
from binocle_client.errors import ClientError
from binocle_client.pictures import PictureFile, picture_line
from binocle_client.records import SearchAnswer
from binocle_client.requests import RecordBody, SearchOptions, TermBody
from binocle_client.transport.connection import Connection


class Client(Calls):
    """Talks to one service; not for several threads at once.

    A full service (503), or one that has been asked too often (429), is asked again, as is one
    that broke the connection, unless that could
    do something twice. Every method raises ``ClientError`` when the service refuses or does not
    answer. Pictures are bytes or paths.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout_s: float = 30, retries: int = 4
    ) -> None:
        self._service = Connection(base_url, api_key, timeout_s, retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def store_many(
        self, name: str, records: Iterable[RecordBody], *, at_once: int = 1000
    ) -> Iterator[StoreOutcome]:
        """Store as many records as there are; yield each one's outcome in order.

        Args:
            name: Of the collection.
            records: Taken as they are stored; with pictures by ``encoded``, no files.
            at_once: How many are sent in one request, and are sent again if it breaks.
        """
        waiting = iter(records)
        while lines := [dumps(one) for one in islice(waiting, at_once)]:
            yield from self.import_lines(name, lines)

    def lookup_each(
        self,
        name: str,
        files: Iterable[PictureFile],
        *,
        limit: int = 10,
        copies_only: bool = False,
        policy: str | None = None,
        at_once: int = 64,
    ) -> Iterator[LookupOutcome]:
        """Look as many pictures up as there are; yield each one's outcome in order.

        Args:
            name: Of the collection.
            files: Taken as they are looked up.
            limit: How many candidates of each.
            copies_only: Whether those are left out that are only similar.
            policy: Rules, such as ``block copy 0.9``: each answer has the ``action`` that fits.
            at_once: How many are sent in one request, and are sent again if it breaks.
        """
        waiting, done = iter(files), 0
        while lines := [picture_line(one) for one in islice(waiting, at_once)]:
            asked = self.look_up_lines(
                name, lines, limit=limit, copies_only=copies_only, policy=policy
            )
            yield from (replace(one, number=one.number + done) for one in asked)
            done += len(lines)

    def pages(
        self, name: str, query: str | Sequence[TermBody] = (), **options: Unpack[SearchOptions]
    ) -> Iterator[SearchAnswer]:
        """Search, and go on to the next page until there is none."""
        while True:
            answer = self.search(name, query, **options)
            yield answer
            if answer.cursor is None:
                return
            options["cursor"] = answer.cursor

    def job_events(self, name: str, job_id: str) -> Iterator[JobStatus]:
        """Yield how far a job is whenever that has changed, last how it has ended."""
        return self._service.events(events_of_job(name, job_id))

    def wait_for_job(self, name: str, job_id: str, *, timeout_s: float = 600) -> JobStatus:
        """Return a job once it has ended, however it did.

        Raises:
            ClientError: ``timeout``, it still runs; also whatever ``job`` raises.
        """
        deadline = time.monotonic() + timeout_s
        while (job := self.job(name, job_id)).state in ("waiting", "running"):
            if time.monotonic() > deadline:
                raise ClientError(0, "timeout", f"the job still runs after {timeout_s:g} s")
            time.sleep(0.1)
        return job

    def save_snapshot(self, name: str, job_id: str, path: str | Path) -> str:
        """Download the archive that a job has written; return its SHA-256, which was checked.

        Raises:
            ClientError: ``damaged``, what came is not what was written; also as for all calls.
        """
        return self._service.save(snapshot_of_job(name, job_id), Path(path))
