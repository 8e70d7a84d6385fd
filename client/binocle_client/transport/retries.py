"""When what failed is asked again, and what is told where it is not; nothing here sends."""

import random
from dataclasses import dataclass
from typing import TypeVar

import httpx

from binocle_client.asked import Asked
from binocle_client.errors import ClientError

_Answer = TypeVar("_Answer")
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN = (*_UNSENT, httpx.NetworkError, httpx.RemoteProtocolError)
SENDING_ERRORS = (httpx.TransportError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often one service is asked again."""

    base_url: str
    most: int

    def settled(
        self, asked: Asked[_Answer], attempt: int, outcome: httpx.Response | Exception
    ) -> httpx.Response | float:
        """Return a response that tells of success, or for how many seconds to wait.

        Args:
            asked: What was sent.
            attempt: From 0.
            outcome: What came, read where it tells of no success; or what sending raised.

        Raises:
            ClientError: The service refused, or did not answer; or the body is no JSON.
        """
        last = attempt >= self.most
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return outcome
            if outcome.status_code not in (429, 503) or last:
                raise _refusal(outcome)
            return _pause_s(attempt, outcome.headers.get("Retry-After"))
        if not isinstance(outcome, httpx.TransportError):
            raise ClientError(0, "invalid", f"what is asked is no JSON ({outcome})") from outcome
        if last or not isinstance(outcome, _BROKEN if asked.repeatable else _UNSENT):
            raise self.unanswered(outcome) from outcome
        return _pause_s(attempt, None)

    def pause_s(self, breaks: int, error: httpx.TransportError) -> float:
        """Return for how many seconds to wait after a stream broke, so often without a word.

        Raises:
            ClientError: It broke too often.
        """
        if breaks >= self.most:
            raise self.unanswered(error) from error
        return _pause_s(breaks, None)

    def read(self, asked: Asked[_Answer], response: httpx.Response) -> _Answer:
        """Return what a response says.

        Raises:
            ClientError: It is none of this service's; or it tells of an error itself.
        """
        try:
            return asked.read(response)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            detail = f"the answer from {self.base_url} is not this service's {asked.kind}"
            raise ClientError(response.status_code, "no-problem", detail) from error

    def unanswered(self, error: httpx.TransportError) -> ClientError:
        """Return the error of a service that did not answer."""
        code = "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
        return ClientError(0, code, f"no answer from {self.base_url} ({error})")


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
