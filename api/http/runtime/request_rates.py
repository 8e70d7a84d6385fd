"""How often API keys may ask: each has tokens, one a search, which come back with time.

The token bucket (Turner 1986): a key that asked nothing for a minute has a minute's requests at
once; one that has used them up is told when the next comes back.
"""

import math
import time
from collections.abc import Callable

from api.http.errors.problems import ServiceError
from api.keys.key import Key

_ROUNDING = 1e-6  # of a token


class RequestRates:
    """The tokens of the keys that have a rate. Not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Set up.

        Args:
            clock: Tells the time in seconds.
        """
        self._clock = clock
        self._tokens: dict[str, tuple[float, float]] = {}  # how many there were, and when

    def take(self, key: Key) -> None:
        """Take a token of a key; one without a rate has as many as it likes.

        Raises:
            ServiceError: 429, none is left; it says when there will be one.
        """
        most = key.requests_per_minute
        if most is None:
            return
        now = self._clock()
        left = self._left(key, most, now)
        if left < 1 - _ROUNDING:
            raise _refusal(most, math.ceil((1 - left) * 60 / most))
        self._tokens[key.identity] = (left - 1, now)

    def take_more(self, key: Key, count: int) -> None:
        """Take tokens for what a request asks for beyond the first, which ``take`` was for.

        More than a minute's are let through where all are there, and then have to come back.

        Raises:
            ServiceError: 429, fewer are left; it says when there will be enough for all.
        """
        most = key.requests_per_minute
        if most is None or count <= 0:
            return
        now = self._clock()
        left, needed = self._left(key, most, now), min(count, most - 1)
        if left < needed - _ROUNDING:
            raise _refusal(most, math.ceil((needed + 1 - left) * 60 / most), count + 1)
        self._tokens[key.identity] = (left - count, now)

    def _left(self, key: Key, most: int, now: float) -> float:
        left, since = self._tokens.get(key.identity, (float(most), now))
        return min(float(most), left + (now - since) * most / 60)


def _refusal(most: int, wait_s: int, count: int = 1) -> ServiceError:
    what = "" if count == 1 else f", and this is {count:,} at once"
    return ServiceError(
        429,
        "too-often",
        f"this API key may ask {most:,} times a minute{what}; ask again in {wait_s} s",
        headers={"Retry-After": str(wait_s)},
    )
