"""How often API keys may ask: each has tokens, one a request, which come back with time.

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
        left, since = self._tokens.get(key.identity, (float(most), now))
        left = min(float(most), left + (now - since) * most / 60)
        if left < 1 - _ROUNDING:
            wait_s = math.ceil((1 - left) * 60 / most)
            raise ServiceError(
                429,
                "too-often",
                f"this API key may ask {most:,} times a minute; ask again in {wait_s} s",
                headers={"Retry-After": str(wait_s)},
            )
        self._tokens[key.identity] = (left - 1, now)
