"""What answers say that come by and by: of jobs, of files, of lines; nothing here receives."""

import hashlib
from collections.abc import Callable
from json import loads
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from binocle_client.answers import JobStatus
from binocle_client.decoding import decode
from binocle_client.errors import ClientError

_Answer = TypeVar("_Answer")
LINES = {"Content-Type": "application/x-ndjson"}


class JobEvents:
    """Reads what server-sent events say of a job, over several connections.

    Attributes:
        ended: Whether the job has.
        breaks: How often a connection broke since something was said.
    """

    def __init__(self) -> None:
        self.ended = False
        self.breaks = 0
        self._begun = b""
        self._told: JobStatus | None = None

    def read(self, piece: bytes) -> list[JobStatus]:
        """Return what a further piece says that was not said yet.

        Raises:
            ClientError: ``no-problem``, it is no event of this service.
        """
        *events, self._begun = (self._begun + piece).split(b"\n\n")
        return [job for event in events if (job := self._news(event)) is not None]

    def begin_anew(self) -> None:
        """Forget half an event; the connection broke."""
        self.breaks += 1
        self._begun = b""

    def _news(self, event: bytes) -> JobStatus | None:
        data = [
            line.removeprefix(b"data:") for line in event.split(b"\n") if line.startswith(b"data:")
        ]
        if not data:
            return None
        try:
            job = decode(JobStatus, loads(b"\n".join(data)))
        except (LookupError, TypeError, ValueError) as error:
            detail = "what came is not this service's JobStatus"
            raise ClientError(200, "no-problem", detail) from error
        self.breaks = 0
        self.ended = job.state not in ("waiting", "running")
        told, self._told = self._told, job
        return None if job == told else job


class CheckedFile:
    """Writes an answer into a file, and holds it against the SHA-256 in its ETag."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Write a further piece."""
        self._file.write(piece)
        self._digest.update(piece)

    def digest_of(self, response: httpx.Response) -> str:
        """Return the SHA-256, hex, of all that was written.

        Raises:
            ClientError: ``damaged``, it is not what the service has.
        """
        digest = self._digest.hexdigest()
        if response.headers.get("ETag", "").strip('"') != digest:
            detail = f"{self._path} is not what was sent"
            raise ClientError(response.status_code, "damaged", detail)
        return digest


def outcomes_of(
    kind: type[_Answer], expected: int, **absent: Any
) -> Callable[[httpx.Response], list[_Answer]]:
    """Return what reads an answer of lines, an outcome each.

    Args:
        kind: What an outcome is.
        expected: How many there should be; a further line tells of all, and of why it ends.
        absent: What is said of a member that a line does not have.
    """

    def read(response: httpx.Response) -> list[_Answer]:
        told = [loads(line) for line in response.content.splitlines()]
        outcomes = [decode(kind, {**absent, **one}) for one in told if "lines" not in one]
        if len(outcomes) < expected:
            end = told[-1] if "lines" in told[-1] else {}
            failure = end.get("error") or {"code": "unreachable", "detail": "the answer was cut"}
            raise ClientError(response.status_code, failure["code"], failure["detail"])
        return outcomes

    return read
