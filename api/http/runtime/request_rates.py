"""How often API keys may ask: each has tokens, one a search, which come back with time.

The token bucket (Turner 1986): a key that asked nothing for a minute has a minute's requests at
once; one that has used them up is told when the next comes back.
"""

import math
import threading
import time
from collections.abc import Callable

from api.http.errors.problems import ServiceError
from api.keys.key import Key

_ROUNDING = 1e-6  # of a token


class RequestRates:
    """The tokens of the keys that have a rate. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Set up.

        Args:
            clock: Tells the time in seconds.
        """
        self._clock = clock
        self._missing: dict[str, tuple[float, float]] = {}  # how many tokens were, and when
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, key: Key) -> None:
        """Take a token of a key; one without a rate has as many as it likes.

        Raises:
            ServiceError: 429, none is left; it says when there will be one.
        """
        most = key.requests_per_minute
        if most is None:
            return
        with self._lock:
            left, now = self._left(key, most)
            if left < 1 - _ROUNDING:
                raise _refusal(most, math.ceil((1 - left) * 60 / most))
            self._note(key, most - left + 1, now, 1)

    def take_more(self, key: Key, count: int) -> None:
        """Take tokens for what a request asks for beyond the first, which ``take`` was for.

        More than a minute's are let through where all are there, and then have to come back.

        Raises:
            ServiceError: 429, fewer are left; it says when there will be enough for all.
        """
        most = key.requests_per_minute
        if most is None or count <= 0:
            return
        with self._lock:
            left, now = self._left(key, most)
            needed = min(count, most - 1)
            if left < needed - _ROUNDING:
                raise _refusal(most, math.ceil((needed + 1 - left) * 60 / most), count + 1)
            self._note(key, most - left + count, now, count)

    def taken(self) -> dict[str, int]:
        """Return how many tokens were taken here, by the identity of the key."""
        with self._lock:
            return dict(self._taken)

    def take_elsewhere(self, identity: str, count: int) -> None:
        """Take tokens that another service of the home has given, by the identity of the key."""
        if count > 0:
            with self._lock:
                missing, since = self._missing.get(identity, (0.0, self._clock()))
                self._missing[identity] = (missing + count, since)

    def _left(self, key: Key, most: int) -> tuple[float, float]:
        """Return how many tokens there are, and the time."""
        now = self._clock()
        missing, since = self._missing.get(key.identity, (0.0, now))
        return most - max(0.0, missing - (now - since) * most / 60), now

    def _note(self, key: Key, missing: float, now: float, count: int) -> None:
        self._missing[key.identity] = (missing, now)
        self._taken[key.identity] = self._taken.get(key.identity, 0) + count


def _refusal(most: int, wait_s: int, count: int = 1) -> ServiceError:
    what = "" if count == 1 else f", and this is {count:,} at once"
    return ServiceError(
        429,
        "too-often",
        f"this API key may ask {most:,} times a minute{what}; ask again in {wait_s} s",
        headers={"Retry-After": str(wait_s)},
    )
