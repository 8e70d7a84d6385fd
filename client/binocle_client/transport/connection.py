"""Requests that are sent again while the service is full; who sends waits."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TypeVar

import httpx

from binocle_client.answers import JobStatus
from binocle_client.asked import Asked
from binocle_client.transport.retries import SENDING_ERRORS, Retries
from binocle_client.transport.streams import CheckedFile, JobEvents

_Answer = TypeVar("_Answer")


class Connection:
    """Asks one service; closing it is for whoever opened it."""

    def __init__(self, base_url: str, api_key: str | None, timeout_s: float, retries: int) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s)
        self._retries = Retries(base_url, retries)

    def close(self) -> None:
        """Close what is open."""
        self._http.close()

    def ask(self, asked: Asked[_Answer]) -> _Answer:
        """Return an answer as what it is.

        Raises:
            ClientError: The service refused, or did not answer; or the body is no JSON.
        """
        return self._retries.read(asked, self._send(asked, stream=False))

    def save(self, asked: Asked[bytes], to: Path) -> str:
        """Write an answer to a file as it comes; return its SHA-256, hex, held against its ETag.

        Raises:
            ClientError: As for ``ask``; ``damaged``, it is not what the service has.
        """
        try:
            with closing(self._send(asked, stream=True)) as response, to.open("wb") as opened:
                file = CheckedFile(opened, to)
                for piece in response.iter_bytes():
                    file.write(piece)
        except httpx.TransportError as error:
            raise self._retries.unanswered(error) from error
        return file.digest_of(response)

    def events(self, asked: Asked[bytes]) -> Iterator[JobStatus]:
        """Yield what is said of a job until it has ended; raises as ``ask``."""
        events = JobEvents()
        while not events.ended:
            try:
                with closing(self._send(asked, stream=True)) as response:
                    for piece in response.iter_bytes():
                        yield from events.read(piece)
                broken: httpx.TransportError = httpx.RemoteProtocolError("the events were cut")
            except httpx.TransportError as error:
                broken = error
            if not events.ended:
                time.sleep(self._retries.pause_s(events.breaks, broken))
                events.begin_anew()

    def _send(self, asked: Asked[_Answer], *, stream: bool) -> httpx.Response:
        for attempt in count():
            outcome: httpx.Response | Exception
            try:
                request = self._http.build_request(asked.method, asked.path, **asked.options)
                outcome = self._http.send(request, stream=stream)
                if not outcome.is_success:
                    outcome.read()
            except SENDING_ERRORS as error:
                outcome = error
            settled = self._retries.settled(asked, attempt, outcome)
            if isinstance(settled, httpx.Response):
                return settled
            time.sleep(settled)
        raise AssertionError
