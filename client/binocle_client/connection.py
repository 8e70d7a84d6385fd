"""Requests that are sent again while the service is full, and answers that are what they say."""

import hashlib
import random
import time
from collections.abc import Sequence
from json import loads
from pathlib import Path
from typing import Any, TypeVar

import httpx

from binocle_client.answers import StoreOutcome
from binocle_client.decoding import decode
from binocle_client.errors import ClientError

_Answer = TypeVar("_Answer")
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN = (*_UNSENT, httpx.NetworkError, httpx.RemoteProtocolError)


class Connection:
    """Asks one service; closing it is for whoever opened it."""

    def __init__(self, base_url: str, api_key: str | None, timeout_s: float, retries: int) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s)
        self._retries = retries

    def close(self) -> None:
        """Close what is open."""
        self._http.close()

    def ask(self, kind: type[_Answer], method: str, path: str, **options: Any) -> _Answer:
        """Return an answer as what it is; raises as ``send``."""
        return self.decoded(kind, self.send(method, path, **options))

    def decoded(self, kind: type[_Answer], response: httpx.Response) -> _Answer:
        """Return a response's document as what it is.

        Raises:
            ClientError: It is something else.
        """
        try:
            return decode(kind, response.json())
        except (LookupError, TypeError, ValueError) as error:
            raise self._stranger(response, kind) from error

    def import_lines(self, path: str, lines: Sequence[str]) -> list[StoreOutcome]:
        """Return what became of records that are sent as lines, in order; raises as ``send``."""
        headers = {"Content-Type": "application/x-ndjson"}
        response = self.send("POST", path, content="\n".join(lines), headers=headers)
        try:
            *told, end = [loads(line) for line in response.content.splitlines()]
            outcomes = [decode(StoreOutcome, {"id": "", "error": None, **one}) for one in told]
            failure = end.get("error") or {"code": "unreachable", "detail": "the answer was cut"}
            code, detail = failure["code"], failure["detail"]
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._stranger(response, StoreOutcome) from error
        if len(outcomes) < len(lines):
            raise ClientError(response.status_code, code, detail)
        return outcomes

    def send(
        self, method: str, path: str, *, repeatable: bool = True, **options: Any
    ) -> httpx.Response:
        """Return a response that tells of success.

        Args:
            method: Of HTTP.
            path: Below the service's address.
            repeatable: Whether asking again after a broken connection does no harm.
            options: As httpx takes them.

        Raises:
            ClientError: The service refused, or did not answer; or the body is no JSON.
        """
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if last or not isinstance(error, _BROKEN if repeatable else _UNSENT):
                    code = "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
                    detail = f"no answer from {self._http.base_url} ({error})"
                    raise ClientError(0, code, detail) from error
                time.sleep(_pause_s(attempt, None))
                continue
            except (TypeError, ValueError) as error:
                raise ClientError(0, "invalid", f"what is asked is no JSON ({error})") from error
            if response.is_success:
                return response
            if response.status_code not in (429, 503) or last:
                raise _refusal(response)
            time.sleep(_pause_s(attempt, response.headers.get("Retry-After")))
        raise AssertionError

    def save(self, path: str, to: Path) -> str:
        """Write an answer to a file as it comes; return its SHA-256, hex, held against its ETag.

        Raises:
            ClientError: As for ``send``; ``damaged``, it is not what the service has.
        """
        digest = hashlib.sha256()
        try:
            with self._http.stream("GET", path) as response, to.open("wb") as file:
                if not response.is_success:
                    response.read()
                    raise _refusal(response)
                for piece in response.iter_bytes():
                    file.write(piece)
                    digest.update(piece)
        except httpx.TransportError as error:
            detail = f"no answer from {self._http.base_url} ({error})"
            raise ClientError(0, "unreachable", detail) from error
        if response.headers.get("ETag", "").strip('"') != digest.hexdigest():
            raise ClientError(response.status_code, "damaged", f"{to} is not what was sent")
        return digest.hexdigest()

    def _stranger(self, response: httpx.Response, kind: type) -> ClientError:
        """Return the error of an answer that is none of this service's."""
        detail = f"the answer from {self._http.base_url} is not this service's {kind.__name__}"
        return ClientError(response.status_code, "no-problem", detail)


def _pause_s(attempt: int, retry_after: str | None) -> float:
    if retry_after is not None and retry_after.strip().isdigit():
        return min(float(retry_after), _LONGEST_PAUSE_S)
    pause_s = min(_FIRST_PAUSE_S * 2.0**attempt, _LONGEST_PAUSE_S)
    return pause_s * random.uniform(0.5, 1.5)  # so that clients do not come in step


def _refusal(response: httpx.Response) -> ClientError:
    status = response.status_code
    try:
        problem = response.json()
        return ClientError(
            status,
            problem["code"],
            problem.get("detail") or problem["title"],
            field=problem.get("field"),
            request_id=problem["request_id"],
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return ClientError(status, "no-problem", f"HTTP {status} without a problem document")
